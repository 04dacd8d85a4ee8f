package pysmurf.controller.mqtt;

import java.time.Clock;
import java.time.Instant;
import org.apache.camel.Exchange;
import org.apache.camel.component.paho.PahoMessage;
import org.apache.camel.component.paho.mqtt5.PahoMqtt5Message;
import org.eclipse.paho.mqttv5.common.MqttMessage;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;

/**
 * An MQTT message as it came in.
 *
 * @param retained      whether the broker had kept it
 * @param expiresAt     when its MQTT 5 expiry is over; null without
 * @param responseTopic of MQTT 5; null without
 * @param correlation   of MQTT 5; null without
 */
public record IncomingMessage(
        String topic, byte[] payload, boolean retained, Instant expiresAt, String responseTopic, byte[] correlation) {

    /** The message that Camel's consumer has just put on an exchange; flags and properties are gone at the next step. */
    static IncomingMessage of(Exchange exchange, Clock clock) {
        // both versions use the same name for this header
        String topic = exchange.getIn().getHeader("CamelMqttTopic", String.class);
        if (exchange.getIn() instanceof PahoMessage old) {
            return new IncomingMessage(
                    topic,
                    old.getMqttMessage().getPayload(),
                    old.getMqttMessage().isRetained(),
                    null,
                    null,
                    null);
        }
        MqttMessage message = exchange.getIn(PahoMqtt5Message.class).getMqttMessage();
        MqttProperties properties = message.getProperties() == null ? new MqttProperties() : message.getProperties();
        Long expiry = properties.getMessageExpiryInterval();
        return new IncomingMessage(
                topic,
                message.getPayload(),
                message.isRetained(),
                expiry == null ? null : clock.instant().plusSeconds(expiry),
                properties.getResponseTopic(),
                properties.getCorrelationData());
    }

    /** The last level of the topic. */
    String lastLevel() {
        return topic.substring(topic.lastIndexOf('/') + 1);
    }
}
