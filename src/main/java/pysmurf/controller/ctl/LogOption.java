package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import picocli.CommandLine.Option;

/** Where the output of scripts goes; at most one of the options. */
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

    /** Writes it into the parameters of an operation, if it was given. */
    static void put(LogOption log, ObjectNode params) {
        if (log != null && log.file != null) {
            params.put("log", log.file);
        } else if (log != null && log.kept != null) {
            params.put("log", log.kept);
        }
    }
}
