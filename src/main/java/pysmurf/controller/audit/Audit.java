package pysmurf.controller.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.apache.camel.Exchange;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.command.Command;
import pysmurf.controller.command.Origin;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Verdict;

/**
 * Who asked for what, and what was said: one JSON object a line in a file, for each command, also a refused one, written before
 * anybody is answered. What cannot be written is counted, told in the controller's own log and in health, and does not stop
 * commands: an abort has to work whatever a disk does, and what runs at night has to go on. Thread-safe.
 */
public final class Audit implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Audit.class);

    /** How long an answer waits for the disk. While a line hangs, none after it waits at all. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private static final int MOST_WAITING = 10_000;
    private static final int MOST_REMEMBERED = 500;
    private static final int MOST_READ_BYTES = 4 * 1024 * 1024;
    private static final int MOST_PARAMS_CHARS = 4000;
    private static final int MOST_TEXT_CHARS = 1000;
    /** Refusals of clients that nobody knows: more in a minute would only push out what counts. */
    private static final int MOST_UNKNOWN_A_MINUTE = 60;

    /** The exchange property of a verdict on a request that came to no command. */
    public static final String REFUSAL = "refusal";

    private static final String WRITTEN = "audited";

    private final AuditFile file;
    private final Clock clock;
    private final ThreadPoolExecutor writer;
    private final Deque<JsonNode> newest = new ArrayDeque<>();
    private volatile String fault;
    private volatile boolean hanging;
    private final LongAdder lost = new LongAdder();
    private Instant minute = Instant.EPOCH;
    private int unknownInMinute;
    private long unknownUntold;

    /**
     * @param path      where the lines go
     * @param mostBytes a line that would make the file larger begins a new one
     * @param older     how many full files are kept
     */
    public Audit(Path path, long mostBytes, int older, Clock clock) {
        this.file = new AuditFile(path, mostBytes, older);
        this.clock = clock;
        this.writer =
                new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MOST_WAITING), task -> {
                    Thread thread = new Thread(task, "audit");
                    thread.setDaemon(true);
                    return thread;
                });
        writer.execute(this::remember);
    }

    /** What was decided about the command of an exchange, whose body is the {@link Verdict}. */
    public void decided(Exchange exchange) {
        write(exchange, exchange.getMessage().getBody(Verdict.class));
    }

    /**
     * The request of an exchange asked for a command and came to none: the {@link Verdict} is in the exchange property
     * {@link #REFUSAL}, or the fault that was caught tells. Does nothing for any other request.
     */
    public void refused(Exchange exchange) {
        if (exchange.getProperty(Origin.PROPERTY) == null || exchange.getProperty(WRITTEN) != null) {
            return;
        }
        Verdict refusal = exchange.getProperty(REFUSAL, Verdict.class);
        Throwable caught = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
        if (refusal != null) {
            write(exchange, refusal);
        } else if (caught != null) {
            write(exchange, Verdict.refused(Verdict.Reason.INVALID, String.valueOf(caught.getMessage())));
        }
    }

    /**
     * A client was turned away before anything was read of its request.
     *
     * @return complete when that is written, or cannot be; never fails
     */
    public CompletableFuture<Void> turnedAway(Origin origin, String why) {
        return record(entry(origin, null, Verdict.refused(Verdict.Reason.UNAUTHORIZED, why)))
                .completeOnTimeout(null, PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * The newest entries, the newest first.
     *
     * @param limit at most so many, and at most 500
     */
    public List<JsonNode> newest(int limit) {
        List<JsonNode> found = new ArrayList<>();
        synchronized (newest) {
            newest.descendingIterator().forEachRemaining(entry -> {
                if (found.size() < limit) {
                    found.add(entry);
                }
            });
        }
        return found;
    }

    /** Why nothing can be written now; empty if it can. */
    public Optional<String> fault() {
        return Optional.ofNullable(fault);
    }

    /** How many entries since the start could not be written. */
    public long lost() {
        return lost.sum();
    }

    private void write(Exchange exchange, Verdict verdict) {
        exchange.setProperty(WRITTEN, true);
        ObjectNode entry = entry(
                exchange.getProperty(Origin.PROPERTY, Origin.class),
                exchange.getProperty("command", Command.class),
                verdict);
        CompletableFuture<Void> written = record(entry);
        if (hanging) {
            return;
        }
        try {
            written.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            hanging = true;
            failing(file.path() + ": nothing could be written for " + PATIENCE.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private ObjectNode entry(Origin origin, Command command, Verdict verdict) {
        ObjectNode entry = Json.object();
        entry.put("time", clock.instant().truncatedTo(ChronoUnit.MILLIS).toString());
        if (origin != null) {
            entry.put("transport", origin.transport());
            entry.put("client", cut(origin.client()));
            entry.put(
                    "role", origin.role() == null ? null : origin.role().name().toLowerCase(Locale.ROOT));
            entry.put("address", origin.address());
            entry.put("operation", cut(origin.operation()));
        }
        if (command != null) {
            entry.put("operation", cut(command.operation()));
            entry.put("command_id", command.commandId());
            entry.put("abort_target", command.abortTarget());
            putParams(entry, command.params());
        }
        entry.put(
                "session_id",
                verdict.session() == null ? null : verdict.session().id());
        entry.put("result", verdict.isStarted() ? "accepted" : verdict.reason().word());
        entry.put("detail", cut(verdict.detail()));
        return entry;
    }

    private static void putParams(ObjectNode entry, ObjectNode params) {
        String text = Json.text(params);
        if (text.length() <= MOST_PARAMS_CHARS) {
            entry.set("params", params.deepCopy());
        } else {
            entry.put("params_text", text.substring(0, MOST_PARAMS_CHARS) + "…");
        }
    }

    private static String cut(String text) {
        return text == null || text.length() <= MOST_TEXT_CHARS ? text : text.substring(0, MOST_TEXT_CHARS) + "…";
    }

    private CompletableFuture<Void> record(ObjectNode entry) {
        if (entry.path("result").asText().equals(Verdict.Reason.UNAUTHORIZED.word()) && !isToBeTold(entry)) {
            return CompletableFuture.completedFuture(null);
        }
        synchronized (newest) {
            newest.addLast(entry);
            if (newest.size() > MOST_REMEMBERED) {
                newest.removeFirst();
            }
        }
        try {
            return CompletableFuture.runAsync(() -> append(entry), writer);
        } catch (RejectedExecutionException e) {
            lost.increment();
            return CompletableFuture.completedFuture(null);
        }
    }

    private synchronized boolean isToBeTold(ObjectNode entry) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MINUTES);
        if (!now.equals(minute)) {
            minute = now;
            unknownInMinute = 0;
        }
        if (unknownInMinute == MOST_UNKNOWN_A_MINUTE) {
            unknownUntold++;
            return false;
        }
        unknownInMinute++;
        if (unknownUntold > 0) {
            entry.put("untold_before", unknownUntold);
            unknownUntold = 0;
        }
        return true;
    }

    private void append(ObjectNode entry) {
        try {
            file.append((Json.text(entry) + "\n").getBytes(StandardCharsets.UTF_8));
            if (fault != null) {
                LOG.info("{} is written again; {} entries are not in it", file.path(), lost.sum());
            }
            fault = null;
        } catch (IOException | RuntimeException e) {
            lost.increment();
            failing(file.path() + ": " + e);
            LOG.warn("Not in the audit log: {}", withoutParams(entry));
        } finally {
            hanging = false;
        }
    }

    private void failing(String why) {
        if (fault == null) {
            LOG.error("The audit log cannot be written: {}; commands are taken all the same", why);
        }
        fault = why;
    }

    private static String withoutParams(ObjectNode entry) {
        return Json.text(entry.deepCopy().without(List.of("params", "params_text")));
    }

    /** What an earlier life of the controller wrote. */
    private void remember() {
        for (int by = 0; by <= 1; by++) {
            List<JsonNode> before = new ArrayList<>();
            try {
                file.end(by, MOST_READ_BYTES)
                        .map(Audit::read)
                        .flatMap(Optional::stream)
                        .forEach(before::add);
            } catch (IOException e) {
                LOG.warn("{} cannot be read: {}", file.older(by), e.toString());
            }
            Collections.reverse(before);
            synchronized (newest) {
                before.stream().limit(MOST_REMEMBERED - newest.size()).forEach(newest::addFirst);
            }
        }
    }

    private static Optional<JsonNode> read(String line) {
        try {
            return Optional.of(Json.read(line.getBytes(StandardCharsets.UTF_8)));
        } catch (JsonProcessingException e) {
            LOG.warn("A line of the audit log is no JSON: {}", e.getOriginalMessage());
            return Optional.empty();
        }
    }

    /** Writes what waits, for at most a second. */
    @Override
    public void close() {
        writer.shutdown();
        try {
            if (!writer.awaitTermination(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.error(
                        "{} entries are not in the audit log", writer.getQueue().size() + 1);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
