package pysmurf.controller.session;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.math.BigDecimal;

/**
 * A line of a session for people; in JSON it is an array, as OCS has it.
 *
 * @param time unix seconds
 */
@JsonFormat(shape = JsonFormat.Shape.ARRAY)
@JsonPropertyOrder({"time", "text"})
public record Message(BigDecimal time, String text) {}
