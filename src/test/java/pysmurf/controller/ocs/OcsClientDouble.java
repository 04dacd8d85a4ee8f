package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;

/** Sends what OCSClient sends: a POST without a content type, whose body is that of Python's json.dumps. */
final class OcsClientDouble {

    static final String ADDRESS = "observatory.pysmurf-controller";

    private static final JsonMapper MAPPER = new JsonMapper();

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI url;

    OcsClientDouble(int port) {
        url = URI.create("http://127.0.0.1:" + port + "/call");
    }

    /** The whole response to a raw body. */
    HttpResponse<String> send(String method, String body, String... headers) throws IOException, InterruptedException {
        return http.send(request(method, body, headers), HttpResponse.BodyHandlers.ofString());
    }

    private HttpRequest request(String method, String body, String... headers) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(url)
                .header("User-Agent", "python-requests/2.28.1")
                .header("Accept", "*/*")
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        return (headers.length == 0 ? builder : builder.headers(headers)).build();
    }

    /** The decoded reply to a call. */
    JsonNode call(String procedure, String args, String kwargs) throws IOException, InterruptedException {
        return MAPPER.readTree(send("POST", body(procedure, args, kwargs)).body());
    }

    private static String body(String procedure, String args, String kwargs) {
        return "{\"procedure\": \"" + procedure + "\", \"args\": " + args + ", \"kwargs\": " + kwargs + "}";
    }

    /** {@code client.OP.ACTION(**params)}: the array of three. */
    JsonNode ops(String action, String op, String params) throws IOException, InterruptedException {
        return ops(action, op, params, "{}");
    }

    JsonNode ops(String action, String op, String params, String kwargs) throws IOException, InterruptedException {
        JsonNode reply = call(ADDRESS + ".ops", "[\"" + action + "\", \"" + op + "\", " + params + "]", kwargs);
        return reply.path("args").path(0);
    }

    /** {@code client.OP.wait()}. */
    JsonNode await(String op) throws IOException, InterruptedException {
        return ops("wait", op, "{}", "{\"timeout\": null}");
    }

    /** The same, without waiting for the reply. */
    CompletableFuture<JsonNode> awaitLater(String op) {
        String body = body(ADDRESS + ".ops", "[\"wait\", \"" + op + "\", {}]", "{\"timeout\": null}");
        return http.sendAsync(request("POST", body), HttpResponse.BodyHandlers.ofString())
                .thenApply(reply -> {
                    try {
                        return MAPPER.readTree(reply.body()).path("args").path(0);
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
    }
}
