package pysmurf.controller.config;

/** The MQTT version spoken to the broker. */
public enum MqttVersion {
    V5("5", "paho-mqtt5"),
    V3("3.1.1", "paho");

    private final String text;
    private final String component;

    MqttVersion(String text, String component) {
        this.text = text;
        this.component = component;
    }

    /** The scheme of the Camel component that speaks it. */
    public String component() {
        return component;
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
