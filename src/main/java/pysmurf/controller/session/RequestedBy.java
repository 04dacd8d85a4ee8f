package pysmurf.controller.session;

/**
 * Who asked for a session.
 *
 * @param transport {@code http}, {@code mqtt} or {@code ocs}
 * @param client    a name or an address
 */
public record RequestedBy(String transport, String client) {

    @Override
    public String toString() {
        return transport + " " + client;
    }
}
