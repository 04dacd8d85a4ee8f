package pysmurf.controller.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.session.Json;

/** How command lines are read, what is sent for them, and with which exit code they end. */
class CtlTest {

    private static final String SECRET = "s3cret-token";

    private FakeController controller;

    @TempDir
    Path folder;

    @BeforeEach
    void startController() throws Exception {
        controller = new FakeController();
    }

    @AfterEach
    void stopController() {
        controller.close();
    }

    private TypedLine type(String... words) throws Exception {
        return TypedLine.of(controller.url(), words).run();
    }

    private JsonNode sent() {
        assertThat(controller.commands()).hasSize(1);
        return controller.commands().get(0).params();
    }

    private static JsonNode json(String text) throws JsonProcessingException {
        return Json.read(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "run blink.py                               | {'script':'blink.py','args':[]}",
                "run blink.py 3 true                        | {'script':'blink.py','args':['3','true']}",
                "run blink.py --timeout 5 --no-log 3        | {'script':'blink.py','args':['3'],'log':false,'timeout':5}",
                "run --log blink.py                         | {'script':'blink.py','args':[],'log':true}",
                "run --log-file=a/b.txt blink.py            | {'script':'blink.py','args':[],'log':'a/b.txt'}",
                "run blink.py --bands 0 -v @file            | {'script':'blink.py','args':['--bands','0','-v','@file']}",
                "run --detach blink.py -- --timeout 5 --json -h"
                        + " | {'script':'blink.py','args':['--timeout','5','--json','-h']}",
                "tune                                       | {}",
                "tune --bands 0,1 --preset relock --dry-run | {'bands':[0,1],'preset':'relock','dry_run':true}",
                "tune --from find_freq --to take_noise --skip serial_algs,squid_curve --on-gate-fail warn"
                        + " | {'from_stage':'find_freq','to_stage':'take_noise','skip':['serial_algs','squid_curve'],"
                        + "'on_gate_fail':'warn'}",
                "tune --simulate --seed 7 --faults a,b@c    | {'simulate':true,'seed':7,'faults':['a','b@c']}",
                "tune --hardware --timeout 2.5 --no-log     | {'simulate':false,'timeout':2.5,'log':false}",
                "tune --arg=--channels --arg 16             | {'args':['--channels','16']}",
                "start noise band=3 time=0.5 bands=0,1 name=3 | {'band':3,'time':0.5,'bands':[0,1],'name':'3'}",
                "start noise name=a=b other=true            | {'name':'a=b','other':true}",
                "start nothing_known                        | {}",
                "abort --force                              | {'force':true}",
                "abort 7                                    | {}",
            })
    void sendsWhatIsTyped(String line, String params) throws Exception {
        TypedLine typed = type(line.split(" +"));

        assertThat(typed.end()).as(typed.err()).isZero();
        assertThat(sent()).isEqualTo(json(params));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "statsu",
                "run",
                "run --timout 5 blink.py",
                "run --log --log-file x blink.py",
                "run blink.py --timeout soon",
                "tune --bands a",
                "tune --simulate --hardware",
                "tune 3",
                "start noise band",
                "start noise band=x",
                "start noise band=1 band=2",
                "fleet",
                "fleet noise band=x",
                "fleet noise --member-params {",
                "show me",
                "sessions --limit -1",
                "--url ftp://somewhere/ status",
                "--url http://user:" + SECRET + "@somewhere/ status",
                "--token-file /nowhere/to/be/found status"
            })
    void sendsNothingForALineThatIsWrong(String line) throws Exception {
        TypedLine typed = type(line.isEmpty() ? new String[0] : line.split(" "));

        assertThat(typed.end()).isEqualTo(2);
        assertThat(typed.err()).contains("pysmurf-ctl").doesNotContain(SECRET);
        assertThat(typed.out()).isEmpty();
        assertThat(controller.commands()).isEmpty();
    }

    @Test
    void commandsAFleetByOneOfSeveralControllers() throws Exception {
        TypedLine typed = type(
                "--controller",
                "crate1",
                "fleet",
                "noise",
                "band=2",
                "--members",
                "a,b*",
                "--at-least",
                "80%",
                "--retries",
                "1",
                "--member-params",
                "{\"a\": {\"band\": 1}}");

        assertThat(typed.end()).as(typed.err()).isZero();
        FakeController.Command command = controller.commands().get(0);
        assertThat(command.path()).isEqualTo("/controllers/crate1/api/v1/operations/fleet");
        assertThat(command.params())
                .hasToString("{\"members\":[\"a\",\"b*\"],\"retries\":1,\"op\":\"noise\",\"params\":{\"band\":2},"
                        + "\"member_params\":{\"a\":{\"band\":1}},\"at_least\":\"80%\"}");
    }

    @ParameterizedTest
    @CsvSource({
        "succeeded, 0",
        "failed, 1",
        "aborted, 4",
        "timed_out, 5",
        "partial, 6",
        "interrupted, 7",
        "of_a_later_version, 1"
    })
    void endsWithTheExitCodeOfTheOutcome(String outcome, int exitCode) throws Exception {
        controller.ending(outcome);

        for (String line : List.of("run blink.py", "run blink.py --no-log", "tune", "--json start noise")) {
            assertThat(type(line.split(" ")).end()).as(line).isEqualTo(exitCode);
        }
    }

    @ParameterizedTest
    @CsvSource({"400, 3", "401, 3", "403, 3", "404, 3", "409, 3", "413, 3", "422, 3", "500, 1", "503, 8"})
    void endsWithTheExitCodeOfARefusal(int status, int exitCode) throws Exception {
        controller.refusing(status, "{\"status\":" + status + ",\"detail\":\"for a reason\"}");

        TypedLine typed = type("run", "blink.py");

        assertThat(typed.end()).isEqualTo(exitCode);
        assertThat(typed.err()).contains("for a reason");
    }

    @Test
    void namesTheFieldsThatAreWrong() throws Exception {
        controller.refusing(400, json("""
                {'status':400,'detail':'x','errors':[{'field':'band','detail':'must be at most 7'},
                {'field':'time','detail':'must be positive'}]}""").toString());

        assertThat(type("start", "noise", "band=9", "time=-1").err())
                .contains("band: must be at most 7\n")
                .contains("time: must be positive\n");
    }

    @ParameterizedTest
    @CsvSource({
        "http 127.0.0.1, 127.0.0.1 over HTTP",
        "mqtt mqtt, over MQTT",
        "'the controller, which is stopping', 'the controller, which is stopping'"
    })
    void saysWhoAskedInOneForm(String by, String text) {
        assertThat(SessionReport.requester(by)).isEqualTo(text);
    }

    @Test
    void saysThatTheVariableIsTheTokenItself() throws Exception {
        controller.refusing(401, "{\"status\":401,\"detail\":\"no token\"}");

        assertThat(type("tune").err()).contains("PYSMURF_CTL_TOKEN (the token itself, not a path)");
    }

    @Test
    void leavesARefusalAsItIsForScripts() throws Exception {
        String problem = "{\"status\":409,\"detail\":\"busy\",\"session_id\":2}";
        controller.refusing(409, problem);

        assertThat(type("--json", "run", "blink.py").err()).isEqualTo(problem + "\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"run blink.py", "abort 7", "log 7"})
    void saysAtOnceThatNobodyAnswers(String line) throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }

        TypedLine typed =
                TypedLine.of("http://127.0.0.1:" + port, line.split(" ")).run();

        assertThat(typed.end()).isEqualTo(8);
        assertThat(typed.err())
                .contains("No controller answers at http://127.0.0.1:" + port)
                // as it is after a long wait
                .doesNotContain("is not known");
    }

    @Test
    void sendsACommandAgainUnderItsKeyWhenTheAnswerIsLost() throws Exception {
        controller.losingConnections(2);

        assertThat(type("run", "--detach", "blink.py").end()).isZero();

        assertThat(controller.commands())
                .hasSize(3)
                .extracting(FakeController.Command::key)
                .doesNotContainNull()
                .containsOnly(controller.commands().get(0).key());
    }

    @Test
    void goesOnWithTheOutputWhereTheConnectionWasLost() throws Exception {
        controller.losingConnections(1);

        TypedLine typed = type("log", "-f", "7");

        assertThat(typed.end()).as(typed.err()).isZero();
        assertThat(typed.out()).isEqualTo(FakeController.LOG);
        assertThat(typed.err()).contains("lost; trying again", "answers again");
    }

    @Test
    void goesOnWithTheEventsWhereTheConnectionWasLost() throws Exception {
        controller.losingConnections(1);

        TypedLine watch = TypedLine.of(controller.url(), "--json", "watch").start();
        watch.awaitErr("lost");
        watch.awaitErr("answers again");
        watch.awaitOut("\"id\":\"2\"");
        watch.leave();

        assertThat(watch.out()).contains("\"id\":\"1\"");
        assertThat(controller.lastEventIds()).containsExactly("none", "1");
    }

    @Test
    void usesAKeyOfItsOwnForEachCommand() throws Exception {
        type("run", "--detach", "blink.py");
        type("run", "--detach", "blink.py");

        assertThat(controller.commands())
                .extracting(FakeController.Command::key)
                .doesNotContainNull()
                .doesNotHaveDuplicates()
                .hasSize(2);
    }

    @Test
    void sendsTheTokenAndNeverPrintsIt() throws Exception {
        Path file = Files.writeString(folder.resolve("token"), "\uFEFF" + SECRET + "\nnot this\n");
        controller.refusing(403, "{\"status\":403,\"detail\":\"this needs the role operator\"}");

        TypedLine byFile = type("run", "blink.py", "--token-file", file.toString());
        TypedLine byVariable = TypedLine.of(controller.url(), "tune")
                .with("PYSMURF_CTL_TOKEN", SECRET)
                .run();
        TypedLine withoutOne = type("tune");

        assertThat(controller.commands())
                .extracting(FakeController.Command::token)
                .containsExactly("Bearer " + SECRET, "Bearer " + SECRET, null);
        assertThat(byFile.out() + byFile.err() + byVariable.out() + byVariable.err() + withoutOne.err())
                .doesNotContain(SECRET)
                .contains("operator");
    }

    @Test
    void doesNotPrintATokenThatIsNone() throws Exception {
        TypedLine typed = TypedLine.of(controller.url(), "tune")
                .with("PYSMURF_CTL_TOKEN", "a\u0007" + SECRET)
                .run();

        assertThat(typed.end()).isEqualTo(2);
        assertThat(typed.err()).contains("token").doesNotContain(SECRET);
    }

    @Test
    void tellsItsExitCodesAndVersion() throws Exception {
        assertThat(type("run", "--help").out())
                .contains("3     refused", "8     the controller cannot be reached", "-- --timeout 5");
        assertThat(type("--version").out()).startsWith("pysmurf-ctl ");
    }
}
