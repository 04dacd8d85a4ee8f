package pysmurf.controller.config;

/** What becomes of a script that outlived the controller that started it. */
public enum RecoveryPolicy {
    /** Its session goes on. */
    ADOPT,
    /** It is ended by the ladder, its session is interrupted, and the crate brought to a safe state. */
    ABORT
}
