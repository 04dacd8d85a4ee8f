package pysmurf.controller.script.process;

import java.util.List;
import java.util.Set;

/** How a ladder ended. */
record Result(List<Signal> signals, Set<ProcessId> survivors) {

    static Result of(AbortLadder ladder) {
        Set<ProcessId> survivors = ladder.run();
        return new Result(List.copyOf(ladder.signals()), Set.copyOf(survivors));
    }
}
