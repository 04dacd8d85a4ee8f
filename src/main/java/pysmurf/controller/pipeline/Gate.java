package pysmurf.controller.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;

/**
 * A limit that a stage's number must keep, for every band.
 *
 * @param number the key in the stage's numbers, e.g. {@code n_res}
 * @param min    the least it may be; null for no such limit
 * @param max    the most it may be; null for no such limit
 * @param is     what it must be, for truth values; null for anything
 */
public record Gate(String number, Double min, Double max, Boolean is) {

    /** Why it can judge nothing; empty if it can. */
    Optional<String> unusable() {
        if (number == null || number.isBlank()) {
            return Optional.of("the gate has no number");
        }
        boolean finite = (min == null || Double.isFinite(min)) && (max == null || Double.isFinite(max));
        if (!finite || min != null && max != null && min > max || is != null && (min != null || max != null)) {
            return Optional.of(number + " has the limits min " + min + ", max " + max + ", is " + is
                    + ", where min and max are numbers, min is not above max, and is stands alone");
        }
        return Optional.empty();
    }

    /**
     * Judges the numbers of one band.
     *
     * @return what is wrong, with value and limit; empty if nothing is
     */
    Optional<String> fault(JsonNode numbers) {
        JsonNode value = numbers.path(number);
        if (is != null) {
            return value.isBoolean() && value.booleanValue() == is
                    ? Optional.empty()
                    : Optional.of(number + " is " + shown(value) + ", not " + is);
        }
        if (!value.isNumber()) {
            return Optional.of(number + " is " + shown(value) + ", no number");
        }
        if (min != null && value.doubleValue() < min) {
            return Optional.of(number + " " + text(value) + " is below " + limit(min));
        }
        if (max != null && value.doubleValue() > max) {
            return Optional.of(number + " " + text(value) + " is above " + limit(max));
        }
        return Optional.empty();
    }

    private static String shown(JsonNode value) {
        return value.isMissingNode() ? "missing" : value.toString();
    }

    /** Without the zeros that a script's "8.0" ends in. */
    private static String text(JsonNode value) {
        return value.decimalValue().stripTrailingZeros().toPlainString();
    }

    private static String limit(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }
}
