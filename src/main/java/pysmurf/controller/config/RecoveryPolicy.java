package pysmurf.controller.config;

/** What happens to a script that outlived a crash of the controller. */
public enum RecoveryPolicy {
    /** Its session continues. */
    ADOPT,
    /** The ladder ends it, its session is interrupted, and the crate is brought to a safe state. */
    ABORT
}
