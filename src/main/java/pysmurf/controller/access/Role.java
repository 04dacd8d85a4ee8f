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

    /** Whether this role includes that one. */
    public boolean includes(Role needed) {
        return compareTo(needed) >= 0;
    }

    static Role of(String word) {
        return valueOf(word.toUpperCase(Locale.ROOT));
    }
}
