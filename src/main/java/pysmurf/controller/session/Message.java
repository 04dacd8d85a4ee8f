package pysmurf.controller.session;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.math.BigDecimal;

/**
 * A line of a session for people.
 *
 * @param time unix seconds
 */
public record Message(BigDecimal time, String text) {

    /** As OCS has it: time and text. */
    public ArrayNode json() {
        return Json.mapper().createArrayNode().add(time).add(text);
    }
}
