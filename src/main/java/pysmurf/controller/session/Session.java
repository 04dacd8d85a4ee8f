package pysmurf.controller.session;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.soabase.recordbuilder.core.RecordBuilder;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import pysmurf.controller.access.Requester;

/**
 * One accepted command, from its acceptance to its end, at one moment: OCS's session object and what this controller adds to it.
 * Its JSON is what clients see, but for the messages, and what the database keeps. Only {@link Sessions#update} changes one.
 *
 * @param id          rises from 0 for the life of the store
 * @param params      with their defaults; the JSON here is never changed
 * @param commandId   the client's id for the command, or null
 * @param exclusive   whether it holds the controller's lock until it is done
 * @param startTime   when the command was accepted, unix seconds
 * @param outcome     null until it is done
 * @param endTime     unix seconds; null until it is done
 * @param data        what its scripts report
 * @param dataSize    how long that is as JSON text
 * @param exitCode    of the last script that ended; null if none did, or if it is not known
 * @param pid         of the last script that started; null if none did
 * @param abort       null until someone asks for an abort
 * @param trimmed     the fields that are not whole, being too large for where this goes
 * @param log         where the output is; null before the first script and where nothing is kept
 * @param scripts     those that run, or ran when the controller died
 * @param mark        what marks the processes of its first script, until that is noted; null from then on
 */
