package pysmurf.controller.wamp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * The call of a procedure: the body of an exchange that comes from one. Numbers in it may be infinite or NaN.
 *
 * @param args   the positional arguments
 * @param kwargs the keyword arguments
 */
public record Call(String procedure, List<JsonNode> args, ObjectNode kwargs) {

    /** With arguments as they come in a message, where either may be missing. */
    public static Call of(String procedure, JsonNode args, JsonNode kwargs) {
        List<JsonNode> positional = new ArrayList<>();
        args.forEach(positional::add);
        return new Call(
                procedure, List.copyOf(positional), kwargs instanceof ObjectNode named ? named : WampJson.object());
    }

    /** Without the arguments: one may be a password, and this text may get into a log. */
    @Override
    public String toString() {
        return "call of " + procedure;
    }
}
