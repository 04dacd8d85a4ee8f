package pysmurf.controller.mqtt;

import java.util.Optional;

/** The MQTT broker of a controller. */
public interface Broker {

    /** Where it is; empty as long as it is not known. */
    Optional<String> url();

    /** Why it will never be there; empty if it may. */
    default Optional<String> fault() {
        return Optional.empty();
    }

    /**
     * Stops it, if it is ours; somebody else's broker stays.
     *
     * @throws Exception if it does not stop
     */
    default void close() throws Exception {}

    /** A broker that somebody else runs. */
    static Broker at(String url) {
        return () -> Optional.of(url);
    }
}
