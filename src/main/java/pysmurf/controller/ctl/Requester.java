package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import java.util.Set;

/** Who asked for something, as people read it: "127.0.0.1 over HTTP", or "over MQTT", which does not say who. */
final class Requester {

    private static final Set<String> TRANSPORTS = Set.of("http", "mqtt", "ocs");

    private Requester() {}

    /** From a session's {@code requested_by}. */
    static String of(JsonNode requestedBy) {
        return of(requestedBy.path("transport").asText() + " "
                + requestedBy.path("client").asText());
    }

    /** From the transport and the client in one text, as in {@code abort.by}; any other text stays as it is. */
    static String of(String by) {
        String[] parts = by.split(" ", 2);
        if (parts.length < 2 || !TRANSPORTS.contains(parts[0])) {
            return Terminal.plain(by.strip());
        }
        String over = "over " + parts[0].toUpperCase(Locale.ROOT);
        return parts[0].equals(parts[1]) ? over : Terminal.plain(parts[1]) + " " + over;
    }
}
