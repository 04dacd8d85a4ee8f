package pysmurf.controller.pipeline;

import java.util.List;

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

    public StageSettings {
        gates = gates == null ? List.of() : List.copyOf(gates);
    }
}