@RecordBuilder
@RecordBuilder.Options(addClassRetainedGenerated = false, useImmutableCollections = false)
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonPropertyOrder({
    "session_id",
    "op_name",
    "op_code",
    "cred_level",
    "status",
    "degraded",
    "success",
    "start_time",
    "end_time",
    "data",
    "outcome"
})
public record Session(
        @JsonProperty("session_id") int id,
        String opName,
        ObjectNode params,
        String commandId,
        Requester requestedBy,
        @JsonIgnore boolean exclusive,
        BigDecimal startTime,
        Status status,
        Outcome outcome,
        BigDecimal endTime,
        ObjectNode data,
        @JsonIgnore long dataSize,
        Integer exitCode,
        Long pid,
        AbortRecord abort,
        List<Stage> stages,
        List<RegisteredFile> files,
        PublisherCount publisher,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<String> trimmed,
        @JsonIgnore SessionLog log,
        @JsonIgnore List<ScriptMark> scripts,
        @JsonIgnore String mark)
        implements SessionBuilder.With {

    /** More would make every event of the session large. */
    private static final int MAX_FILES = 2000;
    /** Linux's own limit. */
    private static final int MAX_PATH = 4096;

    /**
     * What is known when a command is accepted.
     *
     * @param params    its parameters, defaults filled in; not null
     * @param commandId the client's id for the command, or null
     * @param exclusive whether the session holds the controller's lock
     * @param data      what its data begin with; not null
     */
    public record Draft(
            String opName,
            ObjectNode params,
            String commandId,
            Requester requestedBy,
            boolean exclusive,
            ObjectNode data) {

        /** One without data. */
        public Draft(String opName, ObjectNode params, String commandId, Requester requestedBy, boolean exclusive) {
            this(opName, params, commandId, requestedBy, exclusive, Json.object());
        }

        /** The same, for what ends another session. */
        Draft ending(int sessionId) {
            ObjectNode data = Json.object().put("session_id", sessionId);
            return new Draft(opName, params, commandId, requestedBy, exclusive, data);
        }

        /** The same, where the store cannot tell whether the id was used before. */
        public Draft withoutCommandId() {
            return new Draft(opName, params, null, requestedBy, exclusive, data);
        }
    }

    /** A session as it begins. */
    public static Session of(int id, Draft draft, BigDecimal startTime) {
        return SessionBuilder.builder()
                .id(id)
                .opName(draft.opName())
                .params(draft.params())
                .commandId(draft.commandId())
                .requestedBy(draft.requestedBy())
                .exclusive(draft.exclusive())
                .startTime(startTime)
                .status(Status.STARTING)
                .data(draft.data())
                .dataSize(draft.data().isEmpty() ? 0 : size(draft.data()))
                .stages(List.of())
                .files(List.of())
                .publisher(PublisherCount.NONE)
                .trimmed(List.of())
                .scripts(List.of())
                .mark(UUID.randomUUID().toString())
                .build();
    }

    /** Whether the JSON is the same: what only recovery needs of a session is not in it. */
    boolean showsTheSameAs(Session other) {
        return with(session -> session.log(other.log).scripts(other.scripts).mark(other.mark))
                .equals(other);
    }

    @JsonIgnore
    public boolean isDone() {
        return status == Status.DONE;
    }

    /** OCS's number for the status: ocs.ocs_agent's OpCode. */
    @JsonProperty
    public int opCode() {
        return switch (status) {
            case STARTING -> 2;
            case RUNNING -> degraded() ? 8 : 3;
            case STOPPING -> 4;
            case DONE -> outcome == Outcome.SUCCEEDED ? 5 : 6;
        };
    }

    @JsonProperty
    Boolean success() {
        return outcome == null ? null : (Boolean) (outcome == Outcome.SUCCEEDED);
    }

    /** OCS's field that says nothing here. */
    @JsonProperty
    int credLevel() {
        return 1;
    }

    /** Whether it runs, but not as it should: its script says so in its data. */
    @JsonProperty
    boolean degraded() {
        return status == Status.RUNNING && data.path("degraded").booleanValue();
    }

    /** Whether a stop was asked for, and no abort. */
    @JsonIgnore
    public boolean isStopping() {
        return status == Status.STOPPING && abort == null;
    }

    /** The name of the first stage that runs; empty if none does. */
    Optional<String> runningStage() {
        return stages.stream()
                .filter(stage -> stage.status() == Stage.State.RUNNING)
                .map(Stage::name)
                .findFirst();
    }

    /** The stages that are not left out. */
    private List<Stage> stagesToRun() {
        return stages.stream()
                .filter(stage -> stage.status() != Stage.State.SKIPPED)
                .toList();
    }

    /** What the status topic says of stages: the one that runs, which it is, and of how many; nulls if none runs. */
    ObjectNode progress() {
        List<String> names = stagesToRun().stream().map(Stage::name).toList();
        Optional<String> running = runningStage();
        return Json.object()
                .put("stage", running.orElse(null))
                .put(
                        "stage_number",
                        running.map(name -> names.indexOf(name) + 1).orElse(null))
                .put("stages", running.map(name -> names.size()).orElse(null));
    }

    /** A status only moves forward. */
    Session advanced(Status next) {
        return next.compareTo(status) > 0 ? withStatus(next) : this;
    }

    /** The end; a stage that still runs ends with it. */
    Session ended(Outcome how, BigDecimal time) {
        return withStagesEnded(how, time)
                .with(session -> session.status(Status.DONE).outcome(how).endTime(time));
    }

    /** Every stage that still runs ends, as one does in a session that ends so. */
    Session withStagesEnded(Outcome how, BigDecimal time) {
        if (stages.stream().noneMatch(stage -> stage.status() == Stage.State.RUNNING)) {
            return this;
        }
        Stage.State unfinished =
                switch (how) {
                    case ABORTED -> Stage.State.ABORTED;
                    case TIMED_OUT -> Stage.State.TIMED_OUT;
                    default -> Stage.State.FAILED;
                };
        return withStages(stages.stream()
                .map(stage -> stage.status() == Stage.State.RUNNING
                        ? stage.ended(unfinished, time, stage.numbers(), "the session ended")
                        : stage)
                .toList());
    }

    Session aborted(String by, BigDecimal at) {
        return abort != null || isDone()
                ? this
                : withAbort(new AbortRecord(by, at, List.of(), 0)).advanced(Status.STOPPING);
    }

    Session signalled(String signal) {
        return abort == null || abort.signals().contains(signal) ? this : withAbort(abort.plus(signal));
    }

    /** How many processes even SIGKILL did not end. */
    public Session survivedBy(int processes) {
        return abort == null ? this : withAbort(abort.withSurvivors(processes));
    }

    /** A script is about to start, or has started: its mark replaces the one it had. */
    public Session withScript(ScriptMark script) {
        List<ScriptMark> marks = new ArrayList<>(withoutScript(script).scripts);
        marks.add(script);
        if (script.pid() == null) {
            return withScripts(List.copyOf(marks));
        }
        boolean first = script.marker().equals(ScriptMark.marker(mark));
        return with(
                session -> session.scripts(List.copyOf(marks)).pid(script.pid()).mark(first ? null : mark));
    }

    /** A script has ended. */
    public Session withoutScript(ScriptMark mark) {
        return withScripts(scripts.stream()
                .filter(known -> !known.marker().equals(mark.marker()))
                .toList());
    }

    /** The stage of this name, changed; it is added if it is new. */
    public Session withStage(String name, UnaryOperator<Stage> change) {
        List<Stage> changed = new ArrayList<>(stages);
        for (int i = 0; i < changed.size(); i++) {
            if (changed.get(i).name().equals(name)) {
                changed.set(i, change.apply(changed.get(i)));
                return withStages(List.copyOf(changed));
            }
        }
        changed.add(change.apply(Stage.notRun(name)));
        return withStages(List.copyOf(changed));
    }

    /** With a file in place of the one of the same path; a session that is full only counts it. */
    Session withFile(RegisteredFile file) {
        List<RegisteredFile> all = new ArrayList<>(files);
        all.removeIf(known -> known.path().equals(file.path()));
        if (all.size() >= MAX_FILES || file.path().length() > MAX_PATH) {
            return notKept(1);
        }
        all.add(file);
        return withFiles(List.copyOf(all));
    }

    /** The checksum of a registered file; nothing where no file of this path has a size. */
    Session withDigest(String path, long size, String sha256) {
        return withFiles(files.stream()
                .map(file -> file.path().equals(path) && file.size() != null
                        ? new RegisteredFile(path, file.type(), file.format(), file.plot(), size, sha256)
                        : file)
                .toList());
    }

    /**
     * With what fits of more data, one object after another, top level only, as OCS merges: a value that does not fit leaves the one
     * that is there.
     *
     * @param maxData what all data may take as JSON text
     */
    Session merged(List<ObjectNode> more, long maxData) {
        if (more.isEmpty()) {
            return this;
        }
        ObjectNode merged = Json.object();
        merged.setAll(data);
        long size = dataSize;
        int left = 0;
        for (ObjectNode one : more) {
            for (Map.Entry<String, JsonNode> entry : one.properties()) {
                JsonNode known = merged.get(entry.getKey());
                long before = known == null ? 0 : size(entry.getKey(), known);
                long after = size(entry.getKey(), entry.getValue());
                if (after > before && size - before + after > maxData) {
                    left++;
                } else {
                    merged.set(entry.getKey(), entry.getValue());
                    size += after - before;
                }
            }
        }
        long merging = size;
        return with(session -> session.data(merged).dataSize(merging)).notKept(left);
    }

    private Session notKept(int more) {
        return more == 0
                ? this
                : withPublisher(new PublisherCount(publisher.received(), publisher.lost(), publisher.notKept() + more));
    }

    /** So many Publisher messages of a script have arrived. */
    Session received(int messages) {
        return withPublisher(
                new PublisherCount(publisher.received() + messages, publisher.lost(), publisher.notKept()));
    }

    /** How many Publisher messages are missing. */
    public Session lost(long messages) {
        return withPublisher(new PublisherCount(publisher.received(), messages, publisher.notKept()));
    }

    private static int size(String name, JsonNode value) {
        return name.length() + 4 + size(value);
    }

    static int size(JsonNode value) {
        return Json.text(value).length();
    }
}
