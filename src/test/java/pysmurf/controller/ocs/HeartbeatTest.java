package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.junit.jupiter.api.Test;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.sink.SinkFailures;
import pysmurf.controller.wamp.WampComponent;

/** The heartbeat's route as it is shipped, on a machine so busy that one beat takes longer than the time between two. */
class HeartbeatTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long LATE_MS = 4500;

    /** Stands in for the calls of clients. */
    public static final class SlowFirstBeat {

        private final BlockingQueue<Long> beats = new LinkedBlockingQueue<>();

        public String heartbeat() throws InterruptedException {
            if (beats.isEmpty()) {
                new CountDownLatch(1).await(LATE_MS, TimeUnit.MILLISECONDS);
            }
            beats.add(System.nanoTime());
            return "beat";
        }

        public long penalty() {
            return 0;
        }

        public void decide() {}

        public void answer() {}

        public void fit() {}

        public void fault() {}
    }

    @Test
    void catchesUpAfterABeatThatCameLate() throws Exception {
        SlowFirstBeat calls = new SlowFirstBeat();
        try (DefaultCamelContext context = new DefaultCamelContext()) {
            Properties names = new Properties();
            names.setProperty("ocs.address", "observatory.x");
            names.setProperty("ocs.at-router", "true");
            context.getPropertiesComponent().setInitialProperties(names);
            context.addComponent("wamp", new WampComponent());
            context.getRegistry().bind("ocsCalls", calls);
            context.getRegistry().bind("ocsBridge", new OcsBridge());
            context.getRegistry().bind("sinkFailures", new SinkFailures());
            PluginHelper.getRoutesLoader(context)
                    .loadRoutes(
                            ResourceHelper.resolveMandatoryResource(
                                    context, "file:" + Setup.PROJECT.resolve("routes/errors.camel.yaml")),
                            ResourceHelper.resolveMandatoryResource(
                                    context, "file:" + Setup.PROJECT.resolve("routes/in/ocs.camel.yaml")));
            context.start();

            await().atMost(PATIENCE).until(() -> calls.beats.size() >= 5);
        }
        long first = calls.beats.remove();
        long fourth = calls.beats.stream().skip(3).findFirst().orElseThrow();
        // one after the other they would take three periods and more
        assertThat(Duration.ofNanos(fourth - first)).isLessThan(Duration.ofMillis(2500));
    }
}
