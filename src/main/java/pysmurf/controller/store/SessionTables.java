package pysmurf.controller.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.transaction.TransactionException;
import pysmurf.controller.session.AbortRecord;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.RegisteredFile;
import pysmurf.controller.session.RequestedBy;
import pysmurf.controller.session.ScriptMark;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionLog;
import pysmurf.controller.session.SessionState;
import pysmurf.controller.session.Stage;
import pysmurf.controller.session.Status;

/** Sessions of one controller as rows, and rows as sessions; each call within a transaction of the caller's. Stateless. */
final class SessionTables {

    private static final int MICROS = 6;

    /** One half of a character: UTF-8 has none, and drivers write a question mark or fail. */
    private static final Pattern HALF = Pattern.compile("\\p{Cs}");
    /** What no column takes: halves, and for PostgreSQL the zero. */
    private static final Pattern UNUSABLE = Pattern.compile("[\\x00\\p{Cs}]");

    private static final String WRITE_SESSION = """
            INSERT INTO session (controller, id, op_name, status, outcome, command_id, exclusive, transport, client,
                start_time, end_time, params, data, not_kept, exit_code, pid, abort, log, script)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (controller, id) DO UPDATE SET status = excluded.status, outcome = excluded.outcome,
                end_time = excluded.end_time, data = excluded.data, not_kept = excluded.not_kept,
                exit_code = excluded.exit_code, pid = excluded.pid, abort = excluded.abort, log = excluded.log, script = excluded.script
            """;

    /** What is too large is null, and is not even read. */
    private static final String READ_SESSION = """
            SELECT id, op_name, status, outcome, command_id, exclusive, transport, client, start_time, end_time,
                CASE WHEN OCTET_LENGTH(params) <= :most THEN params END AS params,
                CASE WHEN OCTET_LENGTH(data) <= :most THEN data END AS data,
                not_kept, exit_code, pid, abort, log, script
            FROM session WHERE controller = :controller AND id = :id
            """;

    private static final String WRITE_STAGE = """
            INSERT INTO stage (controller, session_id, n, name, status, start_time, end_time, numbers, detail)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """;

    private static final String WRITE_FILE = """
            INSERT INTO file (controller, session_id, n, path, type, format, plot, size, sha256)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """;

    private static final String WRITE_MESSAGE = """
            INSERT INTO message (controller, session_id, n, time, text) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (controller, session_id, n) DO NOTHING
            """;

    private final String controller;

    SessionTables(String controller) {
        this.controller = controller;
    }

    /** The id that the next session gets. */
    int nextId(Handle handle) {
        handle.createUpdate(
                        "INSERT INTO controller (name, next_id) VALUES (:controller, 0) ON CONFLICT (name) DO NOTHING")
                .bind("controller", controller)
                .execute();
        return handle.createQuery("SELECT next_id FROM controller WHERE name = :controller")
                .bind("controller", controller)
                .mapTo(Integer.class)
                .one();
    }

    /** No id below this is ever given again. */
    void reserve(Handle handle, int nextId) {
        handle.createUpdate("UPDATE controller SET next_id = :next WHERE name = :controller AND next_id < :next")
                .bind("next", nextId)
                .bind("controller", controller)
                .execute();
    }

    /**
     * Writes, and leaves everything as it was. A database that is told to write what is there already writes nothing, and could do
     * so on a full disk.
     */
    void tryToWrite(Handle handle) {
        for (int change : List.of(1, -1)) {
            handle.createUpdate("UPDATE controller SET next_id = next_id + :change WHERE name = :controller")
                    .bind("change", change)
                    .bind("controller", controller)
                    .execute();
        }
    }

    /**
     * Writes the session's own row, and of the rest what differs from what was written before. By JDBC itself: every command
     * waits for this, and Jdbi makes a copy of its configuration for each statement.
     */
    void write(Handle handle, SessionState state, List<Stage> stagesBefore, List<RegisteredFile> filesBefore) {
        try {
            execute(handle, WRITE_SESSION, List.<Object[]>of(row(state)));
            if (!state.stages().equals(stagesBefore)) {
                delete(handle, "stage", state.id());
                execute(handle, WRITE_STAGE, numbered(state.stages(), 0, (n, stage) -> row(state, n, stage)));
            }
            if (!state.files().equals(filesBefore)) {
                delete(handle, "file", state.id());
                execute(handle, WRITE_FILE, numbered(state.files(), 0, (n, file) -> row(state, n, file)));
            }
            execute(
                    handle,
                    WRITE_MESSAGE,
                    numbered(state.messages(), state.firstMessage(), (n, message) -> row(state, n, message)));
        } catch (SQLException e) {
            throw new TransactionException("session " + state.id() + " cannot be written", e);
        }
    }

    private Object[] row(SessionState state) {
        return new Object[] {
            controller,
            state.id(),
            state.draft().opName(),
            state.status().word(),
            state.outcome() == null ? null : state.outcome().word(),
            text(state.draft().commandId()),
            state.draft().exclusive() ? 1 : 0,
            state.draft().requestedBy().transport(),
            text(state.draft().requestedBy().client()),
            micros(state.startTime()),
            micros(state.endTime()),
            json(state.draft().params()),
            json(state.data()),
            state.notKept(),
            state.exitCode(),
            state.pid(),
            json(state.abort()),
            json(state.log()),
            json(state.script())
        };
    }

