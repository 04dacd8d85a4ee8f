package pysmurf.controller.session;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * One accepted command from its acceptance to its end: OCS's session object and what this controller adds to it.
 *
 * <p>
 * Thread-safe; changed only by {@link Sessions}, which writes every change to the store and tells the sinks.
 */
public final class Session {

    /** So many of a session's messages are in lists and events. */
    public static final int NEWEST_MESSAGES = 20;

    /** As many as a reply can carry; OCS itself keeps 10,000. The oldest go first. */
    static final int MOST_MESSAGES = 100_000;
    /** What they may take in memory together; a script may send 64,000 bytes at a time. */
    public static final long MOST_MESSAGE_BYTES = 24L * 1024 * 1024;

    private static final int MESSAGE_OVERHEAD_BYTES = 150;

    /** More would make every event of the session large. */
    private static final int MOST_FILES = 2000;
    /** Linux has no longer path. */
    private static final int LONGEST_PATH = 4096;
    /** What JSON takes in memory for each byte of its text, where it is many small values. */
    private static final int MEMORY_FOR_JSON = 10;

    /**
     * What is known when a command is accepted.
     *
     * @param opName      the operation
     * @param params      its parameters, defaults filled in; not null
     * @param commandId   the client's id for the command, or null
     * @param requestedBy who asked
     * @param exclusive   whether the session holds the controller's lock
     */
    public record Draft(
            String opName, ObjectNode params, String commandId, RequestedBy requestedBy, boolean exclusive) {

        /** For stores: the same, where it cannot be told whether the id was used before. */
        public Draft withoutCommandId() {
            return new Draft(opName, params, null, requestedBy, exclusive);
        }
    }

    private final int id;
    private final Draft draft;
    private final BigDecimal startTime;
    private final long madeAt = System.nanoTime();
    private final Deque<SessionState.Message> messages = new ArrayDeque<>();
    private int messageCount;
    private long messageBytes;
    private final List<Stage> stages = new ArrayList<>();
    private final List<RegisteredFile> files = new ArrayList<>();
    private final ObjectNode data = Json.object();
    private final List<String> trimmed = new ArrayList<>();
    private final int paramsSize;
    private long dataSize;
    private long notKept;
    private final List<String> signals = new ArrayList<>();
    private final CompletableFuture<Session> ended = new CompletableFuture<>();
    /** Volatile, so that the store can look at the lock without this session's monitor. */
    private volatile Status status = Status.STARTING;

    private volatile Outcome outcome;
    private BigDecimal endTime;
    private Integer exitCode;
    private Long pid;
    private AbortRecord abort;
    private Session abortSession;
    private Session victim;
    private SessionLog log;
    private ScriptMark script;

    /** For stores: a new session. */
    public Session(int id, Draft draft, BigDecimal startTime) {
        this.id = id;
        this.draft = draft;
        this.startTime = startTime;
        this.paramsSize = size(draft.params());
    }

    /** For stores: a session as it was kept. */
    public Session(SessionState state) {
        this(state.id(), state.draft(), state.startTime());
        status = state.status();
        outcome = state.outcome();
        endTime = state.endTime();
        data.setAll(state.data());
        dataSize = size(data);
        notKept = state.notKept();
        trimmed.addAll(state.trimmed());
        exitCode = state.exitCode();
        pid = state.pid();
        abort = state.abort();
        if (abort != null) {
            signals.addAll(abort.signals());
        }
        log = state.log();
        script = state.script();
        stages.addAll(state.stages());
        files.addAll(state.files());
        messages.addAll(state.messages());
        messageBytes = messages.stream().mapToLong(Session::bytes).sum();
        messageCount = state.firstMessage() + state.messages().size();
        if (status == Status.DONE) {
            ended.complete(this);
        }
    }

    /**
     * For stores: the session as it is now.
     *
     * @param firstMessage the messages from this one on, as far as they are still in memory
     */
    public synchronized SessionState state(int firstMessage) {
        int forgotten = messageCount - messages.size();
        int first = Math.max(firstMessage, forgotten);
        return new SessionState(
                id,
                draft,
                startTime,
                status,
                outcome,
                endTime,
                data.deepCopy(),
                notKept,
                List.copyOf(trimmed),
                exitCode,
                pid,
                abort,
                log,
                script,
                List.copyOf(stages),
                List.copyOf(files),
                first,
                messages.stream().skip(first - forgotten).toList());
    }

