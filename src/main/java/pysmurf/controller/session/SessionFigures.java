package pysmurf.controller.session;

import java.time.Duration;

/** Counts and measures what happens to sessions. An implementation returns at once, never throws, and is thread-safe. */
public interface SessionFigures {

    /** Keeps nothing. */
    SessionFigures NONE = new SessionFigures() {

        @Override
        public void ended(LiveSession session, Duration lasted) {}

        @Override
        public void abortTook(LiveSession session, Duration latency) {}

        @Override
        public void written(LiveSession session, long bytes) {}
    };

    /**
     * A session is done.
     *
     * @param lasted since its command was accepted
     */
    void ended(LiveSession session, Duration lasted);

    /**
     * Nothing of an aborted session's script is alive any more.
     *
     * @param latency since the abort was asked for
     */
    void abortTook(LiveSession session, Duration latency);

    /** A script's output has grown. */
    void written(LiveSession session, long bytes);
}
