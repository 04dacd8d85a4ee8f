package pysmurf.controller.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import pysmurf.controller.routing.ParameterFormat;
import pysmurf.controller.session.Json;

/**
 * What can be given to a process as its arguments. More would fail only when the script is started, with the kernel's words. The
 * format {@code script-args} in schemas. Stateless.
 */
public final class ScriptArguments implements ParameterFormat {

    /** Linux, binfmts.h: MAX_ARG_STRLEN is 32 pages, the zero at the end among them. */
    static final int MOST_BYTES_EACH = 32 * 4096 - 1;
    /** The kernel's limit is a quarter of the stack's, 2 MiB as a rule, for the arguments and the environment together. */
    static final int MOST_BYTES = 1024 * 1024;
    /** The zero at the end and the pointer. */
    private static final int BYTES_BESIDE = 1 + 8;

    @Override
    public String name() {
        return "script-args";
    }

    @Override
    public Optional<String> fault(JsonNode value) {
        return value.isArray()
                ? fault(((List<?>) Json.value(value))
                        .stream().map(PythonText::str).toList())
                : Optional.empty();
    }

    /**
     * Checks arguments.
     *
     * @return what is wrong with them, in words for the client; empty if nothing is
     */
    static Optional<String> fault(List<String> args) {
        long total = 0;
        for (int i = 0; i < args.size(); i++) {
            int bytes = args.get(i).getBytes(StandardCharsets.UTF_8).length;
            if (bytes > MOST_BYTES_EACH) {
                return Optional.of("argument " + (i + 1) + " has " + bytes + " bytes; at most " + MOST_BYTES_EACH
                        + " can be given to a script");
            }
            if (args.get(i).indexOf('\0') >= 0) {
                return Optional.of("argument " + (i + 1) + " holds a zero byte, which no script can be given");
            }
            total += bytes + BYTES_BESIDE;
        }
        return total <= MOST_BYTES
                ? Optional.empty()
                : Optional.of("all arguments together have " + total + " bytes; at most " + MOST_BYTES
                        + " can be given to a script");
    }
}