    /** Rises from 0 for the life of the store. */
    public int id() {
        return id;
    }

    public String opName() {
        return draft.opName();
    }

    /** The parameters with their defaults; not to be changed. */
    public ObjectNode params() {
        return draft.params();
    }

    /** The parameters for routes: plain maps, lists and values. */
    public Object getParameters() {
        return Json.value(params());
    }

    /** When the command was accepted, whole unix seconds: pysmurf names folders and files by this. */
    public long getCtime() {
        return startTime.longValue();
    }

    /** The client's id for the command, or null. */
    public String commandId() {
        return draft.commandId();
    }

    public RequestedBy requestedBy() {
        return draft.requestedBy();
    }

    /** Whether the session holds the controller's lock while it lives. */
    public boolean exclusive() {
        return draft.exclusive();
    }

    /** When the command was accepted, unix seconds. */
    public BigDecimal startTime() {
        return startTime;
    }

    /** When it was done, unix seconds; null until then. */
    public synchronized BigDecimal endTime() {
        return endTime;
    }

    /**
     * A time of this session: the clock's, unless that was set back since the session began. Then it is as much later than the
     * start as time has passed, as far as this life of the controller has seen it pass.
     *
     * @param clock what the clock says now, unix seconds
     */
    BigDecimal time(BigDecimal clock) {
        return clock.max(startTime.add(BigDecimal.valueOf((System.nanoTime() - madeAt) / 1000, 6)));
    }

    public Status status() {
        return status;
    }

    public boolean isDone() {
        return status == Status.DONE;
    }

    /** Null until the session is done. */
    public Outcome outcome() {
        return outcome;
    }

    /** Null as long as nobody asked to abort. */
    public synchronized AbortRecord abort() {
        return abort;
    }

    /** The stages in order; a copy. */
    public synchronized List<Stage> stages() {
        return List.copyOf(stages);
    }

    /** The registered files in order; a copy. */
    public synchronized List<RegisteredFile> files() {
        return List.copyOf(files);
    }

    /** Where the output is; null before the first script and where nothing is kept. */
    public synchronized SessionLog log() {
        return log;
    }

    /** The script that runs, or ran when the controller died; null if none does. */
    public synchronized ScriptMark script() {
        return script;
    }

    /** How many messages it had so far, those that are no longer kept in memory included. */
    public synchronized int messageCount() {
        return messageCount;
    }

    /** About what it takes in memory, at most. */
    public synchronized long weight() {
        return messageBytes + MEMORY_FOR_JSON * (dataSize + paramsSize);
    }

    /** The newest messages that are in memory, oldest first; a copy. */
    public synchronized List<SessionState.Message> messages(int most) {
        return messages.stream().skip(Math.max(0, messages.size() - most)).toList();
    }

    /** Completes when the session is done; never exceptionally. */
    public CompletableFuture<Session> ended() {
        return ended;
    }

    /** The session that aborts this one, if there is one. */
    synchronized Optional<Session> abortSession() {
        return Optional.ofNullable(abortSession);
    }

    /** The session that this one aborts; null for every other operation. */
    public synchronized Session victim() {
        return victim;
    }

    void abortedBy(Session session) {
        synchronized (this) {
            abortSession = session;
        }
        synchronized (session) {
            session.victim = this;
            session.data.put("session_id", id);
        }
    }

    synchronized void addMessage(BigDecimal time, String text) {
        SessionState.Message message = new SessionState.Message(time, text);
        messages.addLast(message);
        messageCount++;
        messageBytes += bytes(message);
        while (messages.size() > MOST_MESSAGES || messageBytes > MOST_MESSAGE_BYTES && messages.size() > 1) {
            messageBytes -= bytes(messages.removeFirst());
        }
    }

    private static long bytes(SessionState.Message message) {
        return MESSAGE_OVERHEAD_BYTES + message.text().length();
    }

    /** @return false if the session is there already or past it */
    synchronized boolean advance(Status next) {
        if (next.compareTo(status) <= 0) {
            return false;
        }
        status = next;
        return true;
    }

    synchronized void end(Outcome how, BigDecimal time) {
        outcome = how;
        endTime = time;
        // a session that ends before its stages did leaves none of them running
        stages.replaceAll(stage -> stage.status() == Stage.State.RUNNING
                ? stage.ended(unfinished(how), time, stage.numbers(), "the session ended")
                : stage);
    }

