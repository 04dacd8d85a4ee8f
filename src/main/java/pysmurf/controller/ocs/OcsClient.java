package pysmurf.controller.ocs;

/**
 * Who makes a call.
 *
 * @param name  the token's name, or else the remote address
 * @param level what they may do
 */
record OcsClient(String name, CredLevel level) {}
