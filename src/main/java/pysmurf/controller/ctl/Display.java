package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;

/** Shows how far a session is, again and again. */
interface Display {

    /** @param elapsed seconds since the start */
    void show(JsonNode session, double elapsed);

    /** Takes away what would not be right any more when the session has ended. */
    void clear();
}
