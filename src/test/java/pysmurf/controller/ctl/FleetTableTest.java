package pysmurf.controller.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.Json;

class FleetTableTest {

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    private FleetTable table(int columns) {
        return new FleetTable(new PrintStream(written, true, StandardCharsets.UTF_8), columns);
    }

    private static JsonNode session(String stages, String lists) throws Exception {
        String json = "{'data': {'fleet': {" + lists + "}}, 'stages': [" + stages + "]}";
        return Json.read(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }

    private static JsonNode running() throws Exception {
        return session(
                "{'name': 'a', 'status': 'running', 'numbers': {'session_id': 7, 'took_s': null, 'attempts': 2}},"
                        + "{'name': 'b', 'status': 'failed', 'end_time': 3, 'numbers': {'attempts': 1}, 'detail': 'offline'},"
                        + "{'name': 'c', 'status': 'not_run', 'numbers': {}}",
                "'offline': ['b']");
    }

    private String written() {
        return written.toString(StandardCharsets.UTF_8);
    }

    @Test
    void hasALineForEachMember() throws Exception {
        assertThat(FleetTable.of(running()).lines())
                .containsExactly(
                        "a  running  session 7    tried 2 times",
                        "b  offline                              offline",
                        "c  not run");
    }

    @Test
    void isRedrawnInPlaceOnATerminal() throws Exception {
        FleetTable table = table(25);
        table.show(running(), 1.44);
        String first = "a  running  session 7   \033[K\nb  offline              \033[K\nc  not run\033[K\n"
                + "1 of 3 have ended    1.4\033[K\n\033[J";
        assertThat(written()).isEqualTo(first);
        table.show(running(), 2);
        assertThat(written()).startsWith(first + "\033[4A\ra  running").endsWith("2.0\033[K\n\033[J");
        table.clear();
        assertThat(written()).endsWith("\033[4A\r\033[J");
    }

    @Test
    void tellsOfChangesElsewhere() throws Exception {
        FleetTable table = table(0);
        table.show(running(), 1);
        table.show(running(), 2);
        table.show(session("{'name': 'a', 'status': 'succeeded'}", "'succeeded': ['a']"), 3);
        assertThat(written().lines())
                .containsExactly("  1.0 s  a  running", "  1.0 s  b  offline", "  3.0 s  a  succeeded");
    }
}
