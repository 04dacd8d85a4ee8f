package pysmurf.controller.driver;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** The lines of an output payload. */
final class Lines {

    private Lines() {}

    static Stream<String> of(JsonNode output) {
        return StreamSupport.stream(output.path("lines").spliterator(), false).map(JsonNode::asText);
    }
}
