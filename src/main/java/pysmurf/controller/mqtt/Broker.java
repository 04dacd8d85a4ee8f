package pysmurf.controller.mqtt;

import java.util.Optional;

/** The MQTT broker of a controller. */
public interface Broker {

    /**
     * Starts it, once the routes are there: an earlier command would find half a controller. Returns at once.
     *
     * @param ready called when it can be connected to, on a thread that may wait
     */
    void start(Runnable ready);

    /** Its address; empty until it can be connected to. */
    Optional<String> url();

    /** Why it did not start; empty otherwise. */
    default Optional<String> fault() {
        return Optional.empty();
    }

    /** Stops it, if it is the controller's own. */
    default void close() throws Exception {}

    /** A broker that runs elsewhere. */
    static Broker at(String url) {
        return new Broker() {

            private volatile boolean started;

            @Override
            public void start(Runnable ready) {
                started = true;
                Thread thread = new Thread(ready, "mqtt-first-connection");
                thread.setDaemon(true);
                thread.start();
            }

            @Override
            public Optional<String> url() {
                return started ? Optional.of(url) : Optional.empty();
            }
        };
    }
}
