package pysmurf.controller.pipeline;

import java.util.List;
import java.util.Optional;

/**
 * How one stage is run and judged.
 *
 * @param timeout           seconds for one band (for all at once, if it is not run band by band); null for no limit
 * @param retries           how often a failed attempt is repeated
 * @param perBand           whether its script is run once for each band instead of once for all
 * @param estimate          seconds it takes on hardware, as {@code timeout} counts them
 * @param estimateSimulated seconds it takes in the simulator
 * @param gates             the limits of its numbers
 */
public record StageSettings(
        Double timeout, int retries, boolean perBand, double estimate, double estimateSimulated, List<Gate> gates) {

    static final StageSettings NONE = new StageSettings(null, 0, false, 0, 0, List.of());

    /** The longest limit, a year, as of the parameter {@code timeout}. */
    private static final double MAX_SECONDS = 31_536_000;

    /** A value that cannot be meant, with its key. */
    record Fault(String key, String detail) {

        @Override
        public String toString() {
            return key + " " + detail;
        }
    }

    public StageSettings {
        gates = gates == null ? List.of() : List.copyOf(gates);
    }

    /** The first value that cannot be meant. */
    Optional<Fault> fault() {
        // a comparison with what is no number is false, so each says what is right
        if (timeout != null && !(timeout > 0 && timeout <= MAX_SECONDS)) {
            return Optional.of(
                    new Fault("timeout", "is " + timeout + ", not above 0 and at most " + (long) MAX_SECONDS));
        }
        if (retries < 0) {
            return Optional.of(new Fault("retries", "is " + retries + ", below 0"));
        }
        if (!(estimate >= 0 && estimate <= MAX_SECONDS)) {
            return Optional.of(new Fault("estimate", "is " + estimate + ", not from 0 to " + (long) MAX_SECONDS));
        }
        if (!(estimateSimulated >= 0 && estimateSimulated <= MAX_SECONDS)) {
            return Optional.of(new Fault(
                    "estimate_simulated", "is " + estimateSimulated + ", not from 0 to " + (long) MAX_SECONDS));
        }
        return gates.stream().flatMap(gate -> gate.unusable().stream()).findFirst();
    }
}
