package pysmurf.controller.session;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;

/** Makes the JSON of a session fit where there is less room; its field {@code trimmed} then names what is not whole. */
public final class Trimming {

    static final String FIELD = "trimmed";

    /** In the order in which they are cut: the least wanted first. */
    private static final List<String> FIELDS = List.of("messages", "data", "files", "params", "stages");

    private Trimming() {}

    /** The bytes a value takes as JSON text. */
    public static byte[] bytes(JsonNode json) {
        return Json.text(json).getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Takes the oldest entries out of a session's fields, one field after another, until the session fits.
     *
     * @param  session the session object; changed
     * @param  most    bytes of JSON text
     * @return         whether it fits now
     */
    public static boolean fit(ObjectNode session, int most) {
        int excess = bytes(session).length - most;
        for (String name : FIELDS) {
            if (excess <= 0) {
                return true;
            }
            if (session.get(name) instanceof ContainerNode<?> shared && !shared.isEmpty()) {
                ContainerNode<?> field = shared.deepCopy();
                session.set(name, field);
                excess += note(session, name);
                Iterator<JsonNode> oldest = field.elements();
                while (excess > 0 && oldest.hasNext()) {
                    excess -= bytes(oldest.next()).length + 1;
                    oldest.remove();
                }
            }
        }
        return excess <= 0;
    }

    /** @return how many bytes the note takes, at most */
    private static int note(ObjectNode session, String name) {
        ArrayNode trimmed = session.withArrayProperty(FIELD);
        for (JsonNode known : trimmed) {
            if (known.textValue().equals(name)) {
                return 0;
            }
        }
        trimmed.add(name);
        return FIELD.length() + name.length() + 8;
    }
}
