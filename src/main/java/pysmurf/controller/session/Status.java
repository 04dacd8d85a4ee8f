package pysmurf.controller.session;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Where a session stands; it only moves forward. */
public enum Status {
    STARTING,
    RUNNING,
    STOPPING,
    DONE;

    /** The word used on the wire. */
    @JsonValue
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
