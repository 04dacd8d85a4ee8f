package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.HttpClientOfController.params;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.Setup;

/** The controller is killed while a stage of a pipeline without bands runs, of which the first stage was left out. */
class CrashOfPipelineIT {

    private static final String STAGE = """
                    - to:
                        uri: kamelet:script
                        parameters:
                          stage: %s
                          script: level.py
                          args: %s
            """;
    private static final String ROUTE = """
            - route:
                id: level
                description: Measures a level three times.
                from:
                  uri: direct:operation-level
                  steps:
            """ + STAGE.formatted("first", "0") + STAGE.formatted("second", "0")
            + STAGE.formatted("third", "${exchangeProperty.params[wait]}");
    private static final String SETTINGS = """
            stages:
              third: {retries: 0, per_band: false, estimate: 1, estimate_simulated: 1,
                      gates: [{number: level, min: 1}]}
            """;
    private static final String SCRIPT = """
            import json, os, sys, time
            print("measures")
            while sys.argv[1] != "0" and not os.path.exists(sys.argv[1]):
                time.sleep(0.02)
            with open(os.environ["PYSMURF_RESULT_FILE"], "w") as result:
                json.dump({"numbers": {"level": 3}}, result)
            """;

    @TempDir
    Path folder;

    @Test
    void itsStageIsJudgedAndItEndsAsInterrupted() throws Exception {
        Setup setup = Setup.in(folder);
        Path scripts = Files.createDirectories(folder.resolve("config/scripts"));
        setup.with("scripts.roots", scripts + "," + Setup.PROJECT.resolve("config/scripts"));
        Files.writeString(scripts.resolve("level.py"), SCRIPT);
        Files.writeString(folder.resolve("config/level.yaml"), SETTINGS);
        Files.writeString(setup.routes().resolve("operations/level.camel.yaml"), ROUTE);
        Path released = folder.resolve("released");
        try (ControllerOfJar controller = ControllerOfJar.start(setup)) {
            int id = controller
                    .http()
                    .start("level", params().put("from_stage", "second").put("wait", released.toString()))
                    .path("session_id")
                    .asInt();
            await().untilAsserted(() -> assertThat(
                            controller.http().session(id).at("/stages/2/status").asText())
                    .isEqualTo("running"));
            controller.http().awaitOutput(id, "measures\nmeasures\n");
            controller.kill();
            // what close() would end is what the next controller is to find
            try (ControllerOfJar next = ControllerOfJar.start(setup)) {
                Files.createFile(released);
                JsonNode session = next.http().awaitDone(id);

                assertThat(session.path("outcome").asText())
                        .as(session.toString())
                        .isEqualTo("interrupted");
                assertThat(session.at("/stages/0/status").asText()).isEqualTo("skipped");
                assertThat(session.at("/stages/2/status").asText()).isEqualTo("succeeded");
                assertThat(session.at("/stages/2/numbers/level").asInt()).isEqualTo(3);
            }
        }
    }
}
