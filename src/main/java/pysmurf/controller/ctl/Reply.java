package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What the controller answered.
 *
 * @param status HTTP status
 * @param text   as it came
 * @param json   the same as JSON
 */
record Reply(int status, String text, JsonNode json) {

    /** The id, of a reply that is a session. */
    int sessionId() {
        return json.path("session_id").asInt();
    }

    /** Whether the session that the reply is has ended. */
    boolean isDone() {
        return json.path("status").asText().equals("done");
    }
}
