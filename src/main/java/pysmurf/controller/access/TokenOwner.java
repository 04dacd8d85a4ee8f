package pysmurf.controller.access;

/**
 * Who a token belongs to.
 *
 * @param name for logs and sessions
 * @param role what they may do
 */
public record TokenOwner(String name, Role role) {}
