package pysmurf.controller.mqtt;

/**
 * As whom a controller connects to its broker.
 *
 * @param clientId       unique at the broker
 * @param life           names this run of the controller, and tells people where it runs
 * @param statusTopic    where the controller says that it is online, and the broker's will says that it is gone
 * @param offline        the will, retained
 * @param heartbeatTopic where the controller sends messages to itself
 */
public record MqttIdentity(
        String clientId, String life, MqttLogin login, String statusTopic, String offline, String heartbeatTopic) {}
