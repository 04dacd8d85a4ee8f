package pysmurf.controller.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.commons.io.input.ReversedLinesFileReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.access.Requester;
import pysmurf.controller.command.Command;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Verdict;

/** Words the entries of the audit log, counts those that are lost, and reads the newest. The route {@code audit} writes them. */
public final class Audit {

    private static final Logger LOG = LoggerFactory.getLogger(Audit.class);

    private static final int MAX_PARAMS_CHARS = 4000;
    private static final int MAX_TEXT_CHARS = 1000;
    /** More refusals for lack of a token would only fill the disk. */
    private static final int MAX_UNAUTHORIZED_A_MINUTE = 60;

    /** The exchange property of a verdict on a request that came to no command. */
    public static final String REFUSAL = "refusal";

    private static final String NOTED = "audited";
    private static final String CONTROLLER = "controller";

    private final Path path;
    private final Clock clock;
    private final LongAdder lost = new LongAdder();
    private volatile String fault;
    private Instant minute = Instant.EPOCH;
    private int inMinute;
    private long leftOut;

    /** @param path the files have this name, and behind it a dot and their day */
    public Audit(Path path, Clock clock) {
        this.path = path.toAbsolutePath().normalize();
        this.clock = clock;
    }

    /**
     * The entry about the command, or the request for one, of an exchange: one line of JSON. What was decided is the body, or else
     * the property {@link #REFUSAL}, or else the fault that was caught.
     *
     * @return null if it has been noted already, or if the exchange asked for no command
     */
    public String entry(Exchange exchange) {
        Verdict verdict = verdict(exchange);
        if (verdict == null || exchange.getProperty(NOTED) != null) {
            return null;
        }
        exchange.setProperty(NOTED, true);
        ObjectNode entry = entry(
                exchange.getContext().getName(),
                exchange.getProperty(Requester.PROPERTY, Requester.class),
                exchange.getProperty("operation", String.class),
                exchange.getProperty("command", Command.class),
                verdict);
        return verdict.reason() == Verdict.Reason.UNAUTHORIZED && isTooMany(entry) ? null : Json.text(entry);
    }

    private static Verdict verdict(Exchange exchange) {
        if (exchange.getMessage().getBody() instanceof Verdict decided) {
            return decided;
        }
        if (exchange.getProperty(Requester.PROPERTY) == null) {
            return null;
        }
        Throwable caught = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
        Verdict refusal = exchange.getProperty(REFUSAL, Verdict.class);
        return refusal != null || caught == null
                ? refusal
                : Verdict.refused(Verdict.Reason.INVALID, String.valueOf(caught.getMessage()));
    }

    private ObjectNode entry(
            String controller, Requester requester, String operation, Command command, Verdict verdict) {
        ObjectNode entry = Json.object();
        entry.put("time", clock.instant().truncatedTo(ChronoUnit.MILLIS).toString());
        entry.put(CONTROLLER, controller);
        if (requester != null) {
            entry.put("transport", requester.transport());
            entry.put("client", cut(requester.client()));
            entry.put("role", requester.role() == null ? null : requester.role().word());
            entry.put("address", requester.address());
            entry.put("operation", cut(operation));
        }
        if (command != null) {
            entry.put("operation", cut(command.operation()));
            entry.put("command_id", command.commandId());
            entry.put("abort_target", command.target());
            String params = Json.text(command.params());
            if (params.length() <= MAX_PARAMS_CHARS) {
                entry.set("params", command.params());
            } else {
                entry.put("params_text", params.substring(0, MAX_PARAMS_CHARS) + "…");
            }
        }
        entry.put(
                "session_id",
                verdict.session() == null ? null : verdict.session().id());
        entry.put("result", verdict.isStarted() ? "accepted" : verdict.reason().word());
        entry.put("detail", cut(verdict.detail()));
        return entry;
    }

    private static String cut(String text) {
        return text == null || text.length() <= MAX_TEXT_CHARS ? text : text.substring(0, MAX_TEXT_CHARS) + "…";
    }

    private synchronized boolean isTooMany(ObjectNode entry) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MINUTES);
        if (!now.equals(minute)) {
            minute = now;
            inMinute = 0;
        }
        if (++inMinute > MAX_UNAUTHORIZED_A_MINUTE) {
            leftOut++;
            return true;
        }
        if (leftOut > 0) {
            entry.put("untold_before", leftOut);
            leftOut = 0;
        }
        return false;
    }

    /** Absolute. */
    public Path path() {
        return path;
    }

    /** An entry was written. */
    public void written() {
        if (fault != null) {
            LOG.info("The audit log is written again; {} entries are not in it", lost.sum());
            fault = null;
        }
    }

    /** An entry could not be written, in time or at all. */
    public void failed(@Body String entry, @ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Exception why)
            throws JsonProcessingException {
        lost.increment();
        String text = why.getCause() == null ? why.toString() : why.getMessage() + ": " + why.getCause();
        if (fault == null) {
            LOG.error("The audit log cannot be written: {}; commands are taken all the same", text);
        }
        fault = text;
        ObjectNode told = (ObjectNode) Json.read(entry.getBytes(StandardCharsets.UTF_8));
        LOG.warn("Not in the audit log: {}", told.without(List.of("params", "params_text")));
    }

    /** Why nothing can be written now; empty if it can. */
    public Optional<String> fault() {
        return Optional.ofNullable(fault);
    }

    /** How many entries since the start could not be written. */
    public long lost() {
        return lost.sum();
    }

    /** The files, the newest first. */
    public List<Path> files() throws IOException {
        if (!Files.isDirectory(path.getParent())) {
            return List.of();
        }
        try (Stream<Path> found = Files.list(path.getParent())) {
            // before there was a file a day, there was one without a day
            return found.filter(file ->
                            file.equals(path) || file.getFileName().toString().startsWith(path.getFileName() + "."))
                    .filter(Files::isRegularFile)
                    .sorted(Comparator.reverseOrder())
                    .toList();
        }
    }

    /** The newest entries about a controller, the newest first; those of old, which name none, are about each. */
    public List<JsonNode> newest(int limit, String controller) throws IOException {
        List<JsonNode> found = new ArrayList<>();
        for (Path file : files()) {
            if (found.size() == limit) {
                break;
            }
            try (ReversedLinesFileReader lines = ReversedLinesFileReader.builder()
                    .setPath(file)
                    .setCharset(StandardCharsets.UTF_8)
                    .get()) {
                String line = lines.readLine();
                for (; line != null && found.size() < limit; line = lines.readLine()) {
                    try {
                        JsonNode entry = Json.read(line.getBytes(StandardCharsets.UTF_8));
                        if (entry.path(CONTROLLER).asText(controller).equals(controller)) {
                            found.add(entry);
                        }
                    } catch (JsonProcessingException e) {
                        LOG.debug("{} has a line that is no JSON, as a full disk leaves it", file, e);
                    }
                }
            }
        }
        return found;
    }
}
