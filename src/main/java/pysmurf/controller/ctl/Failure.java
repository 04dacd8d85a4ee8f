package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import java.math.BigDecimal;
import java.util.regex.Pattern;

/** Why a command cannot go on, in words for people. */
final class Failure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** With microseconds; no other number in a controller's sentence is like that. */
    private static final Pattern UNIX_TIME = Pattern.compile("\\b\\d{10}\\.\\d{6}\\b");

    private final int exitCode;
    private final int status;
    private final String body;

    private Failure(String message, int exitCode, int status, String body) {
        super(message);
        this.exitCode = exitCode;
        this.status = status;
        this.body = body;
    }

    /** A failure that no controller reported. */
    static Failure here(String message, int exitCode) {
        return new Failure(message, exitCode, 0, null);
    }

    /** The controller answered with a problem (RFC 9457). */
    static Failure refused(ControllerClient.Reply reply) {
        int status = reply.status();
        int exitCode = status == 503 ? ExitCode.UNREACHABLE : status < 500 ? ExitCode.REFUSED : ExitCode.FAILED;
        return new Failure(words(status, reply.json()), exitCode, status, reply.text());
    }

    /** The same failure, and what it means. */
    Failure and(String consequence) {
        return new Failure(getMessage() + "\n" + consequence, exitCode, status, body);
    }

    int exitCode() {
        return exitCode;
    }

    /** Whether another try may succeed: no answer, or the controller takes nothing right now. */
    boolean isPassing() {
        return exitCode == ExitCode.UNREACHABLE;
    }

    /** HTTP status; 0 if there was no answer. */
    int status() {
        return status;
    }

    /** The controller's answer as it came; null if there was none. */
    String body() {
        return body;
    }

    private static String words(int status, JsonNode problem) {
        StringBuilder words = new StringBuilder("Refused:");
        for (JsonNode error : problem.path("errors")) {
            words.append("\n  ")
                    .append(Terminal.plain(error.path("field").asText() + ": "
                            + error.path("detail").asText()));
        }
        if (problem.path("errors").isEmpty()) {
            // The controller gives times in unix seconds.
            String detail = Terminal.plain(problem.path("detail").asText("HTTP status " + status));
            words.append(' ')
                    .append(UNIX_TIME
                            .matcher(detail)
                            .replaceAll(time -> SessionReport.time(DecimalNode.valueOf(new BigDecimal(time.group())))));
        }
        if (status == 401) {
            words.append("\nGive the token by --token-file FILE (its first line) or in " + Ctl.TOKEN_VARIABLE
                    + " (the token itself, not a path).");
        } else if (status == 409 && problem.path("session_id").isInt()) {
            int id = problem.path("session_id").asInt();
            words.append("\nTo watch it: pysmurf-ctl log -f " + id + "; to end it: pysmurf-ctl abort " + id);
        }
        return words.toString();
    }
}
