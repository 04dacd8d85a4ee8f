package pysmurf.controller.ctl;

import java.time.Duration;

/** Somebody looks on while a session runs. */
interface Watching extends AutoCloseable {

    /**
     * Looks on.
     *
     * @return whether the session has been seen to end; false if the time was over before
     */
    boolean awaitEnd(Duration atMost) throws InterruptedException;

    @Override
    void close();
}
