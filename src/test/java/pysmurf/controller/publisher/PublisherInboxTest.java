package pysmurf.controller.publisher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import pysmurf.controller.access.Requester;
import pysmurf.controller.assembly.MemoryBudget;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.MemorySessionStore;
import pysmurf.controller.session.Message;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.PublisherCount;
import pysmurf.controller.session.RecordedEvents;
import pysmurf.controller.session.RegisteredFiles;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.sink.BoundedQueue;

/** Messages of several sessions, over real sockets, and a queue whose consumer may be held up. */
class PublisherInboxTest {

    private static final String ID = "crate1slot2";
    /** Longer than a consumer that is only busy would take for one message. */
    private static final Duration STANDSTILL = Duration.ofMillis(1300);

    private final RecordedEvents events = new RecordedEvents();
    private final Sessions sessions =
            new Sessions(new MemorySessionStore(), events, Clock.systemUTC(), 1 << 20, new SimpleMeterRegistry());
    private final RegisteredFiles files = new RegisteredFiles(sessions, 1024);
    private final BoundedQueue queue = new BoundedQueue(new MemoryBudget(), batch -> this.inbox.dropped(batch));
    private final Semaphore mayConsume = new Semaphore(1);
    private final ExecutorService consumer = Executors.newCachedThreadPool();
    private PublisherInbox inbox;
    private DatagramSocket script;

    @BeforeEach
    void begin() throws Exception {
        start(false);
        script = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        consumer.execute(() -> {
            try {
                for (Exchange next = queue.take(); ; next = queue.take()) {
                    mayConsume.acquire();
                    List<?> batch = next.getMessage().getBody(List.class);
                    inbox.receive(batch.stream().map(Datagram.class::cast).toList());
                    mayConsume.release();
                }
            } catch (InterruptedException e) {
                // that is how it ends
            }
        });
    }

    private void start(boolean eachItsOwn) {
        OwnPorts ports = new OwnPorts(new DefaultCamelContext(), queue, InetAddress.getLoopbackAddress());
        inbox = new PublisherInbox(sessions, files, ID, 1, ports, eachItsOwn);
    }

    @AfterEach
    void end() {
        consumer.shutdownNow();
        inbox.close();
        files.close();
        script.close();
    }

    private LiveSession open(boolean exclusive) {
        Session.Draft draft = new Session.Draft("run", Json.object(), null, Requester.of("http", "test"), exclusive);
        return sessions.open(draft).session();
    }

    private void send(Inlet inlet, byte[] bytes) throws Exception {
        script.send(new DatagramPacket(bytes, bytes.length, InetAddress.getLoopbackAddress(), inlet.port()));
    }

    private void send(Inlet inlet, int number, String key, String value) throws Exception {
        JsonNode message = Json.object()
                .put("host", "h")
                .put("id", ID)
                .put("script", "s")
                .put("seq_no", number)
                .put("type", "session_data")
                .set("payload", Json.object().put(key, value));
        send(inlet, Json.text(message).getBytes(StandardCharsets.US_ASCII));
    }

    /** What holds up the messages for a while, be it the disk or the collection of garbage, costs none of them. */
    @Test
    void waitsForWhatHasArrivedHoweverLongItTakes() throws Exception {
        LiveSession session = open(false);
        Inlet inlet = inbox.open(session);
        mayConsume.acquire();
        for (int number = 0; number < 1000; number++) {
            send(inlet, number, "key" + number, "");
        }
        CompletableFuture.delayedExecutor(STANDSTILL.toMillis(), TimeUnit.MILLISECONDS)
                .execute(mayConsume::release);

        inlet.finish();

        assertThat(session.now().publisher().received()).isEqualTo(1000);
        assertThat(session.now().publisher().lost()).isZero();
        assertThat(session.view(LiveSession.LISTED_MESSAGES).toJson().path("data"))
                .hasSize(1000);
        assertThat(inbox.ignored()).isZero();
    }

    @Test
    void waitsForNobodyWhereNothingHasArrived() throws Exception {
        Inlet inlet = inbox.open(open(false));
        mayConsume.acquire();

        long begin = System.nanoTime();
        inlet.finish();

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(STANDSTILL);
        assertThat(queue).isEmpty();
        mayConsume.release();
    }

    /** It may be on its way out of the socket, in no count yet. */
    @Test
    void waitsForTheOnlyMessageHoweverLateItIs() throws Exception {
        for (int i = 0; i < 300; i++) {
            LiveSession session = open(false);
            Inlet inlet = inbox.open(session);
            send(inlet, 0, "key", "");

            inlet.finish();

            assertThat(session.now().publisher().received()).isEqualTo(1);
            sessions.close(session, Outcome.SUCCEEDED, null);
        }
    }

