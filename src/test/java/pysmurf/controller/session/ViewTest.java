package pysmurf.controller.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import pysmurf.controller.access.Requester;

/** What clients see of a session, and the tag by which they know whether it has changed. */
class ViewTest {

    private static final int WANTED = 100;

    private final Sessions sessions = new Sessions(
            new MemorySessionStore(), new RecordedEvents(), Clock.systemUTC(), 1024 * 1024, new SimpleMeterRegistry());
    private final LiveSession session = sessions.open(
                    new Session.Draft("run", Json.object(), null, Requester.of("http", "me"), true))
            .session();

    /** Something that happens to a session. */
    @FunctionalInterface
    interface Change {

        void happen(Sessions sessions, LiveSession session);
    }

    static Stream<Arguments> changes() {
        RegisteredFile file = new RegisteredFile("/x", "tune", "npy", false, 1L, null);
        return Stream.of(
                change("message", (all, one) -> all.message(one, "a line")),
                change("message of the script", (all, one) -> all.scriptMessages(one, List.of("a line"))),
                change("status", Sessions::running),
                change("stage", (all, one) -> all.stageStarted(one, "find_freq")),
                change("data", (all, one) -> all.mergeData(one, Json.object().put("a", 1))),
                change("file", (all, one) -> all.register(one, file)),
                change("digest", (all, one) -> {
                    all.register(one, file);
                    one.view(WANTED);
                    all.digested(one.id(), "/x", 1, "abc");
                }),
                change("abort", (all, one) -> all.requestAbort(one, "me")),
                change("end", (all, one) -> all.close(one, Outcome.FAILED, null)));
    }

    private static Arguments change(String name, Change change) {
        return Arguments.of(name, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("changes")
    void hasAnotherTagWhereItIsAnother(String name, Change change) {
        View before = session.view(WANTED);
        String seen = before.text();

        change.happen(sessions, session);

        View after = session.view(WANTED);
        assertThat(after.text()).isNotEqualTo(seen);
        assertThat(after.tag()).isNotEqualTo(before.tag());
        assertThat(before.text()).isEqualTo(seen);
    }

    @Test
    void staysWhereWhatChangesIsNotSeen() {
        View before = session.view(WANTED);
        assertThat(session.hasView(WANTED)).isTrue();

        sessions.update(session, now -> now.withLog(new SessionLog(Path.of("/log"), 0, -1, true)));

        assertThat(session.view(WANTED)).isSameAs(before);
        assertThat(session.view(WANTED).json()).isSameAs(before.json());
    }

    @Test
    void hasTheSameTagAfterAMessageWhereNoneIsShown() {
        View before = session.view(0);

        sessions.message(session, "a line");

        assertThat(session.hasView(0)).isFalse();
        assertThat(session.view(0).tag()).isEqualTo(before.tag());
        assertThat(session.view(0).json()).isEqualTo(before.json());
    }

    @Test
    void hasTheSameTagInAnotherLife() {
        sessions.message(session, "a line");

        LiveSession again = new LiveSession(session.now(), session.messages(Integer.MAX_VALUE), session.messageCount());

        assertThat(again.view(WANTED).tag()).isEqualTo(session.view(WANTED).tag());
        assertThat(again.view(WANTED).json()).isEqualTo(session.view(WANTED).json());
    }

    @Test
    void isTrimmedInAList() throws Exception {
        for (int i = 0; i < 20; i++) {
            sessions.message(session, "m".repeat(2000));
        }

        View view = session.view(LiveSession.LISTED_MESSAGES);
        assertThat(view.listed()).hasSizeLessThanOrEqualTo(View.LISTED_BYTES).isSameAs(view.listed());
        assertThat(Json.read(view.listed()).path("trimmed").toString()).isEqualTo("[\"messages\"]");
        assertThat(Json.read(view.json()).path("messages")).hasSize(LiveSession.LISTED_MESSAGES);
    }

    /** Each poll sees at least what any poll has seen that ended before it began. */
    @Test
    void neverGoesBack() throws Exception {
        int changes = 2000;
        ExecutorService pollers = Executors.newFixedThreadPool(4);
        try {
            List<Future<Integer>> polls = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                polls.add(pollers.submit(() -> {
                    int seen = 0;
                    int views = 0;
                    while (seen < changes) {
                        View view = session.view(1);
                        JsonNode json = Json.read(view.json());
                        int count = json.path("data").path("count").asInt();
                        int line = Integer.parseInt(
                                "0" + json.at("/messages/0/1").asText().replaceAll("\\D", ""));
                        assertThat(count).isGreaterThanOrEqualTo(seen);
                        // said after it was counted
                        assertThat(line).isLessThanOrEqualTo(count);
                        seen = count;
                        views++;
                    }
                    return views;
                }));
            }
            for (int i = 1; i <= changes; i++) {
                sessions.mergeData(session, Json.object().put("count", i));
                sessions.scriptMessages(session, List.of("line " + i));
            }
            for (Future<Integer> poll : polls) {
                assertThat(poll.get()).isPositive();
            }
        } finally {
            pollers.shutdownNow();
        }
    }
}
