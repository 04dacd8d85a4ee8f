package pysmurf.controller.mqtt;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What either kind of connection tells of itself: in the log, once a change, and to whoever wants to know. */
final class ConnectionState {

    /** Paho wants an address before one is known; the one that counts is given with each connect. */
    static final String ANY_URL = "tcp://127.0.0.1:1883";

    private static final Logger LOG = LoggerFactory.getLogger(MqttConnection.class);

    private final List<Runnable> actions = new CopyOnWriteArrayList<>();
    private volatile String fault = "not connected yet";
    private volatile boolean told;

    void onConnected(Runnable action) {
        actions.add(action);
    }

    void connected(String url) {
        LOG.info("Connected to the MQTT broker {}", url);
        told = false;
        fault = "the connection was lost";
        actions.forEach(Runnable::run);
    }

    void failed(String url, Exception e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        fault = url + ": " + cause.getMessage();
        if (!told) {
            told = true;
            LOG.warn("No MQTT at {}: {}; tried again until it is there", url, cause.toString());
        } else {
            LOG.debug("No MQTT at {}: {}", url, cause.toString());
        }
    }

    String fault() {
        return fault;
    }

    /** The callback, with a line in the log when the method that tells of a lost connection is called. */
    <T> T telling(Class<T> type, Object callback, String lost) {
        Object proxy =
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    if (method.getName().equals(lost)) {
                        LOG.warn("The MQTT connection was lost: {}", arguments[0]);
                    }
                    try {
                        return method.invoke(callback, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        return type.cast(proxy);
    }
}
