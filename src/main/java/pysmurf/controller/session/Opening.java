package pysmurf.controller.session;

/** What came of the wish to open a session. */
public sealed interface Opening {

    /** A new session was opened. */
    record Opened(Session session) implements Opening {}

    /** The lock is held by another session. */
    record Busy(Session holder) implements Opening {}

    /** The command id was seen before; it opened this session. */
    record Repeated(Session first) implements Opening {}

    /** The abort joins one that is under way. */
    record Joined(Session abort) implements Opening {}

    /** There is nothing to abort. */
    record Nothing() implements Opening {}
}
