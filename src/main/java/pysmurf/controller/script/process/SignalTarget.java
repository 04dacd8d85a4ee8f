package pysmurf.controller.script.process;

import java.util.Set;

/** What an {@link AbortLadder} ends: a main process and all that belongs to it. Implementations are thread-safe. */
public interface SignalTarget {

    /** Whether the main process is alive: a cheap question, asked every 2 ms. */
    boolean isMainAlive();

    /** All that is alive now, the main process included. */
    Set<ProcessId> alive();

    /**
     * Sends a signal to all that is alive.
     *
     * @return whether at least one process was there to get it
     */
    boolean signal(Signal signal);
}
