package pysmurf.controller.mqtt;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.activemq.artemis.core.config.WildcardConfiguration;
import org.apache.activemq.artemis.core.postoffice.Binding;
import org.apache.activemq.artemis.core.protocol.mqtt.MQTTUtil;
import org.apache.activemq.artemis.core.server.ActiveMQServer;
import org.apache.activemq.artemis.core.server.plugin.ActiveMQServerBindingPlugin;
import org.apache.activemq.artemis.core.transaction.Transaction;

/** The topics of the embedded broker to which somebody has subscribed who is connected, or whose session is kept. Thread-safe. */
final class AwaitedTopics implements ActiveMQServerBindingPlugin {

    /** Until a subscription comes or goes. To empty it waits for what is being looked for, so nothing in it is out of date. */
    private final Map<String, Boolean> known = new ConcurrentHashMap<>();

    private ActiveMQServer server;

    /** The broker starts. */
    @Override
    public synchronized void registered(ActiveMQServer starting) {
        server = starting;
    }

    @Override
    public void afterAddBinding(Binding binding) {
        known.clear();
    }

    @Override
    public void afterRemoveBinding(Binding binding, Transaction transaction, boolean deleteData) {
        known.clear();
    }

    boolean contain(String topic) {
        return known.computeIfAbsent(topic, this::look);
    }

    /** At all subscriptions, since the broker itself finds those with wildcards only once a message has come. */
    private synchronized boolean look(String topic) {
        WildcardConfiguration wildcards = server.getConfiguration().getWildcardConfiguration();
        return server.getPostOffice()
                .getAllBindings()
                .map(binding -> MQTTUtil.getMqttTopicFromCoreAddress(
                        binding.getAddress().toString(), wildcards))
                .anyMatch(filter -> takes(filter, topic));
    }

    /** Level by level: Paho's own way misses topics where a filter has both wildcards. */
    private static boolean takes(String filter, String topic) {
        String[] wanted = filter.split("/", -1);
        String[] levels = topic.split("/", -1);
        for (int i = 0; i < wanted.length; i++) {
            if (wanted[i].equals("#")) {
                return true;
            }
            if (i == levels.length || !wanted[i].equals("+") && !wanted[i].equals(levels[i])) {
                return false;
            }
        }
        return wanted.length == levels.length;
    }
}
