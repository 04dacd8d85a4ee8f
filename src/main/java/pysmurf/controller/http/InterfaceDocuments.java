package pysmurf.controller.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.ExchangeProperty;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import pysmurf.controller.session.Json;

/**
 * The interface for machines: an OpenAPI and an AsyncAPI document, written in YAML and served as JSON with this controller's
 * version. Read when they are first asked for.
 */
public final class InterfaceDocuments {

    private static final String SCHEMAS = "/components/schemas";

    private final String version;
    private final Map<String, ObjectNode> documents = new ConcurrentHashMap<>();

    /** @param version of the controller */
    public InterfaceDocuments(String version) {
        this.version = version;
    }

    /** {@code GET /openapi.json}: OpenAPI 3.1 of everything below HTTP. */
    public HttpReply openApi(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        ObjectNode document = documents.computeIfAbsent("openapi", this::read).deepCopy();
        ((ObjectNode) document.at("/servers/0")).put("url", request.prefix() + "/");
        return HttpReply.json(200, document);
    }

    /** {@code GET /asyncapi.json}: AsyncAPI 3 of MQTT and UDP. */
    public HttpReply asyncApi() {
        return HttpReply.json(200, documents.computeIfAbsent("asyncapi", name -> {
            ObjectNode document = read(name);
            // a session is the same thing on both ways
            ObjectNode own = (ObjectNode) document.at(SCHEMAS);
            ((ObjectNode) read("openapi").at(SCHEMAS))
                    .properties()
                    .forEach(schema -> own.putIfAbsent(schema.getKey(), schema.getValue()));
            return document;
        }));
    }

    private ObjectNode read(String name) {
        try (InputStream yaml = InterfaceDocuments.class.getResourceAsStream("/interface/" + name + ".yaml")) {
            String text = new String(yaml.readAllBytes(), StandardCharsets.UTF_8);
            ObjectNode document = Json.tree(new Load(LoadSettings.builder().build()).loadFromString(text));
            ((ObjectNode) document.get("info")).put("version", version);
            return document;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
