package pysmurf.controller.operation;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.WeakHashMap;

/** Schemas, each compiled once for all controllers of the process that have the same, while one of them has it. Thread-safe. */
public final class Schemas {

    /** A schema holds its own key, so both go together. */
    private final Map<JsonNode, WeakReference<Schema>> known = new WeakHashMap<>();

    /**
     * Compiles a schema, if nobody has it.
     *
     * @throws IllegalArgumentException if it is no usable schema
     */
    synchronized Schema of(JsonNode json) {
        WeakReference<Schema> there = known.get(json);
        Schema schema = there == null ? null : there.get();
        if (schema == null) {
            schema = Schema.of(json);
            known.remove(json);
            known.put(json, new WeakReference<>(schema));
        }
        return schema;
    }
}
