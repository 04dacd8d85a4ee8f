package pysmurf.controller.driver;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** A whole controller, running, as the world outside sees it. */
public interface ControllerUnderTest extends AutoCloseable {

    /** How long anything may take that is expected to happen; nothing waits that long when all is well. */
    Duration PATIENCE = Duration.ofSeconds(60);

    /** A way to start one. */
    interface Launcher {

        ControllerUnderTest start(Setup setup) throws Exception;
    }

    /** What it was started with. */
    Setup setup();

    /** Its HTTP interface. */
    default HttpClientOfController http() {
        return setup().http();
    }

    /** Its broker, embedded or not. */
    default String brokerUrl() {
        return setup().brokerUrl();
    }

    /** A topic below the controller's own. */
    default String topic(String level) {
        return setup().topic(level);
    }

    /** Stops it as an operator would; returns when it has stopped. */
    void stop();

    /** Stops it if it still runs. */
    @Override
    void close();

    /** Waits until it serves HTTP and, where a broker is expected, has reached it. */
    static void awaitReady(ControllerUnderTest controller, BooleanSupplier running) {
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> {
            if (!running.getAsBoolean()) {
                throw new IllegalStateException("the controller ended instead of starting");
            }
            try {
                JsonNode checks =
                        controller.http().get("/observe/health").json().path("checks");
                // as long as the controller starts it says that, and has no checks
                return checks.isObject()
                        && (checks.at("/mqtt/status").asText().equals("UP")
                                || !controller.setup().brokerExpected());
            } catch (IOException notYet) {
                // or not any more: a start that fails ends what it listened with
                return false;
            }
        });
    }
}
