package pysmurf.controller.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.access.Role;
import pysmurf.controller.command.Command;
import pysmurf.controller.command.Origin;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.RequestedBy;
import pysmurf.controller.session.Verdict;

class AuditTest {

    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-23T05:00:00Z"), ZoneOffset.UTC);
    private static final Origin ANN = new Origin("http", "ann", Role.OPERATOR, "192.0.2.7", "run");

    private final CamelContext context = new DefaultCamelContext();

    @TempDir
    Path folder;

    private Path file() {
        return folder.resolve("deep/audit.log");
    }

    private Audit audit(long mostBytes, int older) {
        return new Audit(file(), mostBytes, older, CLOCK);
    }

    private Exchange exchange(String commandId, String argument) {
        Exchange exchange = new DefaultExchange(context);
        exchange.setProperty(Origin.PROPERTY, ANN);
        Command command = new Command(
                "run",
                Json.object().put("script", argument),
                commandId,
                null,
                false,
                false,
                new RequestedBy("http", "ann"));
        exchange.setProperty("command", command);
        exchange.getMessage().setBody(Verdict.refused(Verdict.Reason.BUSY, "session 1 is running"));
        return exchange;
    }

    private static List<String> ids(List<JsonNode> entries) {
        return entries.stream().map(entry -> entry.path("command_id").asText()).toList();
    }

    private static List<JsonNode> lines(Path file) throws Exception {
        List<JsonNode> entries = new java.util.ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            entries.add(Json.read(line.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        }
        return entries;
    }

    @Test
    void hasWrittenWhoAskedForWhatWhenItReturns() throws Exception {
        try (Audit audit = audit(100_000, 1)) {
            audit.decided(exchange("a", "x.py\nsecond line"));

            assertThat(lines(file())).singleElement().satisfies(entry -> {
                assertThat(entry.path("time").asText()).isEqualTo("2026-11-23T05:00:00Z");
                assertThat(entry.path("transport").asText()).isEqualTo("http");
                assertThat(entry.path("client").asText()).isEqualTo("ann");
                assertThat(entry.path("role").asText()).isEqualTo("operator");
                assertThat(entry.path("address").asText()).isEqualTo("192.0.2.7");
                assertThat(entry.path("operation").asText()).isEqualTo("run");
                assertThat(entry.at("/params/script").asText()).isEqualTo("x.py\nsecond line");
                assertThat(entry.path("result").asText()).isEqualTo("busy");
                assertThat(entry.path("detail").asText()).isEqualTo("session 1 is running");
            });
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void cutsLongParameters() throws Exception {
        try (Audit audit = audit(100_000, 1)) {
            audit.decided(exchange("a", "x".repeat(50_000)));

            assertThat(Files.size(file())).isLessThan(6_000);
            assertThat(lines(file()).get(0).path("params_text").asText()).startsWith("{\"script\":\"xxx");
        }
    }

    @Test
    void setsAFullFileAsideAndKeepsSoMany() throws Exception {
        try (Audit audit = audit(1_000, 2)) {
            for (int i = 0; i < 40; i++) {
                audit.decided(exchange("c" + i, "x.py"));
            }

            assertThat(file()).exists();
            assertThat(Files.size(file())).isLessThanOrEqualTo(1_000);
            assertThat(file().resolveSibling("audit.log.1")).exists();
            assertThat(file().resolveSibling("audit.log.2")).exists();
            assertThat(file().resolveSibling("audit.log.3")).doesNotExist();
            assertThat(ids(lines(file()))).last().isEqualTo("c39");
            assertThat(ids(audit.newest(3))).containsExactly("c39", "c38", "c37");
        }
    }

    @Test
    void remembersWhatAnEarlierLifeWrote() throws Exception {
        try (Audit audit = audit(1_000, 3)) {
            for (int i = 0; i < 5; i++) {
                audit.decided(exchange("old" + i, "x.py"));
            }
        }
        try (Audit audit = audit(1_000, 3)) {
            audit.decided(exchange("new", "x.py"));

            assertThat(ids(audit.newest(500))).startsWith("new", "old4", "old3", "old2");
        }
    }

    @Test
    void goesOnWithoutItsFileAndTells() throws Exception {
        Path full = Path.of("/dev/full");
        try (Audit audit = new Audit(full, 1_000, 1, CLOCK)) {
            audit.decided(exchange("a", "x.py"));

            assertThat(audit.fault()).get().asString().contains("/dev/full");
            assertThat(audit.lost()).isEqualTo(1);
            assertThat(ids(audit.newest(1))).containsExactly("a");
        }
    }

    @Test
    void writesAgainWhenItCan() throws Exception {
        Files.createDirectories(file());
        try (Audit audit = audit(1_000, 1)) {
            audit.decided(exchange("a", "x.py"));
            assertThat(audit.fault()).isPresent();

            Files.delete(file());
            audit.decided(exchange("b", "x.py"));

            assertThat(audit.fault()).isEmpty();
            assertThat(audit.lost()).isEqualTo(1);
            assertThat(ids(lines(file()))).containsExactly("b");
        }
    }

    /** A named pipe that nobody reads stands for a disk that hangs. */
    @Test
    @Timeout(60)
    void answersThoughTheDiskHangs() throws Exception {
        Files.createDirectories(file().getParent());
        new ProcessBuilder("mkfifo", file().toString()).start().waitFor();
        try (Audit audit = new Audit(file(), 1_000, 1, CLOCK)) {
            audit.decided(exchange("a", "x.py"));
            assertThat(audit.fault()).get().asString().contains("for 1 s");

            long begin = System.nanoTime();
            audit.decided(exchange("b", "x.py"));

            assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.MILLISECONDS.toNanos(500));
            // whoever opens the pipe now need not wait for a reader, and finds out that it is no file
            RandomAccessFile reader = new RandomAccessFile(file().toFile(), "rw");
            try (reader) {
                await().until(() -> audit.lost() == 2);
                assertThat(audit.fault()).get().asString().doesNotContain("for 1 s");
            }
        }
    }

    @Test
    void doesNotLetStrangersPushOutWhatCounts() throws Exception {
        try (Audit audit = audit(1_000_000, 1)) {
            audit.decided(exchange("mine", "x.py"));
            for (int i = 0; i < 1_000; i++) {
                audit.turnedAway(ANN, "no token").join();
            }

            assertThat(lines(file())).hasSize(61);
            assertThat(ids(audit.newest(500))).contains("mine");
        }
    }

    @Test
    void writesARefusalOnceAndOnlyOfCommands() throws Exception {
        try (Audit audit = audit(10_000, 1)) {
            Exchange decided = exchange("a", "x.py");
            audit.decided(decided);
            decided.setProperty(Exchange.EXCEPTION_CAUGHT, new IllegalStateException("the reply"));
            audit.refused(decided);
            Exchange reading = new DefaultExchange(context);
            reading.setProperty(Exchange.EXCEPTION_CAUGHT, new IllegalStateException("no session 7"));
            audit.refused(reading);
            Exchange unreadable = new DefaultExchange(context);
            unreadable.setProperty(Origin.PROPERTY, ANN);
            unreadable.setProperty(Exchange.EXCEPTION_CAUGHT, new IllegalStateException("no JSON"));
            audit.refused(unreadable);

            assertThat(lines(file()).stream().map(entry -> entry.path("detail").asText()))
                    .containsExactly("session 1 is running", "no JSON");
        }
    }
}
