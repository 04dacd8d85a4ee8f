package pysmurf.controller.ctl;

import com.fasterxml.jackson.annotation.JsonValue;
import picocli.CommandLine.Option;

/** The parameter {@code log} of an operation; at most one of the options. */
final class LogOption {

    @Option(
            names = "--log",
            negatable = true,
            description = "Whether the output is kept as the session's log (default: it is); else it is only streamed.")
    private Boolean kept;

    @Option(
            names = "--log-file",
            paramLabel = "PATH",
            description = "Append the output to this file of the controller's, below one of its logs.roots.")
    private String file;

    @JsonValue
    Object value() {
        return file != null ? file : kept;
    }
}
