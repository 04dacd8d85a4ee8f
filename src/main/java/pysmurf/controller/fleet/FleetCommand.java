package pysmurf.controller.fleet;

/**
 * A command that is to be published.
 *
 * @param member the controller that it goes to
 * @param json   its payload
 */
public record FleetCommand(String member, String operation, String json) {

    /** Where it is published. */
    public String topic() {
        return "pysmurf/" + member + "/command/" + operation;
    }
}