    /** Be it in the socket or in the queue, the last ones included, of which no number tells. */
    @Test
    void countsWhatFoundNoRoom() throws Exception {
        LiveSession session = open(false);
        Inlet inlet = inbox.open(session);
        mayConsume.acquire();
        String large = "x".repeat(60_000);
        for (int number = 0; number < 700; number++) {
            send(inlet, number, "key", large);
        }
        await().until(() -> queue.dropped() > 0);
        CompletableFuture<Void> finished = CompletableFuture.runAsync(inlet::finish, consumer);
        mayConsume.release();
        finished.get(10, TimeUnit.SECONDS);

        assertThat(session.now().publisher().lost()).isPositive();
        assertThat(session.now().publisher().received()
                        + session.now().publisher().lost())
                .isEqualTo(700);
        assertThat(inbox.lost()).isEqualTo(session.now().publisher().lost());
        assertThat(session.messages(Integer.MAX_VALUE))
                .extracting(Message::text)
                .contains(
                        session.now().publisher().lost() + " messages of the script's Publisher were lost on the way");
    }

    private static byte[] line(int number, String text) {
        JsonNode message = Json.object()
                .put("host", "h")
                .put("id", ID)
                .put("script", "s")
                .put("seq_no", number)
                .put("type", "session_log")
                .put("payload", text);
        return Json.text(message).getBytes(StandardCharsets.US_ASCII);
    }

    private Datagram datagram(Inlet inlet, byte[] bytes) {
        return new Datagram(bytes, new InetSocketAddress(InetAddress.getLoopbackAddress(), 9), inlet.port());
    }

    private List<SessionEvent> told(LiveSession session, SessionEvent.Type type) {
        return events.all().stream()
                .filter(event -> event.getType() == type && event.getSessionId() == session.id())
                .toList();
    }

    private static List<String> texts(LiveSession session) {
        return session.messages(Integer.MAX_VALUE).stream()
                .map(Message::text)
                .filter(text -> text.startsWith("line "))
                .toList();
    }

    /** Into the session, to those who are told of messages, and to those who get datagrams. */
    @Test
    void keepsTheOrderAndTheBytesOfWhatArrivesTogether() throws Exception {
        LiveSession session = open(false);
        Inlet inlet = inbox.open(session);
        List<byte[]> sent =
                IntStream.range(0, 500).mapToObj(i -> line(i, "line " + i)).toList();
        mayConsume.acquire();
        for (byte[] bytes : sent) {
            send(inlet, bytes);
        }
        await().until(() -> queue.size() > 1);
        mayConsume.release();

        inlet.finish();

        List<String> lines = IntStream.range(0, 500).mapToObj(i -> "line " + i).toList();
        assertThat(texts(session)).isEqualTo(lines);
        List<SessionEvent> datagrams = told(session, SessionEvent.Type.DATAGRAM);
        assertThat(datagrams).hasSizeLessThan(400).allMatch(event -> event.count() <= DatagramBatches.MAX_TOGETHER);
        assertThat(datagrams.stream().flatMap(event -> event.getDatagrams().stream()))
                .containsExactlyElementsOf(sent);
        List<JsonNode> messages = new ArrayList<>();
        for (SessionEvent batch : told(session, SessionEvent.Type.DATA)) {
            for (SessionEvent part : batch.getParts()) {
                messages.add(Json.read(part.getJson().getBytes(StandardCharsets.UTF_8)));
            }
        }
        assertThat(messages)
                .extracting(message -> message.path("payload").asText())
                .isEqualTo(lines);
        assertThat(messages).allMatch(message -> message.path("session_id").asInt(-1) == session.id());
    }

    @Test
    void countsWhatIsNoMessageInTheMiddleOfManyAndGoesOn() throws Exception {
        LiveSession session = open(false);
        Inlet inlet = inbox.open(session);
        JsonNode foreign = Json.object().put("id", "somebody else").put("type", "session_log");

        inbox.receive(List.of(
                datagram(inlet, line(0, "line 0")),
                datagram(inlet, "this is no JSON".getBytes(StandardCharsets.US_ASCII)),
                datagram(inlet, line(1, "line 1")),
                datagram(inlet, Json.text(foreign).getBytes(StandardCharsets.US_ASCII)),
                datagram(inlet, new byte[0]),
                datagram(inlet, line(2, "line 2"))));

        assertThat(texts(session)).containsExactly("line 0", "line 1", "line 2");
        assertThat(session.now().publisher()).isEqualTo(new PublisherCount(3, 0, 0));
        assertThat(inbox.ignored()).isEqualTo(3);
        assertThat(told(session, SessionEvent.Type.DATAGRAM))
                .singleElement()
                .extracting(SessionEvent::count)
                .isEqualTo(3);
    }

