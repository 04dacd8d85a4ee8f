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

    /** A value that cannot be meant, with the keys that lead to it. */
    record Fault(List<String> keys, String detail) {}

    public StageSettings {
        gates = gates == null ? List.of() : List.copyOf(gates);
    }

    /** The first value that cannot be meant. */
    Optional<Fault> fault() {
        // a comparison with what is no number is false, so each says what is right
        if (timeout != null && !(timeout > 0 && timeout <= MAX_SECONDS)) {
            return fault("timeout", timeout + " is not above 0 and at most " + (long) MAX_SECONDS);
        }
        if (retries < 0) {
            return fault("retries", retries + " is below 0");
        }
        if (!(estimate >= 0 && estimate <= MAX_SECONDS)) {
            return fault("estimate", estimate + " is not from 0 to " + (long) MAX_SECONDS);
        }
        if (!(estimateSimulated >= 0 && estimateSimulated <= MAX_SECONDS)) {
            return fault("estimate_simulated", estimateSimulated + " is not from 0 to " + (long) MAX_SECONDS);
        }
        for (int n = 0; n < gates.size(); n++) {
            Optional<String> why = gates.get(n).unusable();
            if (why.isPresent()) {
                return Optional.of(new Fault(List.of("gates", Integer.toString(n)), why.get()));
            }
        }
        return Optional.empty();
    }

    private static Optional<Fault> fault(String key, String detail) {
        return Optional.of(new Fault(List.of(key), detail));
    }
}
