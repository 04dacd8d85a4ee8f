package pysmurf.controller.ctl;

import java.util.Map;

/** The exit codes of {@code pysmurf-ctl}; scripts rely on them. */
final class ExitCode {

    static final int SUCCEEDED = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    /** The controller understood and does not want to. */
    static final int REFUSED = 3;

    static final int ABORTED = 4;
    static final int TIMED_OUT = 5;
    static final int PARTIAL = 6;
    static final int INTERRUPTED = 7;
    static final int UNREACHABLE = 8;
    /** As a shell has it for a process that SIGINT ended. */
    static final int LEFT = 130;

    private static final Map<String, Integer> BY_OUTCOME = Map.of(
            "succeeded",
            SUCCEEDED,
            "failed",
            FAILED,
            "aborted",
            ABORTED,
            "timed_out",
            TIMED_OUT,
            "partial",
            PARTIAL,
            "interrupted",
            INTERRUPTED);

    private ExitCode() {}

    /** The exit code for a session's outcome; an outcome that is not known is no success. */
    static int of(String outcome) {
        return BY_OUTCOME.getOrDefault(outcome, FAILED);
    }

    /** The exit code for a request that was answered with this HTTP status. */
    static int of(int httpStatus) {
        if (httpStatus == 503) {
            return UNREACHABLE;
        }
        return httpStatus < 500 ? REFUSED : FAILED;
    }
}
