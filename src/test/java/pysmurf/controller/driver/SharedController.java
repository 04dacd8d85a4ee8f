package pysmurf.controller.driver;

import java.nio.file.Path;
import java.time.Duration;
import org.assertj.core.api.Assertions;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Tests that share one controller. Each leaves it idle, with nothing alive of what it started. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class SharedController {

    protected ControllerUnderTest controller;
    protected HttpClientOfController http;

    private final ControllerUnderTest.Launcher launcher;

    protected SharedController(ControllerUnderTest.Launcher launcher) {
        this.launcher = launcher;
    }

    /** What the tests need beside the defaults. */
    protected void configure(Setup setup) throws Exception {}

    @BeforeAll
    void startController(@TempDir Path folder) throws Exception {
        Setup setup = Setup.in(folder);
        configure(setup);
        controller = launcher.start(setup);
        http = controller.http();
    }

    @AfterAll
    void stopController() {
        if (controller != null) {
            controller.close();
        }
    }

    @AfterEach
    void leaveIdle() throws Exception {
        http.post("/api/v1/operations/abort", "{\"force\": true}");
        Awaitility.await()
                .atMost(ControllerUnderTest.PATIENCE)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(10))
                .untilAsserted(() -> {
                    Assertions.assertThat(
                                    http.post("/api/v1/operations/abort", "{}").status())
                            .isEqualTo(409);
                    Assertions.assertThat(controller.setup().scriptProcesses().alive())
                            .isEmpty();
                });
    }
}
