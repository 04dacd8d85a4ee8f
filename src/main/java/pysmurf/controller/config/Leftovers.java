package pysmurf.controller.config;

/** What happens to children that outlive a script's normal exit. */
public enum Leftovers {
    /** They are ended by the abort ladder before the session closes. */
    END,
    /** They live on; a message in the session names them. */
    KEEP
}
