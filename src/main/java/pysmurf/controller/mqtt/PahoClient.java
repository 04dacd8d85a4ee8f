package pysmurf.controller.mqtt;

/** What {@link MqttConnection} needs of Paho's client, which is a class of its own for each version of MQTT. */
interface PahoClient {

    /** Paho requires an address before one is known. Each {@link #open} gives the real one. */
    String ANY_URL = "tcp://127.0.0.1:1883";

    /** After this many silent seconds either side checks whether the other is there. */
    int KEEP_ALIVE_S = 10;

    /** A connect, subscribe or publish that takes longer has failed. */
    int STEP_TIMEOUT_S = 5;

    int GOODBYE_MS = STEP_TIMEOUT_S * 1000 + 1000;

    boolean isOpen();

    /** @return the largest packet that the broker takes; null if it does not say */
    Long open(String url) throws Exception;

    /** Subscribes now. What Camel subscribes to is subscribed when there is a connection. */
    void listen(String topic, int qos) throws Exception;

    /** The same, without this client's own messages where the version of MQTT knows such subscriptions. */
    void listenToOthers(String topic, int qos) throws Exception;

    /** @param message one of Paho's, of this version */
    byte[] payload(Object message);

    /**
     * Says goodbye when what is on its way has arrived. Paho's own may wait for that for ever.
     *
     * @throws Exception if it takes longer than {@link #GOODBYE_MS}
     */
    void disconnect() throws Exception;

    // these are Paho's own

    void publish(String topic, byte[] payload, int qos, boolean retained) throws Exception;

    void disconnectForcibly(long quiesceMillis, long timeoutMillis, boolean sendPacket) throws Exception;

    void close() throws Exception;
}
