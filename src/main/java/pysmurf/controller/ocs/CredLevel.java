package pysmurf.controller.ocs;

import pysmurf.controller.access.Role;

/** What a client may do, in OCS's words: ocs.access.CredLevel. */
enum CredLevel {
    BLOCKED,
    BASIC,
    ADVANCED,
    FULL,
    SUPERUSER;

    /**
     * The level of a role. A viewer is BASIC, and so is a client without a password: OCS asks for none to
     * see what an agent offers and how its sessions stand.
     *
     * @param role null for an unknown client
     */
    static CredLevel of(Role role) {
        if (role == null) {
            return BASIC;
        }
        return switch (role) {
            case VIEWER -> BASIC;
            case OPERATOR -> ADVANCED;
            case ADMIN -> FULL;
        };
    }

    int value() {
        return ordinal();
    }

    /** The refusal that ocs.access.agent_rejection_message makes. */
    String rejection(CredLevel required) {
        return "The action requires credential level " + required + " but the client has only level " + this;
    }

    @Override
    public String toString() {
        return ordinal() + "-" + name();
    }
}
