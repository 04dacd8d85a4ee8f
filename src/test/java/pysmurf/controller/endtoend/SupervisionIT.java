package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.Setup;

/** What a supervisor asks, who has no token and must not kill a controller for what a restart does not help. */
class SupervisionIT {

    @TempDir
    Path folder;

    @Test
    void aFullDiskStopsCommandsButIsNoReasonToKill() throws Exception {
        Setup setup = Setup.in(folder).with("store.min-free", "900TiB");
        try (ControllerUnderTest controller = ControllerOfClasses.start(setup)) {
            controller
                    .http()
                    .post("/api/v1/operations/run", script("exit_with.py", 0))
                    .expect(503);

            JsonNode health =
                    controller.http().get("/observe/health").expect(503).json();
            JsonNode ready =
                    controller.http().get("/observe/health/ready").expect(503).json();
            assertThat(health.path("status").asText()).isEqualTo("DOWN");
            assertThat(ready.path("status").asText()).isEqualTo("DOWN");
            assertThat(ready.path("detail").asText()).contains("store.min-free");
            controller.http().get("/observe/health/live").expect(200);
        }
    }

    @Test
    void aBusyControllerIsReady() throws Exception {
        try (ControllerUnderTest controller = ControllerOfClasses.start(Setup.in(folder))) {
            controller.http().start("run", script("wait_for_file.py", "/never"));

            controller.http().get("/observe/health/ready").expect(200);
            controller.http().get("/observe/health/live").expect(200);
        }
    }

    @Test
    void healthNeedsNoTokenAndFiguresOneOfAViewer() throws Exception {
        Path tokens = Files.writeString(folder.resolve("tokens"), "viewer prometheus look\n");
        try (ControllerUnderTest controller =
                ControllerOfClasses.start(Setup.in(folder.resolve("controller")).with("auth.tokens-file", tokens))) {
            for (String path : new String[] {"/observe/health", "/observe/health/ready", "/observe/health/live"}) {
                controller.http().get(path).expect(200);
            }
            for (String path : new String[] {"/observe/metrics", "/openapi.json", "/asyncapi.json"}) {
                assertThat(controller
                                .http()
                                .get(path)
                                .problem(401)
                                .path("detail")
                                .asText())
                        .contains("token");
                HttpResponse<InputStream> reply = controller.http().open(path, "Authorization", "Bearer look");
                assertThat(reply.statusCode()).isEqualTo(200);
                reply.body().close();
            }
        }
    }
}
