package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;
import pysmurf.controller.driver.UdpEar;

/** What a controller tells those who watch it. */
class MetricsIT extends SharedController {

    private static final String NOWHERE = "nowhere.invalid:9000";

    private UdpEar ear;

    MetricsIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        ear = new UdpEar();
        setup.with("publisher.destinations", ear.address() + "," + NOWHERE);
    }

    @AfterAll
    void closeEar() {
        ear.close();
    }

    /** The value of a series, written as in the output; 0 if it is not there. */
    private double value(String series) throws Exception {
        return http.get("/observe/metrics")
                .expect(200)
                .text()
                .lines()
                .filter(line -> line.startsWith(series + " "))
                .findFirst()
                .map(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .orElse(0.0);
    }

    private void awaitValue(String series, double value) {
        await(series).atMost(PATIENCE).until(() -> value(series) == value);
    }

    @Test
    void namesAllBeginWithOnePrefix() throws Exception {
        List<String> names = http.get("/observe/metrics")
                .expect(200)
                .text()
                .lines()
                .filter(line -> !line.startsWith("#"))
                .toList();

        assertThat(http.get("/observe/metrics").header("Content-Type")).startsWith("text/plain; version=0.0.4");
        assertThat(names).isNotEmpty().allMatch(line -> line.startsWith("pysmurf_"));
        assertThat(names).anyMatch(line -> line.startsWith("pysmurf_jvm_memory_used_bytes"));
        assertThat(names).anyMatch(line -> line.startsWith("pysmurf_build_info{") && line.endsWith(" 1"));
    }

    @Test
    void countsSessionsByOutcome() throws Exception {
        String succeeded = "pysmurf_sessions_total{operation=\"run\",outcome=\"succeeded\"}";
        String failed = "pysmurf_sessions_total{operation=\"run\",outcome=\"failed\"}";
        double before = value(succeeded);
        double failedBefore = value(failed);
        double bytes = value("pysmurf_output_bytes_total");
        http.run("exit_with.py", 0);
        http.run("exit_with.py", 3);
        http.run("arguments.py", "a", "b");

        assertThat(value(succeeded)).isEqualTo(before + 2);
        assertThat(value(failed)).isEqualTo(failedBefore + 1);
        assertThat(value("pysmurf_session_duration_seconds_count{operation=\"run\"}"))
                .isGreaterThanOrEqualTo(3);
        assertThat(value("pysmurf_output_bytes_total")).isGreaterThan(bytes);
    }

    @Test
    void measuresLockRefusalsAndAborts() throws Exception {
        double aborts = value("pysmurf_abort_latency_seconds_count");
        String busy = "pysmurf_commands_refused_total{reason=\"busy\",transport=\"http\"}";
        double refused = value(busy);
        int id = http.start("run", script("wait_for_file.py", "/never"))
                .path("session_id")
                .asInt();
        http.awaitOutput(id, "ready");

        http.post("/api/v1/operations/run", script("exit_with.py", 0)).expect(409);
        assertThat(value(busy)).isEqualTo(refused + 1);
        assertThat(value("pysmurf_lock_held")).isEqualTo(1);
        assertThat(value("pysmurf_lock_held_seconds")).isPositive();

        http.runToEnd("abort", params());
        assertThat(value("pysmurf_abort_latency_seconds_count")).isEqualTo(aborts + 1);
        assertThat(value("pysmurf_abort_latency_seconds_sum")).isPositive();
        assertThat(value("pysmurf_lock_held")).isZero();
        assertThat(value("pysmurf_lock_held_seconds")).isZero();
    }

    @Test
    void countsWhatMqttRefuses() throws Exception {
        String series = "pysmurf_commands_refused_total{reason=\"invalid\",transport=\"mqtt\"}";
        double before = value(series);
        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.command("run", "no json");
        }
        awaitValue(series, before + 1);
    }

    @Test
    void countsDatagramsForEachDestination() throws Exception {
        String sent = "pysmurf_udp_destination_sent_total{destination=\"" + ear.address() + "\"}";
        String failed = "pysmurf_udp_destination_failed_total{destination=\"" + NOWHERE + "\"}";
        http.run("exit_with.py", 0);
        ear.await(message -> message.path("type").asText().equals("session_data"));

        awaitValue(sent, ear.heard().size());
        assertThat(value(failed)).isEqualTo(ear.heard().size());
        assertThat(value(sent.replace("sent", "failed"))).isZero();
        awaitValue("pysmurf_sink_sent_total{sink=\"udp\"}", ear.heard().size());

        JsonNode destinations = http.get("/observe/health").json().at("/checks/publisher/destinations");
        assertThat(destinations).hasSize(2);
        assertThat(destinations.get(0).path("sent").asInt())
                .isEqualTo(ear.heard().size());
        assertThat(destinations.get(1).path("host").asText()).isEqualTo("nowhere.invalid");
        assertThat(destinations.get(1).path("port").asInt()).isEqualTo(9000);
        assertThat(destinations.get(1).path("failed").asInt())
                .isEqualTo(ear.heard().size());
    }

    @Test
    void readinessAndLiveness() throws Exception {
        assertThat(http.get("/observe/health/ready")
                        .expect(200)
                        .json()
                        .path("status")
                        .asText()
                        .toLowerCase(Locale.ROOT))
                .isEqualTo("up");
        assertThat(http.get("/observe/health/live")
                        .expect(200)
                        .json()
                        .path("status")
                        .asText())
                .isEqualTo("UP");
    }
}
