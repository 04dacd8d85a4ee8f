package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;

/** A controller that is killed while scripts run that were forked from a launcher, which goes on with them. */
class CrashOfForkedScriptIT extends SharedController {

    @TempDir
    Path folder;

    private Path fails;

    CrashOfForkedScriptIT() {
        super(ControllerOfJar::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        CrashIT.addBeside(setup);
        Path scripts = Files.createDirectories(setup.folder().resolve("config/scripts"));
        fails = Files.writeString(scripts.resolve("fails.py"), """
                import os, sys, time
                print("parent", os.getppid(), flush=True)
                while not os.path.exists(sys.argv[1]):
                    time.sleep(0.005)
                sys.exit(3)
                """);
        setup.with("scripts.roots", scripts + "," + setup.get("scripts.roots"))
                .with("scripts.preload", "json")
                .with("publisher.listen-port", 0);
    }

    private int start(String operation, ObjectNode params, String ready) throws Exception {
        int id = http.start(operation, params).path("session_id").asInt();
        http.awaitOutput(id, ready);
        return id;
    }

    /** One script goes on, one has ended while no controller was there, of one a daemon is left, and one is aborted. */
    @Test
    void knowsTheExitCodesThatTheLauncherLeft() throws Exception {
        http.awaitLauncher();
        long launcher =
                http.get("/observe/health").json().at("/checks/preload/pid").asLong();
        Path early = folder.resolve("early");
        Path late = folder.resolve("late");
        String forked = "parent " + launcher;
        int adopted = start("run", script(fails.toString(), late.toString()), forked);
        int gone = start("beside", script(fails.toString(), early.toString()), forked);
        int daemon = start("beside", script("daemonizes.py", early.toString()), "daemon ready");
        int aborted =
                start("beside", script(fails.toString(), folder.resolve("never").toString()), forked);
        assertThat(controller.setup().scriptProcesses().alive()).hasSize(5);
        ((ControllerOfJar) controller).kill();
        Files.createFile(early);
        await().atMost(PATIENCE)
                .until(() -> controller.setup().scriptProcesses().alive().size() == 3);

        controller = ControllerOfJar.start(controller.setup());
        http = controller.http();

        http.post("/api/v1/sessions/" + aborted + "/abort", params());
        Files.createFile(late);
        assertEnded(adopted, "failed", 3);
        assertThat(http.session(adopted).path("messages").toString()).contains("Script has finished with exit code 3");
        assertEnded(gone, "interrupted", 3);
        assertEnded(daemon, "interrupted", 0);
        assertEnded(aborted, "aborted", 130);
        assertThat(controller.setup().scriptProcesses().alive()).isEmpty();
        await().atMost(PATIENCE).until(() -> !Files.exists(Path.of("/proc", Long.toString(launcher))));
        assertThat(controller.setup().data().resolve("output")).isDirectoryNotContaining("glob:**.exit*");
    }

    private void assertEnded(int id, String outcome, int exitCode) {
        JsonNode session = http.awaitDone(id);
        assertThat(session.path("outcome").asText()).as(session.toString()).isEqualTo(outcome);
        assertThat(session.path("exit_code").asInt(-1)).isEqualTo(exitCode);
    }
}
