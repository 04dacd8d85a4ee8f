package pysmurf.controller.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.transaction.TransactionException;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Message;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.ScriptMark;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionBuilder;
import pysmurf.controller.session.SessionLog;
import pysmurf.controller.session.Trimming;

/** Sessions of one controller as rows, and rows as sessions; each call within a transaction of the caller's. */
final class SessionTables {

    private static final int MICROS = 6;

    /** One half of a character: UTF-8 has none, and drivers write a question mark or fail. */
    private static final Pattern HALF = Pattern.compile("\\p{Cs}");
    /** What no column takes: halves, and for PostgreSQL the zero. */
    private static final Pattern UNUSABLE = Pattern.compile("[\\x00\\p{Cs}]");

    private static final String WRITE_SESSION = """
            INSERT INTO session (controller, id, op_name, status, outcome, command_id, exclusive, end_time,
                document, listed, recovery)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (controller, id) DO UPDATE SET status = excluded.status, outcome = excluded.outcome,
                end_time = excluded.end_time, document = excluded.document, listed = excluded.listed,
                recovery = excluded.recovery
            """;

    /** What no list shows whole is not even read for one. */
    private static final String READ_LISTED = "COALESCE(listed, document)";

    private static final String READ_WHOLE =
            "CASE WHEN OCTET_LENGTH(document) <= 8388608 THEN document ELSE listed END";

    /** A list reads no more of a session than this. */
    private static final int LISTED_BYTES = 64 * 1024;

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
     * Writes a session, and its messages from one on. By JDBC itself: every command waits for this, and Jdbi makes a copy of its
     * configuration for each statement.
     *
     * @param document its JSON
     */
    void write(Handle handle, Session session, String document, List<Message> messages, int firstMessage) {
        try {
            execute(handle, WRITE_SESSION, List.<Object[]>of(row(session, ascii(document))));
            execute(
                    handle,
                    WRITE_MESSAGE,
                    IntStream.range(0, messages.size())
                            .mapToObj(i -> row(session, firstMessage + i, messages.get(i)))
                            .toList());
        } catch (SQLException e) {
            throw new TransactionException("session " + session.id() + " cannot be written", e);
        }
    }

    private Object[] row(Session session, String document) {
        return new Object[] {
            controller,
            session.id(),
            session.opName(),
            session.status().word(),
            session.outcome() == null ? null : session.outcome().word(),
            text(session.commandId()),
            session.exclusive() ? 1 : 0,
            micros(session.endTime()),
            document,
            listed(session, document),
            recovery(session)
        };
    }

    /** What a list reads in place of a document that is too large for one; else null. */
    static String listed(Session session, String document) {
        if (document.length() <= LISTED_BYTES) {
            return null;
        }
        ObjectNode json = Json.tree(session);
        Trimming.fit(json, LISTED_BYTES / 4);
        return ascii(Json.text(json));
    }

    static String recovery(Session session) {
        return ascii(Json.text(new Recovery(session.log(), session.scripts())));
    }

    private Object[] row(Session session, int n, Message message) {
        return new Object[] {controller, session.id(), n, micros(message.time()), text(message.text())};
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

    /**
     * How much of a session is read.
     *
     * @param messages   at most so many, the newest
     * @param characters what their texts may take together
     * @param whole      whether what is too large for a list is read, too
     */
    record Extent(int messages, long characters, boolean whole) {}

    /** What recovery after a crash needs of a session; clients never see it. */
    private record Recovery(SessionLog log, List<ScriptMark> scripts) {}

    /** A session, as far as wanted. */
    Optional<LiveSession> read(Handle handle, int id, Extent extent) {
        int count = handle.createQuery("SELECT COALESCE(MAX(n), -1) + 1 FROM message WHERE controller = :controller"
                        + " AND session_id = :id")
                .bind("controller", controller)
                .bind("id", id)
                .mapTo(Integer.class)
                .one();
        List<Message> messages = handle.createQuery("SELECT time, text FROM message"
                        + " WHERE controller = :controller AND session_id = :id AND n >= :first ORDER BY n")
                .bind("controller", controller)
                .bind("id", id)
                .bind("first", firstThatFits(handle, id, count, extent))
                .map((row, context) ->
                        new Message(BigDecimal.valueOf(row.getLong("time"), MICROS), row.getString("text")))
                .list();
        return handle.createQuery("SELECT " + (extent.whole() ? READ_WHOLE : READ_LISTED)
                        + " AS document, exclusive, recovery FROM session WHERE controller = :controller AND id = :id")
                .bind("controller", controller)
                .bind("id", id)
                .map((row, context) -> new LiveSession(
                        session(row.getString("document"), row.getInt("exclusive") == 1, row.getString("recovery")),
                        messages,
                        count))
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

    /** A session of its columns. */
    static Session session(String document, boolean exclusive, String recovery) {
        try {
            // numbers as a script's are read: with all their digits
            ObjectNode json = (ObjectNode) Json.readLenient(document.getBytes(StandardCharsets.UTF_8));
            Session session = Json.mapper().treeToValue(json, Session.class);
            Recovery kept = Json.mapper().readValue(recovery, Recovery.class);
            // and here as a command's are, or one that is repeated after a restart would not equal the first
            ObjectNode params =
                    (ObjectNode) Json.read(ascii(Json.text(session.params())).getBytes(StandardCharsets.UTF_8));
            return SessionBuilder.builder(session)
                    .params(params)
                    .exclusive(exclusive)
                    .trimmed(session.trimmed() == null ? List.of() : session.trimmed())
                    .dataSize(Json.text(session.data()).length())
                    .log(kept.log())
                    .scripts(kept.scripts())
                    .build();
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
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
        for (String key : List.of("message WHERE session_id", "session WHERE id")) {
            handle.createUpdate("DELETE FROM " + key + " = :id AND controller = :controller")
                    .bind("controller", controller)
                    .bind("id", id)
                    .execute();
        }
    }

    private static Long micros(BigDecimal seconds) {
        return seconds == null ? null : seconds.movePointRight(MICROS).longValue();
    }

    /** Its halves of characters escaped. */
    static String ascii(String json) {
        return HALF.matcher(json)
                .replaceAll(half -> "\\\\u" + Integer.toHexString(half.group().charAt(0)));
    }

    /** Scripts and clients write what they like. */
    private static String text(String text) {
        return text == null ? null : UNUSABLE.matcher(text).replaceAll("\uFFFD");
    }
}
