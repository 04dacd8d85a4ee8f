package pysmurf.controller.operation;

import java.util.List;

/**
 * An operation found in the routes. Immutable.
 *
 * @param name        the route's id
 * @param description the route's description; empty if it has none
 * @param parameters  its parameters
 * @param stages      the stages named in the route, in its order; empty for an operation that is not composed
 * @param named       the same with the safeguards
 * @param blocks      how many building blocks the route names, stages or not
 */
public record Operation(
        String name, String description, Parameters parameters, List<String> stages, List<String> named, int blocks) {

    /** Whether it is one script, whose end is the operation's. */
    public boolean isOneScript() {
        return blocks == 1 && stages.isEmpty();
    }
}
