package pysmurf.controller.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** The parameters of a fleet session, as its schema has them. */
record FleetParams(ObjectNode json) {

    private static final String ALL = "all";

    String operation() {
        return json.path("op").asText();
    }

    /** What a member's operation is given: what all are given, and over it what that one is. */
    ObjectNode of(String member) {
        ObjectNode params = json.path("params").deepCopy();
        if (json.path("member_params").path(member) instanceof ObjectNode own) {
            params.setAll(own.deepCopy());
        }
        return params;
    }

    /** No limit is as many as there may be. */
    int concurrency() {
        int given = json.path("concurrency").asInt();
        return given == 0 ? Integer.MAX_VALUE : given;
    }

    long staggerMillis() {
        return millis("stagger");
    }

    long settleMillis() {
        return millis("settle");
    }

    /** How long the session of a member may take. */
    long timeoutMillis() {
        return json.path("timeout").isNumber() ? millis("timeout") : Long.MAX_VALUE;
    }

    private long millis(String name) {
        return Math.round(json.path(name).asDouble() * 1000);
    }

    int retries() {
        return json.path("retries").asInt();
    }

    boolean skipsOffline() {
        return json.path("offline").asText().equals("skip");
    }

    boolean abortsOnFailure() {
        return json.path("on_failure").asText().equals("abort");
    }

    /** Whether no more are started once too many have failed. A number that was given counts whatever is to be done on failure. */
    boolean stopsOnFailure() {
        return !json.path("on_failure").asText().equals("continue")
                || !json.path("at_least").asText().equals(ALL);
    }

    /** How many of so many members have to succeed. */
    int needed(int members) {
        JsonNode atLeast = json.path("at_least");
        if (atLeast.isNumber()) {
            return atLeast.intValue();
        }
        String text = atLeast.asText();
        return text.equals(ALL)
                ? members
                : (Integer.parseInt(text.substring(0, text.length() - 1)) * members + 99) / 100;
    }
}