    @Test
    void givesEachSessionItsOwnOfWhatArrivesTogether() throws Exception {
        LiveSession one = open(false);
        LiveSession two = open(false);
        Inlet first = inbox.open(one);
        Inlet second = inbox.open(two);
        List<Datagram> mixed = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            mixed.add(datagram(first, line(i, "line " + i)));
            mixed.add(datagram(second, line(i, "line of two " + i)));
            mixed.add(datagram(second, line(1000 + i, "line of two " + (1000 + i))));
        }

        inbox.receive(mixed);

        assertThat(texts(one)).hasSize(10).noneMatch(text -> text.contains("two"));
        assertThat(texts(two)).hasSize(20).allMatch(text -> text.contains("two"));
        assertThat(one.now().publisher().received()).isEqualTo(10);
        assertThat(two.now().publisher().received()).isEqualTo(20);
    }

    /** What a script sends last comes in one batch with what says that it is over. */
    @Test
    void hasTakenInAllBeforeTheEndIsTold() throws Exception {
        LiveSession session = open(false);
        Inlet inlet = inbox.open(session);
        mayConsume.acquire();
        send(inlet, line(0, "line 0"));
        for (int i = 1; i < 20; i++) {
            send(inlet, line(i, "line " + i));
        }
        CompletableFuture<List<String>> atTheEnd = CompletableFuture.supplyAsync(
                () -> {
                    inlet.finish();
                    return texts(session);
                },
                consumer);
        mayConsume.release();

        assertThat(atTheEnd.get(10, TimeUnit.SECONDS)).hasSize(20);
    }

    @Test
    void ignoresWhatComesWhenTheSessionIsDone() throws Exception {
        LiveSession session = open(false);
        Inlet inlet = inbox.open(session);
        session.ended().thenRun(() -> inbox.receive(List.of(datagram(inlet, line(0, "line 0")))));

        sessions.close(session, Outcome.SUCCEEDED, null);

        assertThat(texts(session)).isEmpty();
        assertThat(inbox.received()).isZero();
        assertThat(inbox.ignored()).isEqualTo(1);
    }

    /** UTF-32, as far as one can tell from its beginning. */
    @Test
    void losesNothingForTheSakeOfAnOddDatagram() throws Exception {
        LiveSession session = open(false);
        Inlet inlet = inbox.open(session);
        mayConsume.acquire();
        send(inlet, new byte[] {0, 0, 0, '{', 0});
        send(inlet, 0, "key", "value");
        mayConsume.release();

        inlet.finish();

        assertThat(session.now().publisher().received()).isEqualTo(1);
        assertThat(inbox.ignored()).isEqualTo(1);
    }

    /** Processes that live on when their session is closed speak for no other. */
    @Test
    void neverTakesWhatIsLeftOfOneSessionForTheNext() throws Exception {
        inbox.close();
        start(true);
        LiveSession first = open(true);
        Inlet left = inbox.open(first);
        send(left, 0, "mine", "");
        left.finish();
        sessions.close(first, Outcome.SUCCEEDED, null);
        LiveSession second = open(true);
        Inlet inlet = inbox.open(second);

        send(left, 1, "left over", "");
        send(inlet, 0, "own", "");
        inlet.finish();

        assertThat(first.view(LiveSession.LISTED_MESSAGES).toJson().path("data").has("mine"))
                .isTrue();
        assertThat(second.view(LiveSession.LISTED_MESSAGES)
                        .toJson()
                        .path("data")
                        .has("own"))
                .isTrue();
        assertThat(second.now().publisher().received()).isEqualTo(1);
    }

    /** The sockets of a closed inbox are closed by a thread of their own; the next life is another process, and comes later. */
    private static void awaitFree(int port) {
        await().ignoreException(BindException.class).until(() -> {
            try (DatagramSocket socket =
                    new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
                return socket.isBound();
            }
        });
    }

    /** The numbers of a script that is found again begin where they were, and what was sent meanwhile is missing. */
    @Test
    void countsOnWhereAnEarlierLifeHadStopped() throws Exception {
        LiveSession session = open(false);
        Inlet earlier = inbox.open(session);
        for (int number = 0; number < 5; number++) {
            send(earlier, number, "key" + number, "");
        }
        earlier.finish();
        inbox.close();
        awaitFree(earlier.port());
        start(false);

        Inlet inlet = inbox.reopen(session, earlier.port());
        send(inlet, 8, "key8", "");
        inlet.finish();

        assertThat(inlet.port()).isEqualTo(earlier.port());
        assertThat(session.now().publisher().received()).isEqualTo(6);
        assertThat(session.now().publisher().lost()).isEqualTo(3);
    }
}
