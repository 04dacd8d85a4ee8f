package pysmurf.controller.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.Json;

class SessionReportTest {

    private static JsonNode session(String json) throws JsonProcessingException {
        return Json.read(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void hasARowForEachBand() throws JsonProcessingException {
        JsonNode session = session("""
                {'params': {'bands': [0, 2]}, 'stages': [
                  {'name': 'find_freq', 'start_time': 1795402847.5, 'numbers': {'0': {'n_res': 60}, '2': {'n_res': 7}}},
                  {'name': 'setup_notches', 'numbers': {'0': {'n_assigned': 59}, '2': {'n_assigned': 7}}},
                  {'name': 'tracking_setup', 'numbers': {
                    '0': {'n_good': 58, 'n_all': 59, 'r2_median': 0.99986, 'f_ptp_khz': 100.76, 'df_ptp_khz': 38.57},
                    '2': {'n_good': 0, 'n_all': 7, 'r2_median': 0.05, 'f_ptp_khz': 2.0, 'df_ptp_khz': null}}},
                  {'name': 'take_noise', 'numbers': {'0': {'median_pa_rthz': 125.84}}}]}""");

        assertThat(new SessionReport(session).results().lines())
                .containsExactly(
                        "band  resonators  assigned  good/all  median r2  f_ptp kHz  df_ptp kHz  noise pA/rtHz",
                        "   0          60        59     58/59     0.9999      100.8        38.6          125.8",
                        "   2           7         7       0/7     0.0500        2.0           -              -");
    }

    @Test
    void hasARowForABandOfWhichNothingIsKnown() throws JsonProcessingException {
        JsonNode session = session(
                "{'params': {'bands': [5]}, 'stages': [{'name': 'find_freq', 'start_time': 1795402847.5, 'numbers': {}}]}");

        assertThat(new SessionReport(session).results().lines())
                .hasSize(2)
                .last()
                .asString()
                .matches(" +5( +-){7}");
    }

    @Test
    void hasNoResultsForASessionOfAnotherKind() throws JsonProcessingException {
        assertThat(new SessionReport(session("{'stages': [{'name': 'mine', 'start_time': 1795402847.5}]}"))
                        .results()
                        .lines())
                .isEmpty();
    }

    @Test
    void tellsHowLongEachStageTook() throws JsonProcessingException {
        JsonNode session = session("""
                {'stages': [
                  {'name': 'setup_amps', 'status': 'succeeded', 'start_time': 1795402847.5, 'end_time': 1795402859.75},
                  {'name': 'find_freq', 'status': 'failed', 'start_time': 1795402860, 'end_time': 1795402860.346,
                   'detail': 'n_res 3, at least 10'},
                  {'name': 'setup_notches', 'status': 'not_run', 'start_time': null, 'end_time': null},
                  {'name': 'safe_state', 'status': 'running', 'start_time': 1795402861, 'end_time': null}]}""");

        assertThat(new SessionReport(session).stages().lines())
                .containsExactly(
                        "setup_amps  succeeded   12.25 s",
                        "find_freq   failed       0.35 s  n_res 3, at least 10",
                        "safe_state  running");
    }
}
