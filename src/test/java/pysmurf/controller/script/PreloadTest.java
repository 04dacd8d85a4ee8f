package pysmurf.controller.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.Python;
import pysmurf.controller.observe.Health.Check;
import pysmurf.controller.observe.Health.State;
import pysmurf.controller.script.process.Launchers;

/** What health says of the modules that are imported for scripts, and what they see at their import. */
class PreloadTest {

    @TempDir
    Path folder;

    private Check check(String module, String program, String said) throws Exception {
        Files.writeString(folder.resolve(module + ".py"), program);
        Map<String, String> environment =
                Map.of("PATH", System.getenv("PATH"), "PYTHONPATH", folder.toString(), "SLOT", "4", "SITE", "here");
        try (Preload preload = new Preload(new Launchers(), Python.interpreter(), List.of(module), environment)) {
            assertThat(preload.check().state()).isEqualTo(State.UP);
            assertThat(preload.check().data()).containsEntry("ready", false);
            preload.begin();
            await().atMost(Duration.ofSeconds(20))
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> preload.check().data().get("ready").equals(true)
                            || !preload.check().detail().isEmpty());
            Check check = preload.check();
            assertThat(check.detail()).isEqualTo(said);
            return check;
        }
    }

    @Test
    void isUpWithTheModulesAndWhatTheyLeftOpen() throws Exception {
        Check check = check("harmless", "file = open(__file__)", "");

        assertThat(check.state()).isEqualTo(State.UP);
        assertThat(check.data()).containsEntry("modules", List.of("harmless")).containsEntry("native_threads", 0);
        assertThat((List<?>) check.data().get("descriptors"))
                .singleElement()
                .asString()
                .endsWith("harmless.py");
    }

    @Test
    void isDegradedByAThreadThatNoScriptWouldHave() throws Exception {
        Check check = check(
                "threaded",
                "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True, name='watcher').start()",
                "the modules began Python threads, which no script has: [watcher]");

        assertThat(check.state()).isEqualTo(State.DEGRADED);
        assertThat(check.data()).containsEntry("ready", true);
    }

    /** It sees the controller's environment without what is the slot's own. */
    @Test
    void isDegradedByAModuleThatCannotBeImported() throws Exception {
        Check check = check(
                "refusing",
                "import os\nraise ValueError(os.environ.get('SLOT'), os.environ['SITE'])",
                "scripts start without any of the modules: refusing: ValueError: (None, 'here')");

        assertThat(check.state()).isEqualTo(State.DEGRADED);
        assertThat(check.data()).containsEntry("ready", false);
    }
}
