package pysmurf.controller.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.flywaydb.core.api.migration.BaseJavaMigration;
import org.flywaydb.core.api.migration.Context;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Session;

/**
 * Makes of a session's many columns, its stages and its files one JSON document. In Java, since SQLite and PostgreSQL have no JSON
 * functions in common. Data beyond 8 MiB, which this version could not read either, are left out; the document then says
 * {@code trimmed}.
 */
final class V3__Documents extends BaseJavaMigration {

    private static final List<String> COLUMNS = List.of(
            "document TEXT NOT NULL DEFAULT '{}'",
            "listed TEXT",
            "recovery TEXT NOT NULL DEFAULT '{\"log\":null,\"scripts\":[]}'");
    private static final List<String> OLD_COLUMNS = List.of(
            "transport",
            "client",
            "start_time",
            "params",
            "data",
            "exit_code",
            "pid",
            "abort",
            "log",
            "script",
            "publisher");

    @Override
    public void migrate(Context context) {
        // the connection stays open: it is the migration's
        Jdbi.create(context.getConnection()).useHandle(handle -> {
            COLUMNS.forEach(column -> handle.execute("ALTER TABLE session ADD COLUMN " + column));
            handle.createQuery("SELECT controller, id FROM session")
                    .mapToMap()
                    .list()
                    .forEach(key -> convert(handle, key));
            handle.execute("DROP TABLE stage");
            handle.execute("DROP TABLE file");
            OLD_COLUMNS.forEach(column -> handle.execute("ALTER TABLE session DROP COLUMN " + column));
        });
    }

    private static void convert(Handle handle, Map<String, Object> key) {
        Map<String, Object> row = handle.createQuery("SELECT id AS session_id, op_name, status, outcome, command_id,"
                        + " transport, client, start_time, end_time, params,"
                        + " CASE WHEN OCTET_LENGTH(data) <= 8388608 THEN data END AS data,"
                        + " exit_code, pid, abort, log, script, publisher"
                        + " FROM session WHERE controller = :controller AND id = :id")
                .bindMap(key)
                .mapToMap()
                .one();
        ObjectNode json = Json.tree(row);
        json.set("requested_by", json.deepCopy().retain("transport", "client"));
        boolean tooLarge = json.path("data").isNull();
        if (tooLarge) {
            json.put("data", "{}");
        }
        json.set("trimmed", Json.tree(tooLarge ? List.of("data") : List.of()));
        List.of("params", "data", "abort", "publisher").forEach(name -> parse(json, name));
        List.of("start_time", "end_time").forEach(name -> seconds(json, name));
        ArrayNode stages = json.putArray("stages");
        rows(handle, key, "stage").forEach(stage -> {
            List.of("start_time", "end_time").forEach(name -> seconds(stage, name));
            parse(stage, "numbers");
            stages.add(stage.retain("name", "status", "start_time", "end_time", "numbers", "detail"));
        });
        ArrayNode files = json.putArray("files");
        rows(handle, key, "file").forEach(file -> {
            file.put("plot", file.path("plot").asInt() == 1);
            files.add(file.retain("path", "type", "format", "plot", "size", "sha256"));
        });
        parse(json, "log");
        parse(json, "script");
        JsonNode scripts = json.path("script");
        ObjectNode recovery = Json.object().set("log", json.path("log"));
        // one mark alone is what versions before 0.2 wrote
        recovery.set("scripts", scripts.isObject() ? Json.tree(List.of(scripts)) : scripts);
        if (scripts.isNull()) {
            recovery.putArray("scripts");
        }
        Session session = SessionTables.session(Json.text(json), false, Json.text(recovery));
        String document = SessionTables.ascii(Json.text(session));
        handle.createUpdate("UPDATE session SET document = :document, listed = :listed, recovery = :recovery"
                        + " WHERE controller = :controller AND id = :id")
                .bindMap(key)
                .bind("document", document)
                .bind("listed", SessionTables.listed(session, document))
                .bind("recovery", SessionTables.recovery(session))
                .execute();
    }

    private static List<ObjectNode> rows(Handle handle, Map<String, Object> key, String table) {
        return handle.createQuery(
                        "SELECT * FROM " + table + " WHERE controller = :controller AND session_id = :id ORDER BY n")
                .bindMap(key)
                .mapToMap()
                .map(row -> Json.<ObjectNode>tree(row))
                .list();
    }

    private static void parse(ObjectNode json, String name) {
        try {
            if (json.path(name).isTextual()) {
                json.set(name, Json.readLenient(json.path(name).textValue().getBytes(StandardCharsets.UTF_8)));
            }
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("column " + name + " is no JSON", e);
        }
    }

    private static void seconds(ObjectNode json, String name) {
        if (json.path(name).isNumber()) {
            json.put(name, BigDecimal.valueOf(json.path(name).longValue(), 6));
        }
    }
}
