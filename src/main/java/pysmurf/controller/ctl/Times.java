package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Times of sessions, in unix seconds, as people read them: in the local zone. */
final class Times {

    private static final DateTimeFormatter FORM = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);

    private Times() {}

    /** The time to the second; empty for none. */
    static String text(JsonNode seconds) {
        return seconds.isNumber()
                ? FORM.format(Instant.ofEpochSecond(seconds.longValue()).atZone(ZoneId.systemDefault()))
                : "";
    }

    /** How long a session took; empty while it runs. */
    static String length(JsonNode session) {
        return session.path("end_time").isNumber()
                ? String.format(
                        Locale.ROOT,
                        "%.1f s",
                        session.path("end_time").asDouble()
                                - session.path("start_time").asDouble())
                : "";
    }
}
