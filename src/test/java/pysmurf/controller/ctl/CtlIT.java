package pysmurf.controller.ctl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.Python;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;
import pysmurf.controller.session.Json;

/** The command line in front of a whole controller, on real sockets, with real scripts. */
class CtlIT extends SharedController {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final List<String> SMALL_TUNE = List.of("--simulate", "--seed", "1", "--arg=--channels", "--arg=16");

    @TempDir
    Path folder;

    CtlIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        Files.copy(
                Setup.PROJECT.resolve("config/tune_squids.yaml"), setup.folder().resolve("config/tune_squids.yaml"));
        Setup.addStream(setup.routes());
    }

    private String url() {
        return "http://127.0.0.1:" + controller.setup().get("http.port");
    }

    private TypedLine line(String... words) {
        return TypedLine.of(url(), words);
    }

    private TypedLine type(String... words) throws Exception {
        return line(words).run();
    }

    private JsonNode json(TypedLine line) throws Exception {
        return Json.read(line.out().getBytes(StandardCharsets.UTF_8));
    }

    private int newest() throws Exception {
        return http.get("/api/v1/sessions?limit=1").json().at("/0/session_id").asInt();
    }

    @Test
    void runsAScriptAndPrintsItsOutputByteForByte() throws Exception {
        for (String kind : List.of("invalid_utf8", "one_long_line", "no_newline")) {
            TypedLine typed = type("run", "output.py", kind);

            assertThat(typed.end()).as(typed.err()).isZero();
            assertThat(typed.outBytes()).as(kind).isEqualTo(Python.bytesOf(Setup.SCRIPTS.resolve("output.py"), kind));
        }
    }

    @Test
    void givesTheScriptItsArgumentsAsTheyAre() throws Exception {
        assertThat(type("run", "arguments.py", "a b", "--bands", "0,1", "true", "", "@x", "--", "--timeout", "ü")
                        .out())
                .isEqualTo("\"a b\"\n\"--bands\"\n\"0,1\"\n\"true\"\n\"\"\n\"@x\"\n\"--timeout\"\n\"\\u00fc\"\n");
    }

    @Test
    void endsAsTheSessionDoes() throws Exception {
        TypedLine failed = type("run", "exit_with.py", "42");
        TypedLine late = type("run", "--timeout", "0.3", "wait_for_file.py", "/never");
        TypedLine refused = type("run", "not_there.py");

        assertThat(failed.end()).isEqualTo(1);
        assertThat(failed.err()).contains("run failed after", "exit code 42");
        assertThat(late.end()).isEqualTo(5);
        assertThat(refused.end()).isEqualTo(3);
        assertThat(refused.err()).contains("script: no such script: not_there.py");
    }

    @Test
    void showsLinesThatAreKeptNowhere() throws Exception {
        TypedLine typed = type("run", "--no-log", "output.py", "mixed");

        assertThat(typed.out().lines()).hasSize(1000).startsWith("0", "1").endsWith("999");
        assertThat(type("log", Integer.toString(newest())).end()).isEqualTo(3);
    }

    @Test
    void abortsOnCtrlCAndWaitsForTheEnd() throws Exception {
        TypedLine running = line("run", "wait_for_file.py", "/never").start();
        running.awaitOut("ready");

        running.interrupt();

        assertThat(running.end()).isEqualTo(4);
        assertThat(running.out()).contains("tidied up");
        assertThat(running.err()).contains("Ctrl-C again leaves it to itself", "run aborted after");
    }

    @Test
    void leavesOnTheSecondCtrlC() throws Exception {
        TypedLine running = line("run", "stubborn.py").start();
        running.awaitOut("grandchild ready");

        running.interrupt();
        running.interrupt();

        assertThat(running.end()).isEqualTo(130);
        assertThat(running.err()).contains("Left to itself: session " + newestRun());
        http.awaitDone(newestRun());
    }

    private int newestRun() throws Exception {
        return http.get("/api/v1/sessions?limit=1&op=run")
                .json()
                .at("/0/session_id")
                .asInt();
    }

    @Test
    void abortsWhatRunsAndSaysHow() throws Exception {
        int id = http.start("run", script("wait_for_file.py", "/never"))
                .path("session_id")
                .asInt();
        http.awaitOutput(id, "ready");
        TypedLine busy = type("run", "exit_with.py", "0");
        TypedLine follower = line("log", "-f", Integer.toString(id)).start();

        TypedLine abort = type("abort");

        assertThat(busy.end()).isEqualTo(3);
        assertThat(busy.err()).contains("session " + id + " of run is running since 2", "pysmurf-ctl abort " + id);
        assertThat(abort.end()).isZero();
        assertThat(abort.out()).isEqualTo("Session " + id + " of run has ended: aborted, by SIGINT.\n");
        assertThat(follower.end()).isEqualTo(4);
        assertThat(follower.out()).startsWith("ready\ntidied up\n");
        assertThat(type("abort").end()).isEqualTo(3);
        assertThat(type("abort", Integer.toString(id)).end()).isEqualTo(3);
    }

    @Test
    void stopsAProcessAndSaysSo() throws Exception {
        int id = http.start("stream", params()).path("session_id").asInt();
        http.awaitOutput(id, "ready");

        TypedLine stop = type("stop");

        assertThat(stop.end()).isZero();
        assertThat(stop.out()).isEqualTo("Session " + id + " of stream has ended: succeeded.\n");
        assertThat(type("stop", Integer.toString(id)).end()).isEqualTo(3);
    }

    @Test
    void startsAnyOperationWithoutWaiting() throws Exception {
        Path gate = folder.resolve("gate");
        TypedLine detached = type(
                "--json",
                "start",
                "--detach",
                "run",
                "script=wait_for_file.py",
                "args=[\"" + gate + "\"]",
                "timeout=20");

        assertThat(detached.end()).isZero();
        JsonNode session = json(detached);
        assertThat(session.path("outcome").isNull()).isTrue();
        assertThat(session.path("command_id").asText()).startsWith("pysmurf-ctl-");
        assertThat(type("status").out())
                .contains("session " + session.path("session_id").asInt() + " of run");
        Files.createFile(gate);
        assertThat(http.awaitDone(session.path("session_id").asInt())
                        .path("outcome")
                        .asText())
                .isEqualTo("succeeded");
    }

    @Test
    void tunesAndShowsTheResults() throws Exception {
        List<String> words = new ArrayList<>(List.of("tune", "--bands", "0", "--to", "find_freq"));
        words.addAll(SMALL_TUNE);
        TypedLine typed = type(words.toArray(String[]::new));

        assertThat(typed.end()).as(typed.err()).isZero();
        assertThat(typed.err()).contains("stage 1 of 5  preflight", "stage 5 of 5  find_freq");
        assertThat(typed.out())
                .contains(
                        "tune_squids succeeded after", "band  resonators  assigned", "find_freq             succeeded")
                .contains(url() + "/api/v1/sessions/" + newest() + "/files/");

        Path downloads = folder.resolve("downloads");
        String id = Integer.toString(newest());
        assertThat(type("files", id).out()).contains("summary.json");
        TypedLine fetched = type("files", id, "--download", downloads.toString());
        assertThat(fetched.end()).as(fetched.err()).isZero();
        JsonNode files = http.session(newest()).path("files");
        assertThat(downloads.toFile().list()).hasSize(files.size());
        for (JsonNode file : files) {
            Path original = Path.of(file.path("path").asText());
            assertThat(downloads.resolve(original.getFileName())).hasSameBinaryContentAs(original);
        }
        Files.writeString(downloads.resolve("summary.json"), "mine");
        assertThat(type("files", id, "--download", downloads.toString()).end()).isEqualTo(1);
        assertThat(downloads.resolve("summary.json")).hasContent("mine");
        assertThat(type("show", id).out())
                .contains("Session " + id + " of tune_squids: succeeded", "band  resonators")
                .containsPattern("data +[0-9]+ entries, see http://.*/api/v1/sessions/" + id + "\n");
    }

    @Test
    void drawsABarOnATerminal() throws Exception {
        TypedLine typed =
                line("tune", "--simulate", "--to", "preflight").onTerminal(80).run();

        assertThat(typed.end()).as(typed.err()).isZero();
        assertThat(typed.err()).contains("\r", "[###").endsWith("\r\033[K");
        assertThat(typed.out()).doesNotContain("\r");
    }

    @Test
    void plansATune() throws Exception {
        TypedLine typed = type("tune", "--dry-run", "--preset", "check", "--simulate");

        assertThat(typed.end()).isZero();
        assertThat(typed.out()).contains("stages  tracking_setup, take_noise", "bands   0");
    }

    @Test
    void listsWhatThereIs() throws Exception {
        type("run", "exit_with.py", "3");

        assertThat(type("operations").out()).contains("run ", "tune_squids", "Runs one script.");
        assertThat(type("operations", "--names").out().lines()).contains("abort", "run", "tune_squids");
        assertThat(type("operations", "run").out()).contains("script", "(required)", "number|null");
        assertThat(type("scripts").out().lines()).contains("exit_with.py", "pysmurf/take_noise.py");
        assertThat(type("sessions", "--op", "run", "--outcome", "failed", "--limit", "1")
                        .out()
                        .lines())
                .hasSize(2)
                .element(1)
                .asString()
                .contains("run", "failed");
        assertThat(json(type("--json", "sessions", "--limit", "1")).isArray()).isTrue();
        assertThat(type("sessions", "--outcome", "good").end()).isEqualTo(3);
        assertThat(type("show", Integer.toString(newest())).out()).contains("exit code     3");
        assertThat(type("show", "99999").end()).isEqualTo(3);
        assertThat(type("health").out()).contains("mqtt", "UP");
        assertThat(type("status").out()).contains(controller.setup().id(), "nothing");
    }

    @Test
    void watchesWhatHappens() throws Exception {
        TypedLine words = line("watch").start();
        TypedLine lines = line("--json", "watch").start();
        try {
            // a watcher that is not there yet misses what happens; it is there when it sees something
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).until(() -> {
                http.run("arguments.py", "here");
                return words.out().contains("busy with session")
                        && words.out().contains("run  succeeded")
                        && lines.out().contains("\"succeeded\"");
            });

            assertThat(words.out()).contains("output ", "\"here\"");
            JsonNode first =
                    Json.read(lines.out().lines().findFirst().orElseThrow().getBytes(StandardCharsets.UTF_8));
            assertThat(first.path("event").asText()).isNotEmpty();
            assertThat(first.path("data").isObject()).isTrue();
        } finally {
            words.leave();
            lines.leave();
        }
    }

    /** The launcher, as a process of its own and by a link, with SIGINT as a terminal sends it. */
    @Test
    void isLaunchedAndInterruptedAsAProcess() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("ctl"), Setup.PROJECT.resolve("bin/pysmurf-ctl"));
        Path out = folder.resolve("out");
        // SIGINT may be ignored where the tests are run in the background, and that is inherited
        ProcessBuilder builder = new ProcessBuilder(
                "env", "--default-signal=INT", link.toString(), "--url", url(), "run", "wait_for_file.py", "/never");
        Process process = builder.redirectOutput(out.toFile())
                .redirectError(folder.resolve("err").toFile())
                .start();
        try {
            await().atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> !process.isAlive() || Files.readString(out).contains("ready"));
            new ProcessBuilder("kill", "-INT", Long.toString(process.pid()))
                    .start()
                    .waitFor();

            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue())
                    .as(Files.readString(folder.resolve("err")))
                    .isEqualTo(4);
            assertThat(out).content().startsWith("ready\ntidied up\n");
        } finally {
            process.destroyForcibly();
            Files.delete(link);
        }
    }

    @Test
    void completesWhatOnlyTheControllerKnows() throws Exception {
        Path completion = Files.writeString(
                folder.resolve("completion"), type("completion").out());
        String typing = "source " + completion + "; COMP_WORDS=(\"$1\" start tune_); COMP_CWORD=2;"
                + " _complete_pysmurf-ctl; echo \"${COMPREPLY[@]}\"";
        ProcessBuilder builder = new ProcessBuilder(
                "bash",
                "-c",
                typing,
                "bash",
                Setup.PROJECT.resolve("bin/pysmurf-ctl").toString());
        builder.environment().put("PYSMURF_CTL_URL", url());
        // out of a real completion compopt complains
        Process bash = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();

        assertThat(new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip())
                .isEqualTo("tune_squids");
    }
}
