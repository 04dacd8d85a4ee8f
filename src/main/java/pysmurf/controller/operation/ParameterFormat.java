package pysmurf.controller.operation;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/** A rule of this controller for a parameter, named in an operation's JSON Schema by {@code format}. */
public interface ParameterFormat {

    /** The word in the schema, e.g. {@code script}. */
    String name();

    /**
     * Checks a value, which the schema found to be of the right type.
     *
     * @return what is wrong with it, in words for the client; empty if nothing is
     */
    Optional<String> fault(JsonNode value);
}
