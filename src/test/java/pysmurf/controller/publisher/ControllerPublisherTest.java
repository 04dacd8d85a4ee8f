package pysmurf.controller.publisher;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import pysmurf.controller.access.Requester;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.MemorySessionStore;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.Sessions;

class ControllerPublisherTest {

    private static final int MOST_BYTES = 64_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Clock clock = Clock.fixed(Instant.ofEpochSecond(1795392099L, 500_000_000), ZoneOffset.UTC);
    private final ControllerPublisher publisher = new ControllerPublisher("thishost", "crate1slot2", clock);
    private final LiveSession session = new Sessions(
                    new MemorySessionStore(), event -> {}, clock, 1024 * 1024, new SimpleMeterRegistry())
            .open(new Session.Draft("run", Json.object(), null, Requester.of("http", "me"), true))
            .session();

    private List<JsonNode> publish(SessionEvent.Type type, Object payload) throws Exception {
        List<byte[]> datagrams = publisher.datagrams(SessionEvent.of(type, session, Json.text(payload)));
        assertThat(datagrams).allMatch(datagram -> datagram.length <= MOST_BYTES);
        List<JsonNode> messages = new java.util.ArrayList<>();
        for (byte[] datagram : datagrams) {
            messages.add(JSON.readTree(datagram));
        }
        return messages;
    }

    @Test
    void putsALineIntoThePublishersEnvelope() throws Exception {
        byte[] datagram = publisher
                .datagrams(SessionEvent.of(SessionEvent.Type.MESSAGE, session, Json.text("hello")))
                .get(0);

        assertThat(new String(datagram, StandardCharsets.UTF_8))
                .isEqualTo("{\"host\":\"thishost\",\"id\":\"crate1slot2\",\"script\":\"controller:run\","
                        + "\"time\":1795392099.500000,\"seq_no\":0,\"type\":\"session_log\",\"payload\":\"hello\"}");
    }

    @Test
    void countsItsMessagesFromZeroWithoutAGap() throws Exception {
        List<Long> numbers = new java.util.ArrayList<>();
        for (int i = 0; i < 3; i++) {
            numbers.add(publish(SessionEvent.Type.MESSAGE, "line")
                    .get(0)
                    .path("seq_no")
                    .asLong());
        }
        publish(SessionEvent.Type.RESULT, large("x"))
                .forEach(part -> numbers.add(part.path("seq_no").asLong()));
        numbers.add(
                publish(SessionEvent.Type.MESSAGE, "line").get(0).path("seq_no").asLong());

        assertThat(numbers)
                .hasSizeGreaterThan(5)
                .isEqualTo(java.util.stream.LongStream.range(0, numbers.size())
                        .boxed()
                        .toList());
    }

    private static ObjectNode large(String text) {
        return Json.object().put("session_id", 0).put("data", text.repeat(200_000));
    }

    @Test
    void cutsWhatIsTooLargeIntoPartsThatGiveThePayloadBack() throws Exception {
        for (String text : List.of("x", "\"\\", "\u00fc\u03c6", "\ud83d\ude00", "\u0000")) {
            ObjectNode payload = large(text);

            List<JsonNode> parts = publish(SessionEvent.Type.RESULT, payload);

            assertThat(parts).hasSizeGreaterThan(1).allSatisfy(part -> {
                assertThat(part.path("type").asText()).isEqualTo("session_data_part");
                assertThat(part.path("payload").path("session_id").asInt(-1)).isEqualTo(session.id());
                assertThat(part.path("payload").path("parts").asInt()).isEqualTo(parts.size());
            });
            for (int i = 0; i < parts.size(); i++) {
                assertThat(parts.get(i).path("payload").path("part").asInt()).isEqualTo(i + 1);
            }
            String joined = parts.stream()
                    .map(part -> part.path("payload").path("text").asText())
                    .collect(Collectors.joining());
            assertThat(JSON.readTree(joined)).isEqualTo(payload);
        }
    }

    @Test
    void passesADatagramOnAsItIs() {
        byte[] datagram = {1, 2, (byte) 0xff};

        assertThat(publisher.datagrams(SessionEvent.ofDatagrams(session, List.of(datagram))))
                .containsExactly(datagram);
    }
}
