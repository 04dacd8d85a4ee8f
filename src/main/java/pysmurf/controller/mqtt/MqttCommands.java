package pysmurf.controller.mqtt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.access.Requester;
import pysmurf.controller.command.Command;
import pysmurf.controller.session.FieldError;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Verdict;
import pysmurf.controller.session.Verdict.Reason;

/** Reads commands from MQTT messages, and writes the answers. */
public final class MqttCommands {

    private static final String TRANSPORT = "mqtt";
    private static final String ENVELOPE = "mqttEnvelope";
    private static final int MAX_BYTES = 1024 * 1024;
    private static final int MAX_TEXT_CHARS = 200;
    private static final int MAX_TOPIC_CHARS = 1000;
    /** 9999-12-31. */
    private static final BigDecimal MAX_TIME = BigDecimal.valueOf(253402300799L);

    /** What the answer needs of the message. */
    private record Envelope(String commandId, String replyTopic, byte[] correlation) {}

    private final MqttConnection connection;
    private final String defaultReplyTopic;
    private final String client;
    private final Clock clock;

    /**
     * @param defaultReplyTopic where answers go if the message names no topic
     * @param client            the name for all who ask: MQTT does not say who they are
     */
    public MqttCommands(MqttConnection connection, String defaultReplyTopic, String client, Clock clock) {
        this.connection = connection;
        this.defaultReplyTopic = defaultReplyTopic;
        this.client = client;
        this.clock = clock;
    }

    public IncomingMessage receive(Exchange exchange) {
        return IncomingMessage.of(exchange, clock);
    }

    /**
     * Reads the command.
     *
     * @throws InvalidCommand if the message is none
     */
    public Command read(@Body IncomingMessage message, Exchange exchange) {
        Requester requester = Requester.of(TRANSPORT, client);
        exchange.setProperty(Requester.PROPERTY, requester);
        exchange.setProperty("operation", message.lastLevel());
        Envelope envelope = new Envelope(null, topic(message.responseTopic()), message.correlation());
        exchange.setProperty(ENVELOPE, envelope);
        ObjectNode params = params(message.payload());
        String commandId = text(params.remove("command_id"), "command_id");
        String replyTo = text(params.remove("reply_to"), "reply_to");
        envelope = new Envelope(
                commandId, replyTo == null ? envelope.replyTopic() : topic(replyTo), message.correlation());
        exchange.setProperty(ENVELOPE, envelope);
        if (replyTo != null && envelope.replyTopic() == null) {
            throw new InvalidCommand("reply_to", "is not a topic that can be published to");
        }
        Instant expiresAt = earlier(message.expiresAt(), time(params.remove("expires_at")));
        return new Command(message.lastLevel(), params, commandId, expiresAt, message.retained(), false, requester);
    }

    private static ObjectNode params(byte[] payload) {
        if (payload.length > MAX_BYTES) {
            throw new InvalidCommand("", "the payload is over 1 MiB");
        }
        if (new String(payload, StandardCharsets.ISO_8859_1).isBlank()) {
            return Json.object();
        }
        JsonNode json;
        try {
            json = Json.read(payload);
        } catch (JsonProcessingException e) {
            throw new InvalidCommand("", "the payload is not valid JSON: " + e.getOriginalMessage());
        }
        if (json instanceof ObjectNode object) {
            return object;
        }
        throw new InvalidCommand("", "the payload is not a JSON object");
    }

    private static String text(JsonNode node, String field) {
        if (node == null || node.isNull()) {
            return null;
        }
        if (!node.isTextual() || node.textValue().isBlank() || node.textValue().length() > MAX_TEXT_CHARS) {
            throw new InvalidCommand(field, "is not text of 1 to " + MAX_TEXT_CHARS + " characters");
        }
        return node.textValue();
    }

    private static Instant time(JsonNode node) {
        if (node == null || node.isNull()) {
            return null;
        }
        if (!node.isNumber()
                || node.decimalValue().signum() < 0
                || node.decimalValue().compareTo(MAX_TIME) > 0) {
            throw new InvalidCommand("expires_at", "is not a time in unix seconds");
        }
        return Instant.ofEpochMilli(node.decimalValue().movePointRight(3).longValue());
    }

    private static Instant earlier(Instant one, Instant other) {
        return one == null || other != null && other.isBefore(one) ? other : one;
    }

    /** The topic, if it is one that can be published to; else null. */
    private static String topic(String text) {
        boolean usable = text != null
                && !text.isEmpty()
                && text.length() <= MAX_TOPIC_CHARS
                && text.chars().noneMatch(c -> c == '#' || c == '+' || c == 0)
                && !text.startsWith("$");
        return usable ? text : null;
    }

    /** The verdict on a message that is no command. */
    public Verdict refuse(@ExchangeProperty(Exchange.EXCEPTION_CAUGHT) InvalidCommand fault) {
        return Verdict.invalid(List.of(fault.error()));
    }

    /** Makes the answer, for the topic that was asked for. */
    public void reply(@Body Verdict verdict, Exchange exchange) {
        Envelope envelope = exchange.getProperty(ENVELOPE, Envelope.class);
        ObjectNode json = Json.object();
        json.put("command_id", envelope.commandId());
        json.put("accepted", verdict.isAccepted());
        json.put("reason", verdict.isAccepted() ? null : word(verdict.reason()));
        json.put("detail", verdict.detail());
        json.putRawValue(
                "session",
                verdict.session() == null
                        ? null
                        : new RawValue(verdict.session()
                                .view(LiveSession.LISTED_MESSAGES)
                                .text()));
        exchange.getMessage().setBody(Json.text(json));
        exchange.getMessage().removeHeaders("*");
        connection.address(
                exchange.getMessage(),
                envelope.replyTopic() == null ? defaultReplyTopic : envelope.replyTopic(),
                envelope.correlation());
    }

    private static String word(Reason reason) {
        // the same id with other parameters is a repeated command, too
        return reason == Reason.CONFLICT ? Reason.DUPLICATE.word() : reason.word();
    }

    /** A message that is no command. */
    public static final class InvalidCommand extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final transient FieldError error;

        InvalidCommand(String field, String detail) {
            super(detail, null, false, false);
            this.error = new FieldError(field, detail);
        }

        FieldError error() {
            return error;
        }
    }
}
