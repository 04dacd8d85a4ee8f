package pysmurf.controller.config;

/** The MQTT version spoken to the broker. */
public enum MqttVersion {
    V5("5", "paho-mqtt5", "CamelPahoMqtt5"),
    V3("3.1.1", "paho", "CamelPaho");

    private final String text;
    private final String component;
    private final String headers;

    MqttVersion(String text, String component, String headers) {
        this.text = text;
        this.component = component;
        this.headers = headers;
    }

    /** The scheme of the Camel component that speaks it. */
    public String component() {
        return component;
    }

    /** What the names of its headers begin with. */
    public String headers() {
        return headers;
    }

    static MqttVersion of(String text) {
        for (MqttVersion version : values()) {
            if (version.text.equals(text.strip())) {
                return version;
            }
        }
        throw new IllegalArgumentException(text);
    }
}
