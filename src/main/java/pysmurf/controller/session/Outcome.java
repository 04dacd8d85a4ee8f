package pysmurf.controller.session;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** How a session ended. */
public enum Outcome {
    SUCCEEDED,
    FAILED,
    /** Part of the work succeeded, e.g. some bands of a tune; not a success. */
    PARTIAL,
    ABORTED,
    TIMED_OUT,
    /** The controller died while the session ran. */
    INTERRUPTED;

    /** The word used on the wire. */
    @JsonValue
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
