package pysmurf.controller.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
        handle.execute(
                "INSERT INTO controller (name, next_id) VALUES (?, 0) ON CONFLICT (name) DO NOTHING", controller);
        return Math.max(
                number(handle, "SELECT next_id FROM controller WHERE name = ?", controller),
                number(handle, "SELECT COALESCE(MAX(id), -1) + 1 FROM session WHERE controller = ?", controller));
    }

    /**
     * Writes, and leaves everything as it was. A database that is told to write what is there already writes nothing, and could do
     * so on a full disk.
     */
    void tryToWrite(Handle handle) {
        for (int change : List.of(1, -1)) {
            handle.execute("UPDATE controller SET next_id = next_id + ? WHERE name = ?", change, controller);
        }
    }

    /**
     * Writes a session and its new messages. By JDBC itself: every command waits for this, and Jdbi makes a copy of its
     * configuration for each statement.
     */
    void write(Handle handle, LiveSession.Snapshot now) {
        Session session = now.session();
        List<Message> messages = now.messages();
        int first = now.messageCount() - messages.size();
        try {
            execute(handle, WRITE_SESSION, Stream.<Object[]>of(row(session, ascii(now.document()))));
            if (!messages.isEmpty()) {
                execute(
                        handle,
                        WRITE_MESSAGE,
                        IntStream.range(0, messages.size()).mapToObj(i -> row(session, first + i, messages.get(i))));
            }
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
        return ascii(Json.text(new Recovery(session.log(), session.scripts(), session.mark())));
    }

    private Object[] row(Session session, int n, Message message) {
        return new Object[] {controller, session.id(), n, micros(message.time()), text(message.text())};
    }

    private static void execute(Handle handle, String sql, Stream<Object[]> rows) throws SQLException {
        try (PreparedStatement statement = handle.getConnection().prepareStatement(sql)) {
            for (Object[] row : (Iterable<Object[]>) rows::iterator) {
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
     * @param messages at most so many, the newest
     * @param bytes    what their texts may take together
     * @param whole    whether what is too large for a list is read, too
     */
    record Extent(int messages, long bytes, boolean whole) {}

    /** What recovery after a crash needs of a session; clients never see it. */
    private record Recovery(SessionLog log, List<ScriptMark> scripts, String mark) {}

    /** A session, as far as wanted. */
    Optional<LiveSession> read(Handle handle, int id, Extent extent) {
        int count = number(
                handle,
                "SELECT COALESCE(MAX(n), -1) + 1 FROM message WHERE controller = ? AND session_id = ?",
                controller,
                id);
        // of the newest that fit; one behind the last if not even that does
        int first = number(
                handle,
                // the bytes of a text are known without reading it, its characters are not
                "SELECT COALESCE(MIN(n), ?) FROM (SELECT n, SUM(bytes) OVER (ORDER BY n DESC) AS size"
                        + " FROM (SELECT n, OCTET_LENGTH(text) AS bytes FROM message WHERE controller = ? AND session_id = ?"
                        + " ORDER BY n DESC LIMIT ?) AS newest) AS sized WHERE size <= ?",
                count,
                controller,
                id,
                extent.messages(),
                extent.bytes());
        List<Message> messages = handle.select(
                        "SELECT time, text FROM message WHERE controller = ? AND session_id = ? AND n >= ? ORDER BY n",
                        controller,
                        id,
                        first)
                .map((row, context) -> new Message(BigDecimal.valueOf(row.getLong(1), MICROS), row.getString(2)))
                .list();
        return handle.select(
                        "SELECT " + (extent.whole() ? READ_WHOLE : READ_LISTED)
                                + ", exclusive, recovery FROM session WHERE controller = ? AND id = ?",
                        controller,
                        id)
                .map((row, context) -> new LiveSession(
                        session(row.getString(1), row.getInt(2) == 1, row.getString(3)), messages, count))
                .findOne();
    }

    private static int number(Handle handle, String query, Object... values) {
        return handle.select(query, values).mapTo(Integer.class).one();
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
                    .mark(kept.mark())
                    .build();
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    Optional<Integer> findByCommandId(Handle handle, String commandId) {
        return ids(handle, "command_id = ?", text(commandId)).stream().findFirst();
    }

    Optional<Integer> latest(Handle handle, String opName) {
        return ids(handle, "op_name = ? ORDER BY id DESC LIMIT 1", opName).stream()
                .findFirst();
    }

    List<Integer> unfinished(Handle handle) {
        return ids(handle, "status <> 'done' ORDER BY id");
    }

    List<Integer> list(Handle handle, int limit, int before, String opName, Outcome outcome) {
        StringBuilder where = new StringBuilder("id < ?");
        List<Object> values = new ArrayList<>(List.of(before));
        if (opName != null) {
            where.append(" AND op_name = ?");
            values.add(opName);
        }
        if (outcome != null) {
            where.append(" AND outcome = ?");
            values.add(outcome.word());
        }
        values.add(limit);
        return ids(handle, where + " ORDER BY id DESC LIMIT ?", values.toArray());
    }

    /** Sessions that ended before a time, unix seconds; oldest first. */
    List<Integer> endedBefore(Handle handle, BigDecimal time, int limit) {
        return ids(handle, "end_time < ? ORDER BY id LIMIT ?", micros(time), limit);
    }

    private List<Integer> ids(Handle handle, String where, Object... values) {
        return handle.select(
                        "SELECT id FROM session WHERE controller = ? AND " + where,
                        Stream.concat(Stream.of(controller), Stream.of(values)).toArray())
                .mapTo(Integer.class)
                .list();
    }

    /** A session with all that hangs on it. Its id is not used again. */
    void forget(Handle handle, int id) {
        handle.execute("UPDATE controller SET next_id = ? WHERE name = ? AND next_id < ?", id + 1, controller, id + 1);
        handle.execute("DELETE FROM message WHERE controller = ? AND session_id = ?", controller, id);
        handle.execute("DELETE FROM session WHERE controller = ? AND id = ?", controller, id);
    }

    private static Long micros(BigDecimal seconds) {
        return seconds == null ? null : seconds.movePointRight(MICROS).longValue();
    }

    /** Its halves of characters escaped. */
    static String ascii(String json) {
        return hasNoSurrogate(json)
                ? json
                : HALF.matcher(json)
                        .replaceAll(half ->
                                "\\\\u" + Integer.toHexString(half.group().charAt(0)));
    }

    private static boolean hasNoSurrogate(String json) {
        for (int i = 0; i < json.length(); i++) {
            if (Character.isSurrogate(json.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    /** Scripts and clients write what they like. */
    private static String text(String text) {
        return text == null ? null : UNUSABLE.matcher(text).replaceAll("\uFFFD");
    }
}