    private Object[] row(SessionState state, int n, Stage stage) {
        return new Object[] {
            controller,
            state.id(),
            n,
            stage.name(),
            stage.status().word(),
            micros(stage.startTime()),
            micros(stage.endTime()),
            json(stage.numbers()),
            text(stage.detail())
        };
    }

    private Object[] row(SessionState state, int n, RegisteredFile file) {
        return new Object[] {
            controller,
            state.id(),
            n,
            text(file.path()),
            text(file.type()),
            text(file.format()),
            file.plot() ? 1 : 0,
            file.size(),
            file.sha256()
        };
    }

    private Object[] row(SessionState state, int n, SessionState.Message message) {
        return new Object[] {controller, state.id(), n, micros(message.time()), text(message.text())};
    }

    private static <T> List<Object[]> numbered(List<T> items, int first, BiFunction<Integer, T, Object[]> row) {
        return IntStream.range(0, items.size())
                .mapToObj(i -> row.apply(first + i, items.get(i)))
                .toList();
    }

    private static void execute(Handle handle, String sql, List<Object[]> rows) throws SQLException {
        if (rows.isEmpty()) {
            return;
        }
        try (PreparedStatement statement = handle.getConnection().prepareStatement(sql)) {
            for (Object[] row : rows) {
                for (int i = 0; i < row.length; i++) {
                    statement.setObject(i + 1, row[i]);
                }
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    private void delete(Handle handle, String table, int id) {
        handle.createUpdate("DELETE FROM " + table + " WHERE controller = :controller AND session_id = :id")
                .bind("controller", controller)
                .bind("id", id)
                .execute();
    }

    /**
     * How much of a session is read.
     *
     * @param messages   at most so many, the newest
     * @param characters what their texts may take together
     * @param json       the bytes that parameters and data may take each, to be read at all
     */
    record Extent(int messages, long characters, long json) {}

    /** A session, as far as wanted. */
    Optional<SessionState> read(Handle handle, int id, Extent extent) {
        List<Stage> stages = handle.createQuery(
                        "SELECT * FROM stage WHERE controller = :controller AND session_id = :id" + " ORDER BY n")
                .bind("controller", controller)
                .bind("id", id)
                .map((row, context) -> new Stage(
                        row.getString("name"),
                        Stage.State.valueOf(row.getString("status").toUpperCase(Locale.ROOT)),
                        seconds(row, "start_time"),
                        seconds(row, "end_time"),
                        reported(row.getString("numbers")),
                        row.getString("detail")))
                .list();
        List<RegisteredFile> files = handle.createQuery(
                        "SELECT * FROM file WHERE controller = :controller AND session_id = :id" + " ORDER BY n")
                .bind("controller", controller)
                .bind("id", id)
                .map((row, context) -> new RegisteredFile(
                        row.getString("path"),
                        row.getString("type"),
                        row.getString("format"),
                        row.getInt("plot") == 1,
                        number(row, "size"),
                        row.getString("sha256")))
                .list();
        int last = handle.createQuery("SELECT COALESCE(MAX(n), -1) FROM message WHERE controller = :controller"
                        + " AND session_id = :id")
                .bind("controller", controller)
                .bind("id", id)
                .mapTo(Integer.class)
                .one();
        int first = firstThatFits(handle, id, last + 1, extent);
        List<SessionState.Message> messages = new ArrayList<>(handle.createQuery("SELECT time, text FROM message"
                        + " WHERE controller = :controller AND session_id = :id AND n >= :first ORDER BY n")
                .bind("controller", controller)
                .bind("id", id)
                .bind("first", first)
                .map((row, context) -> new SessionState.Message(seconds(row, "time"), row.getString("text")))
                .list());
        return handle.createQuery(READ_SESSION)
                .bind("controller", controller)
                .bind("id", id)
                .bind("most", extent.json())
                .map((row, context) -> state(row, stages, files, first, messages))
                .findOne();
    }

    /** The number of the first of the newest messages that fit; one behind the last if not even that does. */
    private int firstThatFits(Handle handle, int id, int none, Extent extent) {
        return handle.createQuery(
                        "SELECT COALESCE(MIN(n), :none) FROM (SELECT n, SUM(LENGTH(text)) OVER (ORDER BY n DESC) AS size"
                                + " FROM (SELECT n, text FROM message WHERE controller = :controller AND session_id = :id"
                                + " ORDER BY n DESC LIMIT :messages) AS newest) AS sized WHERE size <= :most")
                .bind("controller", controller)
                .bind("id", id)
                .bind("none", none)
                .bind("messages", extent.messages())
                .bind("most", extent.characters())
                .mapTo(Integer.class)
                .one();
    }

    private static SessionState state(
            ResultSet row,
            List<Stage> stages,
            List<RegisteredFile> files,
            int firstMessage,
            List<SessionState.Message> messages)
            throws SQLException {
        Session.Draft draft = new Session.Draft(
                row.getString("op_name"),
                row.getString("params") == null ? Json.object() : params(row.getString("params")),
                row.getString("command_id"),
                new RequestedBy(row.getString("transport"), row.getString("client")),
                row.getInt("exclusive") == 1);
        String outcome = row.getString("outcome");
        String data = row.getString("data");
        List<String> trimmed = new ArrayList<>();
        if (row.getString("params") == null) {
            trimmed.add("params");
        }
        if (data == null) {
            trimmed.add("data");
        }
        Long exitCode = number(row, "exit_code");
        return new SessionState(
                row.getInt("id"),
                draft,
                seconds(row, "start_time"),
                Status.valueOf(row.getString("status").toUpperCase(Locale.ROOT)),
                outcome == null ? null : Outcome.valueOf(outcome.toUpperCase(Locale.ROOT)),
                seconds(row, "end_time"),
                data == null ? Json.object() : reported(data),
                row.getLong("not_kept"),
                trimmed,
                exitCode == null ? null : Integer.valueOf(exitCode.intValue()),
                number(row, "pid"),
                value(row.getString("abort"), AbortRecord.class),
                value(row.getString("log"), SessionLog.class),
                value(row.getString("script"), ScriptMark.class),
                stages,
                files,
                firstMessage,
                messages);
    }

    Optional<Integer> findByCommandId(Handle handle, String commandId) {
        return handle.createQuery("SELECT id FROM session WHERE controller = :controller AND command_id = :commandId")
                .bind("controller", controller)
                .bind("commandId", text(commandId))
                .mapTo(Integer.class)
                .findOne();
    }

    Optional<Integer> latest(Handle handle, String opName) {
        return handle.createQuery("SELECT id FROM session WHERE controller = :controller AND op_name = :opName"
                        + " ORDER BY id DESC LIMIT 1")
                .bind("controller", controller)
                .bind("opName", opName)
                .mapTo(Integer.class)
                .findOne();
    }

    List<Integer> unfinished(Handle handle) {
        return handle.createQuery(
                        "SELECT id FROM session WHERE controller = :controller AND status <> 'done' ORDER BY id")
                .bind("controller", controller)
                .mapTo(Integer.class)
                .list();
    }

    List<Integer> list(Handle handle, int limit, int before, String opName, Outcome outcome) {
        return handle.createQuery("SELECT id FROM session WHERE controller = :controller AND id < :before"
                        + (opName == null ? "" : " AND op_name = :opName")
                        + (outcome == null ? "" : " AND outcome = :outcome")
                        + " ORDER BY id DESC LIMIT :limit")
                .configure(
                        org.jdbi.v3.core.statement.SqlStatements.class,
                        statements -> statements.setUnusedBindingAllowed(true))
                .bind("controller", controller)
                .bind("before", before)
                .bind("opName", opName)
                .bind("outcome", outcome == null ? null : outcome.word())
                .bind("limit", limit)
                .mapTo(Integer.class)
                .list();
    }

    /** Sessions that ended before a time, unix seconds; oldest first. */
    List<Integer> endedBefore(Handle handle, BigDecimal time, int limit) {
        return handle.createQuery("SELECT id FROM session WHERE controller = :controller AND end_time < :time"
                        + " ORDER BY id LIMIT :limit")
                .bind("controller", controller)
                .bind("time", micros(time))
                .bind("limit", limit)
                .mapTo(Integer.class)
                .list();
    }

    /** A session with all that hangs on it. */
    void forget(Handle handle, int id) {
        for (String table : List.of("message", "stage", "file")) {
            delete(handle, table, id);
        }
        handle.createUpdate("DELETE FROM session WHERE controller = :controller AND id = :id")
                .bind("controller", controller)
                .bind("id", id)
                .execute();
    }

    private static Long micros(BigDecimal seconds) {
        return seconds == null ? null : seconds.movePointRight(MICROS).longValue();
    }

    private static BigDecimal seconds(ResultSet row, String column) throws SQLException {
        Long micros = number(row, column);
        return micros == null ? null : BigDecimal.valueOf(micros, MICROS);
    }

    private static Long number(ResultSet row, String column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? null : value;
    }

    private static String json(Object value) {
        return value == null
                ? null
                : HALF.matcher(Json.text(value))
                        .replaceAll(half ->
                                "\\\\u" + Integer.toHexString(half.group().charAt(0)));
    }

    private static <T> T value(String json, Class<T> type) {
        try {
            return json == null ? null : Json.mapper().readValue(json, type);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Numbers as a command's are read, or one that is repeated after a restart would not equal the first. */
    private static ObjectNode params(String json) {
        try {
            return (ObjectNode) Json.read(json.getBytes(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Numbers as a script's are read: with all their digits. */
    private static ObjectNode reported(String json) {
        try {
            return (ObjectNode) Json.readLenient(json.getBytes(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Scripts and clients write what they like. */
    private static String text(String text) {
        return text == null ? null : UNUSABLE.matcher(text).replaceAll("\uFFFD");
    }
}
