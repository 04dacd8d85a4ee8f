package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.Setup;

/** The controller's own log, for machines. */
class JsonLogOfJarIT {

    @TempDir
    Path folder;

    @Test
    void everyLineIsAnObjectAndTellsItsSession() throws Exception {
        try (ControllerOfJar controller = ControllerOfJar.start(Setup.in(folder).with("logging.format", "json"))) {
            int id = controller
                    .http()
                    .run("arguments.py", "one", "two")
                    .path("session_id")
                    .asInt();
            await().atMost(PATIENCE).until(() -> controller.log().contains("done"));

            List<JsonNode> lines = new ArrayList<>();
            for (String line : controller.log().lines().toList()) {
                lines.add(new ObjectMapper().readTree(line));
            }
            assertThat(lines)
                    .allMatch(line -> line.path("level").isTextual()
                            && line.path("formattedMessage").isTextual());
            List<JsonNode> ofSession = lines.stream()
                    .filter(line -> line.path("formattedMessage").asText().startsWith("run:" + id))
                    .toList();
            assertThat(ofSession)
                    .isNotEmpty()
                    .allMatch(line -> line.at("/mdc/session_id").asText().equals(Integer.toString(id))
                            && line.at("/mdc/op_name").asText().equals("run"));
            assertThat(ofSession)
                    .anyMatch(line -> line.path("loggerName").asText().equals("script"));
            assertThat(lines).anyMatch(line -> !line.path("mdc").has("session_id"));
        }
    }
}
