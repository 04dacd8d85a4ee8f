package pysmurf.controller.mqtt;

import java.util.Optional;

/** The MQTT broker of a controller. */
public interface Broker {

    /**
     * Says that everything is there that its messages are for: before that nobody connects to it, and a command that came by it
     * would find half a controller. Returns at once.
     *
     * @param ready called when it can be connected to, on a thread that may wait
     */
    void start(Runnable ready);

    /** Where it is; empty as long as nobody is to connect. */
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
