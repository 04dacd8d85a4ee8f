package pysmurf.controller.mqtt;

import java.time.Instant;

/**
 * An MQTT message as it came in.
 *
 * @param topic         its topic
 * @param payload       its bytes
 * @param retained      whether the broker had kept it
 * @param expiresAt     MQTT 5 message expiry, as a time; null without
 * @param responseTopic MQTT 5 response topic; null without
 * @param correlation   MQTT 5 correlation data; null without
 */
public record IncomingMessage(
        String topic, byte[] payload, boolean retained, Instant expiresAt, String responseTopic, byte[] correlation) {

    /** The last level of the topic. */
    public String lastLevel() {
        return topic.substring(topic.lastIndexOf('/') + 1);
    }
}
