package pysmurf.controller.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.seda.SedaComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.access.Requester;
import pysmurf.controller.access.Role;
import pysmurf.controller.command.Command;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Verdict;

/** The route as it is shipped, and the files that it writes. */
class AuditTest {

    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-23T05:00:00Z"), ZoneOffset.UTC);
    private static final Requester ANN = new Requester("http", "ann", Role.OPERATOR, "192.0.2.7");

    private final CamelContext context = new DefaultCamelContext();

    @TempDir
    Path folder;

    private Audit audit;
    private ProducerTemplate template;

    private void start(Path path, String... changes) throws Exception {
        audit = new Audit(path, CLOCK);
        context.getRegistry().bind("audit", audit);
        context.getRegistry()
                .bind(
                        "housekeeping",
                        context.getExecutorServiceManager().newSingleThreadScheduledExecutor(this, "housekeeping"));
        Properties properties = new Properties();
        properties.setProperty("audit.folder", path.getParent().toString());
        properties.setProperty("audit.name", path.getFileName().toString());
        properties.setProperty("audit.keep-days", "30");
        context.getPropertiesComponent().setInitialProperties(properties);
        String route = Files.readString(Setup.PROJECT.resolve("routes/out/audit.camel.yaml"));
        for (int i = 0; i < changes.length; i += 2) {
            assertThat(route).contains(changes[i]);
            route = route.replace(changes[i], changes[i + 1]);
        }
        PluginHelper.getRoutesLoader(context).loadRoutes(ResourceHelper.fromString("audit.camel.yaml", route));
        context.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("direct:command").toV("direct:audit", null, "noted").setProperty("went on", constant(true));
            }
        });
        context.getShutdownStrategy().setTimeout(1);
        // a stop waits for this
        context.getComponent("seda", SedaComponent.class).setDefaultPollTimeout(10);
        context.start();
        template = context.createProducerTemplate();
    }

    /** With time for a busy machine. */
    private void start() throws Exception {
        start(folder.resolve("deep/audit.log"), "timeout: 1000", "timeout: 30000");
    }

    @AfterEach
    void stop() {
        context.stop();
    }

    private Path file() {
        return folder.resolve("deep/audit.log." + LocalDate.now(ZoneOffset.UTC));
    }

    private Exchange exchange(String commandId, String argument) {
        Exchange exchange = new DefaultExchange(context);
        exchange.setProperty(Requester.PROPERTY, ANN);
        exchange.setProperty("operation", "run");
        Command command = new Command(
                "run",
                Json.object().put("script", argument),
                commandId,
                null,
                false,
                false,
                Requester.of("http", "ann"));
        exchange.setProperty("command", command);
        exchange.getMessage().setBody(Verdict.refused(Verdict.Reason.BUSY, "session 1 is running"));
        return exchange;
    }

    /** As the routes do, which go on with what they had. */
    private void note(Exchange exchange) {
        Object body = exchange.getMessage().getBody();
        template.send("direct:command", exchange);
        assertThat(exchange.getException()).isNull();
        assertThat(exchange.getMessage().getBody()).isSameAs(body);
        assertThat(exchange.getProperty("went on")).isEqualTo(true);
    }

    private static List<String> ids(List<JsonNode> entries) {
        return entries.stream().map(entry -> entry.path("command_id").asText()).toList();
    }

    private static List<JsonNode> lines(Path file) throws Exception {
        List<JsonNode> entries = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            entries.add(Json.read(line.getBytes(StandardCharsets.UTF_8)));
        }
        return entries;
    }

    @Test
    void hasWrittenWhoAskedForWhatWhenItReturns() throws Exception {
        start();

        note(exchange("a", "x.py\nsecond line"));

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

    @Test
    void cutsLongParameters() throws Exception {
        start();

        note(exchange("a", "x".repeat(50_000)));

        assertThat(Files.size(file())).isLessThan(6_000);
        assertThat(lines(file()).get(0).path("params_text").asText()).startsWith("{\"script\":\"xxx");
    }

    @Test
    void listsTheNewestOfAllFilesAndSkipsWhatIsBroken() throws Exception {
        start();
        Files.createDirectories(file().getParent());
        Files.writeString(
                file().resolveSibling("audit.log.2026-01-01"),
                "{\"command_id\":\"old1\"}\n{\"command_id\":\"old2\"}\n{\"comm\n");
        Files.writeString(file().resolveSibling("audit.log"), "{\"command_id\":\"oldest\"}\n");
        note(exchange("a", "x.py"));
        note(exchange("b", "x.py"));

        assertThat(ids(audit.newest(500, context.getName()))).containsExactly("b", "a", "old2", "old1", "oldest");
        assertThat(ids(audit.newest(3, context.getName()))).containsExactly("b", "a", "old2");
    }

    @Test
    void goesOnWithoutItsFileAndWritesAgainWhenItCan() throws Exception {
        start();
        Files.createDirectories(file());
        note(exchange("a", "x.py"));
        assertThat(audit.fault()).isPresent();

        Files.delete(file());
        note(exchange("b", "x.py"));

        assertThat(audit.fault()).isEmpty();
        assertThat(audit.lost()).isEqualTo(1);
        assertThat(ids(lines(file()))).containsExactly("b");
    }

    /** A named pipe without a reader stands for a disk that hangs. */
    @Test
    @Timeout(60)
    void answersThoughTheDiskHangs() throws Exception {
        start(folder.resolve("deep/audit.log"));
        Files.createDirectories(file().getParent());
        new ProcessBuilder("mkfifo", file().toString()).start().waitFor();

        for (String id : List.of("a", "b")) {
            long begin = System.nanoTime();
            note(exchange(id, "x.py"));
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
        }

        assertThat(audit.fault()).isPresent();
        assertThat(audit.lost()).isEqualTo(2);
        // a reader lets the writer go
        new ProcessBuilder("timeout", "10", "cat", file().toString()).start();
    }

    @Test
    void keepsFilesForSomeDays() throws Exception {
        start(
                folder.resolve("deep/audit.log"),
                "initialDelay: 60000",
                "initialDelay: 10",
                "delay: 3600000",
                "delay: 50");
        Files.createDirectories(file().getParent());
        Path old = Files.writeString(file().resolveSibling("audit.log.2026-01-01"), "{}\n");
        Path other = Files.writeString(file().resolveSibling("other.log"), "mine");
        Path young = Files.writeString(file().resolveSibling("audit.log.2026-01-02"), "{}\n");
        for (Path path : List.of(old, other)) {
            Files.setLastModifiedTime(path, FileTime.from(Instant.now().minus(Duration.ofDays(32))));
        }
        Files.setLastModifiedTime(young, FileTime.from(Instant.now().minus(Duration.ofDays(28))));

        Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> Files.notExists(old));

        assertThat(young).exists();
        assertThat(other).exists();
    }

    /** A site sends the entries to a place of its own: it changes the last step. */
    @Test
    void goesWhereTheRouteSays() throws Exception {
        start(
                folder.resolve("deep/audit.log"),
                "timeout: 1000",
                "timeout: 30000",
                "uri: file:{{audit.folder}}\n                  parameters:\n                    fileName: \"{{audit.name}}.",
                "uri: file:" + folder.resolve("elsewhere")
                        + "\n                  parameters:\n                    fileName: \"journal.");

        note(exchange("a", "x.py"));

        assertThat(ids(lines(folder.resolve("elsewhere/journal." + LocalDate.now(ZoneOffset.UTC)))))
                .containsExactly("a");
        assertThat(audit.newest(10, context.getName())).isEmpty();
    }

    @Test
    void doesNotLetStrangersFillTheDisk() throws Exception {
        start();
        note(exchange("mine", "x.py"));
        for (int i = 0; i < 200; i++) {
            Exchange exchange = new DefaultExchange(context);
            exchange.setProperty(Requester.PROPERTY, ANN);
            exchange.setProperty("operation", "run");
            exchange.getMessage().setBody(Verdict.refused(Verdict.Reason.UNAUTHORIZED, "no token"));
            note(exchange);
        }

        assertThat(lines(file())).hasSize(61);
    }

    @Test
    void writesARefusalOnceAndOnlyOfCommands() throws Exception {
        start();
        Exchange decided = exchange("a", "x.py");
        note(decided);
        decided.setProperty(Exchange.EXCEPTION_CAUGHT, new IllegalStateException("the reply"));
        note(decided);
        Exchange reading = new DefaultExchange(context);
        reading.setProperty(Exchange.EXCEPTION_CAUGHT, new IllegalStateException("no session 7"));
        note(reading);
        Exchange unreadable = new DefaultExchange(context);
        unreadable.setProperty(Requester.PROPERTY, ANN);
        unreadable.setProperty("operation", "run");
        unreadable.setProperty(Exchange.EXCEPTION_CAUGHT, new IllegalStateException("no JSON"));
        note(unreadable);

        assertThat(lines(file()).stream().map(entry -> entry.path("detail").asText()))
                .containsExactly("session 1 is running", "no JSON");
    }
}
