package pysmurf.controller.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.access.Requester;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.operation.RouteSwap;
import pysmurf.controller.operation.Schemas;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.MemorySessionStore;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Verdict;

/** What is refused although the operation is there and would be started. */
class AdmissionTest {

    private static final Instant NOON = Instant.parse("2026-11-01T12:00:00Z");

    private final DefaultCamelContext context = new DefaultCamelContext();
    private final Sessions sessions = new Sessions(
            new MemorySessionStore(), event -> {}, Clock.systemUTC(), 1024 * 1024, new SimpleMeterRegistry());

    @TempDir
    Path schemas;

    @BeforeEach
    void startOperation() throws Exception {
        context.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("direct:operation-run").routeId("run").to("log:run");
                from("direct:operation-abort").routeId("abort").to("log:abort");
            }
        });
        context.start();
    }

    @AfterEach
    void stop() {
        context.stop();
    }

    private static Command command(Instant expiresAt, boolean retained) {
        return new Command("run", Json.object(), null, expiresAt, retained, false, Requester.of("mqtt", "me"));
    }

    private Verdict admit(Command command, Instant now, Supplier<Optional<String>> hindrance) {
        Operations operations =
                new Operations(context, new FollowedFiles(Clock.systemUTC()), schemas, new RouteSwap(), new Schemas());
        return new Admission(operations, sessions, Clock.fixed(now, ZoneOffset.UTC), hindrance).admit(command);
    }

    private void assertRefused(Verdict verdict, Verdict.Reason reason) {
        assertThat(verdict.isAccepted()).isFalse();
        assertThat(verdict.reason()).isEqualTo(reason);
        assertThat(sessions.find(0)).isEmpty();
    }

    @Test
    void startsWhatIsFresh() {
        Verdict verdict = admit(command(NOON.plusMillis(1), false), NOON, Optional::empty);

        assertThat(verdict.isAccepted()).isTrue();
        assertThat(sessions.find(0)).isPresent();
    }

    @Test
    void refusesARetainedCommandWhateverElseItIs() {
        assertRefused(admit(command(null, true), NOON, Optional::empty), Verdict.Reason.RETAINED);
        assertRefused(admit(command(NOON.plusSeconds(60), true), NOON, Optional::empty), Verdict.Reason.RETAINED);
    }

    /** By this machine's clock, as the contract has it: a command that expired an hour ago does so however often it comes. */
    @Test
    void refusesAnExpiredCommandAtTheVeryMoment() {
        assertRefused(admit(command(NOON, false), NOON, Optional::empty), Verdict.Reason.EXPIRED);
        assertRefused(
                admit(command(NOON, false), NOON.plus(Duration.ofHours(1)), Optional::empty), Verdict.Reason.EXPIRED);
    }

    @Test
    void refusesWhatCannotBeTakenOn() {
        Verdict verdict = admit(command(null, false), NOON, () -> Optional.of("the disk is full"));

        assertRefused(verdict, Verdict.Reason.UNAVAILABLE);
        assertThat(verdict.detail()).isEqualTo("the disk is full");
    }

    /** The first of several is told, and none once it is over. */
    @Test
    void tellsWhyNothingCanBeTakenOn() {
        AtomicReference<String> full = new AtomicReference<>("full");
        Admission admission = new Admission(null, sessions, Clock.systemUTC(), () -> Optional.ofNullable(full.get())
                .or(() -> Optional.of("locked")));

        assertThat(admission.unavailable()).contains("full");
        full.set(null);
        assertThat(admission.unavailable()).contains("locked");
    }

    private static Command withId(String operation, ObjectNode params, String id) {
        return new Command(operation, params, id, null, false, false, Requester.of("mqtt", "me"));
    }

    /** By this a fleet finds what it may have started before it died. */
    @Test
    void anAbortWithTheIdOfACommandTellsWhichSessionThatOpened() {
        LiveSession opened = admit(withId("run", Json.object(), "seen"), NOON, Optional::empty)
                .session();
        ObjectNode none = Json.object().put("session_id", Integer.MAX_VALUE);

        Verdict verdict = admit(withId("abort", none, "seen"), NOON, Optional::empty);
        assertThat(verdict.reason()).isEqualTo(Verdict.Reason.CONFLICT);
        assertThat(verdict.session()).isSameAs(opened);
        assertThat(opened.now().abort()).isNull();
        assertThat(admit(withId("abort", none, "new"), NOON, Optional::empty).reason())
                .isEqualTo(Verdict.Reason.UNKNOWN_SESSION);
    }
}