    private static Stage.State unfinished(Outcome how) {
        return switch (how) {
            case ABORTED -> Stage.State.ABORTED;
            case TIMED_OUT -> Stage.State.TIMED_OUT;
            default -> Stage.State.FAILED;
        };
    }

    /**
     * Takes over what fits: a value that does not leaves the one that is there.
     *
     * @param  most what all of it may take as JSON text
     * @return      how many values did not fit
     */
    synchronized int merge(ObjectNode more, long most) {
        int left = 0;
        for (Map.Entry<String, JsonNode> entry : more.properties()) {
            JsonNode known = data.get(entry.getKey());
            long before = known == null ? 0 : size(entry.getKey(), known);
            long after = size(entry.getKey(), entry.getValue());
            if (after > before && dataSize - before + after > most) {
                left++;
            } else {
                data.set(entry.getKey(), entry.getValue());
                dataSize += after - before;
            }
        }
        notKept += left;
        return left;
    }

    private static int size(String name, JsonNode value) {
        return name.length() + 4 + size(value);
    }

    private static int size(JsonNode value) {
        return Json.text(value).length();
    }

    /** @return false if it does not fit any more */
    synchronized boolean add(RegisteredFile file) {
        files.removeIf(known -> known.path().equals(file.path()));
        if (files.size() >= MOST_FILES || file.path().length() > LONGEST_PATH) {
            notKept++;
            return false;
        }
        return files.add(file);
    }

    /** How much of what its scripts reported is in neither its data nor its files. */
    public synchronized long notKept() {
        return notKept;
    }

    synchronized void put(Stage stage) {
        for (int i = 0; i < stages.size(); i++) {
            if (stages.get(i).name().equals(stage.name())) {
                stages.set(i, stage);
                return;
            }
        }
        stages.add(stage);
    }

    synchronized Optional<Stage> stage(String name) {
        return stages.stream().filter(stage -> stage.name().equals(name)).findFirst();
    }

    synchronized void process(Long processId) {
        pid = processId;
    }

    synchronized void script(ScriptMark mark) {
        script = mark;
    }

    synchronized void exit(Integer code) {
        exitCode = code;
    }

    synchronized void log(SessionLog where) {
        log = where;
    }

    synchronized boolean requestAbort(String by, BigDecimal at) {
        if (abort != null || status == Status.DONE) {
            return false;
        }
        abort = new AbortRecord(by, at, List.of(), 0);
        return true;
    }

    synchronized void signalSent(String name) {
        signals.add(name);
        if (abort != null) {
            abort = abort.with(signals, abort.survivors());
        }
    }

    synchronized void survivors(int count) {
        if (abort != null) {
            abort = abort.with(signals, count);
        }
    }

    /** The session object as the contract has it, with as many messages as lists and events carry; a snapshot. */
    public ObjectNode toJson() {
        return toJson(NEWEST_MESSAGES);
    }

    /**
     * The same with another number of messages.
     *
     * @param mostMessages at most so many
     */
    public synchronized ObjectNode toJson(int mostMessages) {
        ObjectNode json = Json.object();
        json.put("session_id", id);
        json.put("op_name", opName());
        json.put("op_code", opCode());
        json.put("cred_level", 1);
        json.put("status", status.word());
        json.put("degraded", false);
        json.put("success", outcome == null ? null : (Boolean) (outcome == Outcome.SUCCEEDED));
        json.put("start_time", startTime);
        json.put("end_time", endTime);
        json.set("data", data.deepCopy());
        ArrayNode texts = json.putArray("messages");
        messages(mostMessages)
                .forEach(message -> texts.addArray().add(message.time()).add(message.text()));
        json.put("outcome", outcome == null ? null : outcome.word());
        json.set("params", params());
        json.put("exit_code", exitCode);
        json.put("pid", pid);
        json.put("command_id", commandId());
        json.set("requested_by", Json.tree(requestedBy()));
        json.set("abort", Json.tree(abort));
        json.set("stages", Json.tree(stages));
        json.set("files", Json.tree(files));
        json.putObject("publisher").put("not_kept", notKept);
        if (!trimmed.isEmpty()) {
            json.set(Trimming.FIELD, Json.tree(trimmed));
        }
        return json;
    }

    /** OCS's number for the status: ocs.ocs_agent's OpCode. */
    private int opCode() {
        return switch (status) {
            case STARTING -> 2;
            case RUNNING -> 3;
            case STOPPING -> 4;
            case DONE -> outcome == Outcome.SUCCEEDED ? 5 : 6;
        };
    }
}
