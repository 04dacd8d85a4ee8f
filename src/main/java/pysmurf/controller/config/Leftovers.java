package pysmurf.controller.config;

/** What happens to processes that outlive the normal end of their script. */
public enum Leftovers {
    /** The abort ladder ends them before the session closes. */
    END,
    /** They live on; a message in the session names them. */
    KEEP
}
