package pysmurf.controller.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import org.apache.camel.ExchangeProperty;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import pysmurf.controller.session.Json;

/** The interface for machines: an OpenAPI and an AsyncAPI document, written in YAML and served as JSON with this version. */
public final class InterfaceDocuments {

    private static final String SCHEMAS = "/components/schemas";

    private final String version;

    /** @param version of the controller */
    public InterfaceDocuments(String version) {
        this.version = version;
    }

    /** {@code GET /openapi.json}: OpenAPI 3.1 of everything below HTTP. */
    public HttpReply openApi(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) throws IOException {
        ObjectNode document = read("openapi");
        ((ObjectNode) document.at("/servers/0")).put("url", request.prefix() + "/");
        return HttpReply.json(200, document);
    }

    /** {@code GET /asyncapi.json}: AsyncAPI 3 of MQTT and UDP; a session is the same thing there as below HTTP. */
    public HttpReply asyncApi() throws IOException {
        ObjectNode document = read("asyncapi");
        ObjectNode schemas = (ObjectNode) document.at(SCHEMAS);
        read("openapi").at(SCHEMAS).properties().forEach(one -> schemas.putIfAbsent(one.getKey(), one.getValue()));
        return HttpReply.json(200, document);
    }

    private ObjectNode read(String name) throws IOException {
        try (InputStream yaml = InterfaceDocuments.class.getResourceAsStream("/interface/" + name + ".yaml")) {
            ObjectNode document = Json.tree(new Load(LoadSettings.builder().build()).loadFromInputStream(yaml));
            ((ObjectNode) document.get("info")).put("version", version);
            return document;
        }
    }
}
