package pysmurf.controller.session;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What was decided about a command.
 *
 * @param reason  why it starts nothing; null if it does
 * @param detail  the same in words for the client; never null
 * @param session the session opened; for {@link Reason#BUSY} the holder of the lock, for {@link Reason#DUPLICATE} and
 *                {@link Reason#JOINED} the session that is there already; else null
 * @param errors  what is wrong with the parameters; empty unless {@link Reason#INVALID}
 */
public record Verdict(Reason reason, String detail, LiveSession session, List<FieldError> errors) {

    /** Why a command starts nothing. */
    public enum Reason {
        RETAINED,
        EXPIRED,
        DUPLICATE,
        /** A known command id came with another operation or other parameters. */
        CONFLICT,
        BUSY,
        INVALID,
        UNKNOWN_OPERATION,
        UNAUTHORIZED,
        NOTHING_TO_ABORT,
        /** There is no such session to abort. */
        UNKNOWN_SESSION,
        /** The abort is the same as one under way: no refusal, but nothing new either. */
        JOINED,
        /** The controller itself is being stopped. */
        STOPPING,
        /** Nothing can be taken on at the moment: the store or the disk does not allow it. */
        UNAVAILABLE;

        /** The word used on the wire. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A new session, whose operation is to be run. */
    public static Verdict ofStarted(LiveSession session) {
        return new Verdict(null, "started session " + session.id(), session, List.of());
    }

    /** The abort joins one that is under way. */
    static Verdict ofJoined(LiveSession abort) {
        return new Verdict(
                Reason.JOINED, "joined the abort of session " + abort.target().id(), abort, List.of());
    }

    public static Verdict refused(Reason reason, String detail) {
        return new Verdict(reason, detail, null, List.of());
    }

    /** A refusal that has to do with a session. */
    public static Verdict refused(Reason reason, String detail, LiveSession session) {
        return new Verdict(reason, detail, session, List.of());
    }

    public static Verdict busy(LiveSession holder) {
        return refused(
                Reason.BUSY,
                "session " + holder.id() + " of " + holder.opName() + " is running since "
                        + Instant.ofEpochSecond(holder.now().startTime().longValue()),
                holder);
    }

    /** The command id was seen before; it opened this session. */
    public static Verdict duplicate(LiveSession first) {
        return refused(Reason.DUPLICATE, "the command started session " + first.id() + " before", first);
    }

    /** There is nothing to abort, or to stop. */
    public static Verdict nothingToAbort(String detail) {
        return refused(Reason.NOTHING_TO_ABORT, detail);
    }

    public static Verdict invalid(List<FieldError> errors) {
        String detail = errors.stream().map(FieldError::toString).collect(Collectors.joining("; "));
        return new Verdict(Reason.INVALID, detail, null, List.copyOf(errors));
    }

    /** Whether a new session was opened, whose operation is to be run. */
    public boolean isStarted() {
        return reason == null;
    }

    /** Whether the command was an abort that joined another. */
    public boolean isJoined() {
        return reason == Reason.JOINED;
    }

    /** Whether the client gets what it asked for. */
    public boolean isAccepted() {
        return isStarted() || isJoined();
    }
}
