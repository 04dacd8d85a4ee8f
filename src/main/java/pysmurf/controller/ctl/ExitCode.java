package pysmurf.controller.ctl;

/** The exit codes of {@code pysmurf-ctl}; scripts rely on them. */
final class ExitCode {

    static final int SUCCEEDED = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int REFUSED = 3;
    static final int UNREACHABLE = 8;
    /** As a shell has it for a process that SIGINT ended. */
    static final int LEFT = 130;

    private ExitCode() {}

    /** An outcome of a later version is no success. */
    static int ofOutcome(String outcome) {
        return switch (outcome) {
            case "succeeded" -> SUCCEEDED;
            case "aborted" -> 4;
            case "timed_out" -> 5;
            case "partial" -> 6;
            case "interrupted" -> 7;
            default -> FAILED;
        };
    }
}
