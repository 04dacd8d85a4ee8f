package pysmurf.controller.access;

import com.fasterxml.jackson.annotation.JsonIgnore;

/**
 * Who asks for something. Sessions keep, and show, how it came and who sent it.
 *
 * @param transport {@code http}, {@code mqtt} or {@code ocs}; {@code controller} for what it does by itself
 * @param client    the token's name, or else the remote address; {@code mqtt} for MQTT, which does not tell
 * @param role      what the client may do; null where it is not known
 * @param address   the remote address; null where it is not known
 */
public record Requester(
        String transport,
        String client,
        @JsonIgnore Role role,
        @JsonIgnore String address) {

    /** The exchange property under which the steps of a route find it. */
    public static final String PROPERTY = "requester";

    /** Of whom no more is known. */
    public static Requester of(String transport, String client) {
        return new Requester(transport, client, null, null);
    }

    /** Whether it has that role, or one that includes it. */
    public boolean is(Role needed) {
        return role != null && role.includes(needed);
    }

    @Override
    public String toString() {
        return transport + " " + client;
    }
}
