package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The controller answered a request with a problem (RFC 9457). */
final class Refusal extends Exception {

    private static final long serialVersionUID = 1L;

    /** With the microseconds that it is told in; no other number in a sentence is like that. */
    private static final Pattern UNIX_TIME = Pattern.compile("\\b\\d{10}\\.\\d{6}\\b");

    private final int status;
    private final String body;
    private final transient JsonNode problem;

    /**
     * @param status  HTTP status
     * @param body    the reply as it came
     * @param problem the same as JSON; an empty object if it is none
     */
    Refusal(int status, String body, JsonNode problem) {
        super(problem.path("detail").asText("HTTP status " + status));
        this.status = status;
        this.body = body;
        this.problem = problem;
    }

    int status() {
        return status;
    }

    /** The reply as it came. */
    String body() {
        return body;
    }

    /** What is wrong, in words, with the names of the fields that are. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        JsonNode errors = problem.path("errors");
        if (errors.isEmpty()) {
            lines.add("Refused: " + Terminal.plain(withLocalTimes(getMessage())));
        } else {
            lines.add("Refused:");
            errors.forEach(
                    error -> lines.add("  " + Terminal.plain(error.path("field").asText()) + ": "
                            + Terminal.plain(error.path("detail").asText())));
        }
        if (status == 401) {
            lines.add("Give the token by --token-file FILE (its first line) or in " + Ctl.TOKEN_VARIABLE
                    + " (the token itself, not a path).");
        } else if (status == 409 && problem.path("session_id").isInt()) {
            int id = problem.path("session_id").asInt();
            lines.add("To watch it: pysmurf-ctl log -f " + id + "; to end it: pysmurf-ctl abort " + id);
        }
        return lines;
    }

    /** The controller tells times in unix seconds. */
    private static String withLocalTimes(String text) {
        return UNIX_TIME
                .matcher(text)
                .replaceAll(time -> Times.text(JsonNodeFactory.instance.numberNode(new BigDecimal(time.group()))));
    }
}
