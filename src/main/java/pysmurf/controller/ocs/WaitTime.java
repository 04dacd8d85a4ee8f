package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;

/** The time-out of a wait, as Python and Twisted take it. */
final class WaitTime {

    private static final double MICROS_PER_S = 1e6;

    private WaitTime() {}

    /**
     * In seconds.
     *
     * @return           infinite for none
     * @throws CallFault if it is no number
     */
    static double seconds(JsonNode timeout) {
        if (timeout.isMissingNode() || timeout.isNull()) {
            return Double.POSITIVE_INFINITY;
        }
        if (timeout instanceof BooleanNode truth) {
            return truth.booleanValue() ? 1 : 0;
        }
        if (!timeout.isNumber()) {
            throw CallFault.raised(
                    "'<' not supported between instances of '" + PythonSignature.typeName(timeout) + "' and 'int'");
        }
        if (Double.isNaN(timeout.doubleValue())) {
            throw CallFault.raised("nan is not greater than or equal to 0 seconds");
        }
        return timeout.doubleValue();
    }

    /** In whole microseconds, and never below zero. */
    static long micros(double seconds) {
        return Math.max(0, Math.round(seconds * MICROS_PER_S));
    }
}
