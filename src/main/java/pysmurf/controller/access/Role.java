package pysmurf.controller.access;

import java.util.Locale;

/** What a client may do; each role includes those before it. */
public enum Role {
    /** Every GET. */
    VIEWER,
    /** Also commands and abort. */
    OPERATOR,
    /** Also the audit log and the full text of route errors. */
    ADMIN;

    public boolean includes(Role needed) {
        return compareTo(needed) >= 0;
    }

    /** The word used in files and replies. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Role of(String word) {
        try {
            return valueOf(word.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the role is not viewer, operator or admin", e);
        }
    }
}
