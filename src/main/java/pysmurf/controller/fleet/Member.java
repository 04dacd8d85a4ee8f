package pysmurf.controller.fleet;

import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import pysmurf.controller.session.Stage;

/** Where one member of a fleet stands. Times are milliseconds of a clock that never goes back. Used by {@link Turns} alone. */
final class Member {

    /** How far it is. */
    enum Phase {
        /** Not commanded yet, or waits to be commanded again. */
        WAITING,
        /** Commanded; there is no answer yet. */
        ASKED,
        /** Its session is known. */
        RUNNING,
        ENDED
    }

    /** What came of it. */
    enum Result {
        SUCCEEDED(Stage.State.SUCCEEDED),
        FAILED(Stage.State.FAILED),
        PARTIAL(Stage.State.WARNED),
        ABORTED(Stage.State.ABORTED),
        TIMED_OUT(Stage.State.TIMED_OUT),
        REFUSED(Stage.State.FAILED),
        OFFLINE(Stage.State.FAILED),
        NOT_RUN(Stage.State.NOT_RUN);

        private final Stage.State stage;

        Result(Stage.State stage) {
            this.stage = stage;
        }

        Stage.State stage() {
            return stage;
        }

        static Result of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT));
        }

        /** The name of its list. */
        @JsonValue
        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    final String id;
    final ObjectNode params;
    Phase phase = Phase.WAITING;
    int attempts;

    /** While it waits: when its turn comes at the latest. */
    long due;
    /** What its last attempt came to; null before it. */
    Result last;
    /** Why. */
    String why;

    /** While it is asked: since when, how often the command went out, and until when the answer is waited for. */
    long askedAt;

    int sent;
    long answerBy;
    /** When the last of these commands expires, by the clock here. */
    long expires;
    /** How many of them were refused, and the reason of the last refusal; null without one. */
    int answers;

    String refusal;
    /** Whether its session was looked for after no command could start one any more. */
    boolean sought;

    /** Its session; null as long as it is not known. */
    Integer session;
    /** When that was accepted. */
    long acceptedAt;
    /** When it is asked how its session is. */
    long askAgainAt;

    long lastAsked;
    /** How often it was asked without an answer, and since when. */
    int asks;

    long silentSince;
    /** Since when it is gone; null if it is there. */
    Long goneSince;

    /** As what it is listed when the abort that it was sent has ended it; null if it is to go on. */
    Result ending;

    boolean endingTaken;
    long sendEndingAt;
    long endBy;

    /** Null until it has ended. */
    Result result;
    /** Whether it is left out of the count, since it is offline and that does not matter. */
    boolean skipped;

    Member(String id, ObjectNode params) {
        this.id = id;
        this.params = params;
    }

    boolean is(Phase one) {
        return phase == one;
    }

    /** Whether it takes one of the places of those that work at a time. */
    boolean works() {
        return phase == Phase.ASKED || phase == Phase.RUNNING;
    }
}
