package pysmurf.controller.command;

import pysmurf.controller.access.Role;

/**
 * Who asks for what, as far as it is known before the request is read. Whatever takes commands from outside puts it on the
 * exchange, so that a request that never comes to a {@link Command} is known as well.
 *
 * @param transport {@code http}, {@code mqtt} or {@code ocs}
 * @param client    the token's name, or else the remote address; {@code mqtt} for MQTT, which does not tell
 * @param role      what the client may do; null where it is not known
 * @param address   the remote address; null for MQTT
 * @param operation the operation's name as the client wrote it
 */
public record Origin(String transport, String client, Role role, String address, String operation) {

    /** The exchange property under which the steps of a route find it. */
    public static final String PROPERTY = "origin";
}
