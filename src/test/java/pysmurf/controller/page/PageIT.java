package pysmurf.controller.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import pysmurf.controller.driver.FreePort;
import pysmurf.controller.driver.Python;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.TestNginx;

/** The page in a real browser, before the built controller, which asks for a token. */
@Tag("chromium")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PageIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String TOKEN = "only-for-this-test";
    static final String AXE = "/META-INF/resources/webjars/axe-core/4.6.3/axe.min.js";

    private Path folder;

    private Path routes;
    private Path scripts;
    private int port;
    private Process controller;
    private Browser browser;

    @BeforeAll
    void start(@TempDir Path temporary) throws Exception {
        folder = temporary;
        scripts = Browser.folder(folder, "scripts");
        // each line in one write: one whose end is long in coming is shown in pieces, and counted so
        Files.writeString(
                scripts.resolve("flood.py"), "import sys\nfor i in range(100000): sys.stdout.write(f'line {i}\\n')\n");
        Files.writeString(scripts.resolve("bar.py"), """
                import sys, time
                for percent in range(0, 101, 5):
                    sys.stdout.write(f'\\r{percent}%')
                    time.sleep(0.06)
                print()
                print('end')
                """);
        Files.writeString(scripts.resolve("wait.py"), "import signal\nsignal.pause()\n");
        routes = folder.resolve("routes");
        copy(root().resolve("routes"), routes);
        Files.writeString(routes.resolve("operations/poll.schema.json"), "{\"type\": \"object\", \"x-lock\": false}");
        Files.writeString(
                scripts.resolve("until_stopped.py"),
                "import signal\nsignal.signal(signal.SIGINT, lambda number, frame: None)\nprint('streaming', flush=True)\nsignal.pause()\n");
        Setup.addStream(routes);
        Files.writeString(routes.resolve("operations/poll.camel.yaml"), """
                - route:
                    id: poll
                    from:
                      uri: direct:operation-poll
                      steps:
                        - to: {uri: kamelet:script, parameters: {script: wait.py}}
                """);
        Files.writeString(folder.resolve("tokens"), "operator night " + TOKEN + "\n");
        port = FreePort.tcp();
        startController(Map.of());
        browser = new Browser(Browser.folder(folder, "profile"));
        await().atMost(PATIENCE).until(this::isServed);
        browser.look(1280, 800, false);
        browser.open(url(""));
        until(() -> !browser.texts("dialog h2").isEmpty());
        browser.type("dialog input[type=password]", TOKEN);
        browser.click("dialog button");
        until(() -> state().startsWith("idle"));
    }

    private static Path root() {
        return Path.of(System.getProperty("project.root", "."));
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            files.forEach(file -> {
                try {
                    Files.copy(file, to.resolve(from.relativize(file).toString()));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    /** As in production: the built jar, in a process of its own. */
    private void startController(Map<String, String> more) throws Exception {
        ProcessBuilder builder = new ProcessBuilder("bin/pysmurf-controller");
        builder.directory(root().toAbsolutePath().toFile());
        Map<String, String> environment = builder.environment();
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        environment.put("CONTROLLER_ROUTES_DIR", routes.toString());
        environment.put("HTTP_PORT", Integer.toString(port));
        environment.put("MQTT_EMBEDDED_PORT", "0");
        environment.put("PUBLISHER_LISTEN_PORT", "0");
        environment.put("DATA_DIR", folder.resolve("data").toString());
        environment.put(
                "SCRIPTS_ROOTS",
                scripts + "," + root().resolve("config/scripts").toAbsolutePath());
        environment.put("SCRIPTS_PYTHON", Python.interpreter());
        environment.put("HTTP_TRUSTED_PROXIES", "127.0.0.1");
        environment.put("AUTH_TOKENS_FILE", folder.resolve("tokens").toString());
        environment.putAll(more);
        controller = builder.redirectErrorStream(true)
                .redirectOutput(folder.resolve("controller.log").toFile())
                .start();
    }

    private void stopController() throws InterruptedException {
        controller.destroy();
        if (!controller.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            controller.destroyForcibly();
        }
    }

    private boolean isServed() {
        try {
            URL page = URI.create(url("")).toURL();
            return ((HttpURLConnection) page.openConnection()).getResponseCode() == HttpURLConnection.HTTP_OK;
        } catch (IOException e) {
            return false;
        }
    }

    @AfterAll
    void stop() throws Exception {
        if (browser != null) {
            browser.close();
        }
        stopController();
    }

    @BeforeEach
    void fromTheBeginning() throws Exception {
        browser.look(1280, 800, false);
        go("now");
        until(() -> state().startsWith("idle"));
    }

    private String url(String path) {
        return "http://127.0.0.1:" + port + "/" + path;
    }

    /** Another view, as a link in the page leads to it: without loading the page again. */
    private void go(String view) throws Exception {
        browser.run("location.hash = '#/' + arguments[0]", view);
        until(() -> browser.run("return location.hash").asText().equals("#/" + view));
    }

    private String state() throws Exception {
        return String.join("", browser.texts("#state-text"));
    }

    private void until(Callable<Boolean> condition) throws Exception {
        try {
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).until(condition);
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("the page shows: " + browser.text(), e);
        }
    }

    @Test
    void startsATuneWatchesItsStagesAndShowsWhatCameOfIt() throws Exception {
        go("start/tune_squids");
        until(() -> !browser.texts("#start-button").isEmpty());

        browser.click("#start-button");

        until(() -> state().startsWith("running tune_squids"));
        until(() -> browser.texts(".stage.is-running .stage-progress").stream()
                .anyMatch(text -> text.matches("band 0: \\d+ of \\d+ .*")));
        until(() -> browser.texts(".stage.is-succeeded").size() >= 3);
        until(() -> browser.texts(".now-head .badge").contains("✓ succeeded"));
        assertThat(browser.texts(".stage.is-succeeded")).hasSize(9);
        assertThat(state()).startsWith("idle · last: tune_squids succeeded");
        until(() -> browser.texts(".line").stream().anyMatch(line -> line.startsWith("take_noise band 0 done")));

        browser.click(".now-head .button.primary");
        until(() -> browser.texts("td.good").size() > 5);
        assertThat(browser.texts("td.bad")).isEmpty();
        assertThat(browser.texts(".numbers .gate")).contains("≤ 250", "7.8 to 8.2");

        String session = browser.run("return location.hash").asText().replaceAll("\\D", "");
        go("results/" + session + "/plots");
        until(() -> browser.texts("figure").size() == 7);
        until(() -> browser.run("return [...document.querySelectorAll('.plot img')].some(one => one.naturalWidth > 0)")
                .asBoolean());
        browser.click(".plot");
        until(() -> browser.run("return document.querySelector('.lightbox img')?.naturalWidth > 0")
                .asBoolean());
        browser.run("document.querySelector('.lightbox').close()");

        go("results/" + session + "/files");
        until(() -> browser.texts(".files code").stream().allMatch(sha -> sha.matches("[0-9a-f]{64}")));
        assertThat(browser.texts(".files tbody a")).contains("summary.json", "truth.json");
        go("results/" + session + "/summary");
        until(() -> String.join("", browser.texts(".json")).contains("\"outcome\": \"succeeded\""));
        go("history?op=tune_squids&outcome=succeeded");
        until(() -> browser.texts(".history tbody tr td:first-child").contains("#" + session + " tune_squids"));
    }

    /** As an operator has it whose proxy serves several crates. */
    @Test
    @Tag("nginx")
    void worksBelowAPathOfAProxy() throws Exception {
        try (TestNginx nginx = new TestNginx(Browser.folder(folder, "nginx"), port)) {
            browser.open("http://127.0.0.1:" + nginx.port() + TestNginx.PATH + "/#/start/tune_squids");
            until(() -> !browser.texts("dialog h2").isEmpty());
            assertThat(browser.texts("dialog button")).containsExactly("Continue");
            browser.type("dialog input[type=password]", TOKEN);
            browser.click("dialog button");
            until(() -> state().startsWith("idle"));
            until(() -> !browser.texts("#start-button").isEmpty());
            browser.click("#start-button");
            until(() -> browser.texts(".stage.is-succeeded").size() >= 1);
            browser.click("#abort-button");
            browser.click("#abort-confirm");
            until(() -> !browser.texts("#abort-result").isEmpty());
            assertThat(browser.run("return Object.keys(sessionStorage)").toString())
                    .isEqualTo("[\"pysmurf-token/crate1\"]");
        } finally {
            browser.open(url(""));
        }
    }

    @Test
    void abortsInTheMiddleInTwoStepsAndTellsWhatTheLadderDid() throws Exception {
        browser.run(
                "return fetch('/api/v1/operations/tune_squids', {method: 'POST', "
                        + "body: '{\"bands\": [0], \"faults\": [\"hang@find_freq\"]}', "
                        + "headers: {Authorization: 'Bearer ' + arguments[0]}})",
                TOKEN);
        // between two stages there is no process that a signal could go to
        until(() -> browser.texts(".stage.is-succeeded").size() >= 2
                && browser.run("return document.body.innerText").asText().contains("hanging"));

        browser.click("#abort-button");
        assertThat(state()).startsWith("running");
        browser.click("#abort-confirm");

        until(() -> !browser.texts("#abort-result").isEmpty());
        assertThat(browser.texts("#abort-result").get(0)).contains("aborted", "no process survived");
        assertThat(browser.texts(".ladder .reached")).containsExactly("SIGINT sent");
        assertThat(browser.texts(".now-head .badge")).contains("■ aborted");
        assertThat(browser.texts(".stage.is-aborted")).hasSize(1);
        browser.click("#abort-panel button");
        until(() -> browser.run("return document.getElementById('abort-panel').hidden")
                .asBoolean());
        assertThat(browser.run("return document.activeElement.id").asText()).isEqualTo("abort-button");
    }

    @Test
    void stopsAProcess() throws Exception {
        int id = started("stream", "{}");
        go("now");
        until(() -> state().startsWith("running stream #" + id)
                && browser.run("return document.body.innerText").asText().contains("streaming"));

        browser.click("button.stop");

        until(() -> browser.texts(".now-head .badge").contains("✓ succeeded"));
        assertThat(browser.texts("button.stop")).isEmpty();
    }

    @Test
    void showsWhatRunsWithoutTheLockBesideWhatHoldsIt() throws Exception {
        String run = "run #" + started("run", "{\"script\": \"wait.py\"}");
        String poll = "poll #" + started("poll", "{}");
        // then neither is among the newest
        for (int i = 0; i < 10; i++) {
            started("tune_squids", "{\"dry_run\": true}");
        }
        until(() -> state().startsWith("running " + run)
                && browser.texts(".beside a").equals(List.of(poll)));
        browser.open(url(""));
        until(() -> state().startsWith("running " + run)
                && browser.texts(".beside a").equals(List.of(poll)));
        assertThat(browser.texts(".now-head .facts").get(0)).contains(" by night over HTTP");
        go("start/poll");
        until(() -> browser.texts("#start-button").equals(List.of("Start poll")));
        assertThat(browser.texts(".submit [role=status]")).containsExactly("");
        go("start/run");
        until(() -> browser.texts(".submit [role=status]").equals(List.of("Busy: " + run + " is running.")));

        go("now");
        abort("#abort-button", run);

        until(() -> state().startsWith("idle · also running: " + poll));
        assertThat(browser.texts(".now-head a").get(0)).isEqualTo(run);
        go("start/run");
        until(() -> browser.texts("#start-button").equals(List.of("Start run")));
        assertThat(browser.texts(".submit [role=status]")).containsExactly("");
        go("now");
        String second = "poll #" + started("poll", "{}");
        until(() -> browser.texts(".beside a").equals(List.of(poll, second)));
        abort(".beside li:first-child button", poll);
        until(() -> browser.texts(".beside a").equals(List.of(second)));
        abort(".beside button", second);
        until(() -> browser.texts(".beside a").isEmpty());
    }

    private int started(String operation, String body) throws Exception {
        return browser.run(
                        "return fetch('/api/v1/operations/' + arguments[0], {method: 'POST', body: arguments[1], "
                                + "headers: {Authorization: 'Bearer ' + arguments[2]}})"
                                + ".then(reply => reply.json()).then(session => session.session_id)",
                        operation,
                        body,
                        TOKEN)
                .asInt();
    }

    private void abort(String button, String session) throws Exception {
        browser.click(button);
        assertThat(browser.texts("#abort-panel strong")).containsExactly("Abort " + session + "?");
        browser.click("#abort-confirm");
        until(() -> browser.texts("#abort-result").toString().contains("■ aborted"));
        assertThat(browser.texts("#abort-panel p").get(0))
                .startsWith("Abort of " + session + " asked by night over HTTP");
        browser.click("#abort-panel button");
    }

    @Test
    void tellsWhatIsWrongWithAValueAtItsField() throws Exception {
        go("start/tune_squids");
        until(() -> !browser.texts("[data-field=bands] button").isEmpty());
        browser.click("[data-field=bands] button:last-child");
        browser.click("details.more summary");
        browser.type("[data-field=timeout] input", "soon");

        assertThat(String.join("", browser.texts("[aria-label=curl]")))
                .contains("/api/v1/operations/tune_squids", "-d '{\"bands\":[],\"timeout\":\"soon\"}'");
        assertThat(String.join("", browser.texts("[aria-label=mosquitto_pub]")))
                .contains("-t 'pysmurf/pysmurf-controller/command/tune_squids'");
        browser.click("#start-button");

        until(() -> browser.texts(".field.invalid").size() == 2);
        assertThat(browser.texts("[data-field=timeout] .field-fault").get(0)).contains("must be of type");
        assertThat(browser.run("return document.activeElement.closest('.field').dataset.field")
                        .asText())
                .isEqualTo("bands");
        assertThat(state()).startsWith("idle");
    }

    @Test
    void staysQuickWithAHundredThousandLines() throws Exception {
        go("start/run");
        until(() -> browser.texts("select.chooser option").contains("flood.py"));
        browser.type("[data-field=script] input", "flood.py");
        browser.click("#start-button");

        until(() -> browser.texts(".output-info").contains("100,000 lines"));
        assertThat(browser.texts(".line")).hasSizeLessThan(200);
        until(() -> browser.texts(".line").contains("line 99999"));

        browser.type(".search", "line 4711");
        until(() -> browser.texts(".output-tools [role=status]").contains("11 found"));
        browser.click("[aria-label='Next match']");
        until(() -> browser.texts(".line.found").contains("line 4711"));
    }

    /** Live, and read from the log when all is over. */
    @Test
    void showsAProgressBarAsOneLine() throws Exception {
        go("start/run");
        until(() -> browser.texts("select.chooser option").contains("bar.py"));
        browser.type("[data-field=script] input", "bar.py");
        browser.click("#start-button");

        until(() -> String.join("", browser.texts(".line")).matches("\\d{1,2}%"));
        until(() -> browser.texts(".line").equals(List.of("100%", "end")));
        assertThat(browser.texts(".output-info")).containsExactly("2 lines");
        browser.open(url(""));
        until(() -> browser.texts(".line").equals(List.of("100%", "end")));
        assertThat(browser.texts(".output-info")).containsExactly("2 lines");
    }

    @Test
    void showsANewOperationAndABrokenRouteWithoutALoad() throws Exception {
        browser.run("window.notLoadedAgain = true");
        go("start");
        Files.writeString(routes.resolve("operations/hello.camel.yaml"), """
                - route:
                    id: hello
                    description: Says hello.
                    from:
                      uri: direct:operation-hello
                      steps:
                        - log: hello
                """);
        Files.writeString(routes.resolve("operations/typo.camel.yaml"), """
                - route:
                    id: typo
                    from:
                      uri: direct:operation-typo
                      steps:
                        - lgo: hello
                """);
        Files.writeString(routes.resolve("operations/poll.schema.json"), "{");
        until(() -> browser.texts(".operations strong").contains("hello"));
        go("now");
        until(() -> browser.texts("main .notice li").size() == 2);
        assertThat(state()).contains("degraded (routes)");
        go("health");
        until(() -> browser.texts(".check li").size() == 2);
        assertThat(browser.texts(".check li"))
                .anyMatch(text -> text.startsWith("operations/typo.camel.yaml line 6: "))
                .anyMatch(text -> text.startsWith("operations/poll.schema.json line 1: "));
        assertThat(browser.texts("[aria-label=files] dd time")).hasSize(1);

        Files.writeString(routes.resolve("operations/poll.schema.json"), "{\"type\": \"object\", \"x-lock\": false}");
        Files.delete(routes.resolve("operations/typo.camel.yaml"));
        Files.delete(routes.resolve("operations/hello.camel.yaml"));
        until(() -> !state().contains("degraded"));
        assertThat(browser.run("return window.notLoadedAgain").asBoolean()).isTrue();
    }

    /** The last, since it leaves the controller without its broker. */
    @Test
    @Order(Integer.MAX_VALUE)
    void survivesARestartAndShowsThatTheBrokerIsDown() throws Exception {
        browser.run("window.notLoadedAgain = true");
        stopController();
        until(() -> browser.texts("#connection").get(0).startsWith("Connection lost"));
        assertThat(state()).isEqualTo("not connected");

        startController(Map.of("MQTT_BROKER_URL", "tcp://127.0.0.1:1"));

        until(() -> browser.texts("#connection").get(0).startsWith("Connected again: the controller was restarted"));
        until(() -> state().startsWith("idle") && state().contains("degraded (mqtt)"));
        assertThat(browser.run("return window.notLoadedAgain").asBoolean()).isTrue();
        assertThat(String.join("", browser.texts("main .notice"))).contains("mqtt:");
        go("health");
        until(() -> browser.texts(".check.is-degraded h2").contains("mqtt ! degraded"));
    }

    @ParameterizedTest
    @CsvSource({"1280, 800, false", "390, 844, true"})
    void isAccessibleAndFitsInItsWindow(int width, int height, boolean dark) throws Exception {
        browser.look(width, height, dark);
        browser.load(Browser.resource(AXE));
        for (String view : List.of("now", "start/tune_squids", "start/run", "results", "history", "health")) {
            go(view);
            until(() -> browser.texts("main h1").size() == 1);
            JsonNode result = browser.run("return axe.run({resultTypes: ['violations']})");
            assertThat(serious(result)).as(view).isEmpty();
            assertThat(browser.run("return document.documentElement.scrollWidth")
                            .asInt())
                    .as("width of %s", view)
                    .isLessThanOrEqualTo(width);
        }
    }

    static List<String> serious(JsonNode result) {
        return Stream.iterate(0, i -> i + 1)
                .limit(result.path("violations").size())
                .map(result.path("violations")::path)
                .filter(one -> List.of("serious", "critical")
                        .contains(one.path("impact").asText()))
                .map(one -> one.path("id").asText() + " "
                        + one.path("nodes").path(0).path("html").asText() + " "
                        + one.path("nodes").path(0).path("failureSummary").asText())
                .toList();
    }
}
