package pysmurf.controller.publisher;

import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.camel.Body;
import pysmurf.controller.config.HostPort;

/** Where datagrams go, as the configuration says at the moment. A route looks the names up, so that sending never has to. */
public final class Destinations implements AutoCloseable {

    private final Supplier<List<HostPort>> wanted;
    private final InetSocketAddress listener;
    private final Consumer<Destination> newcomers;
    /** Those that were taken out of the configuration, too: their figures go on where they come back. */
    private final Map<HostPort, Destination> known = new LinkedHashMap<>();

    private volatile List<Destination> all = List.of();

    /**
     * @param wanted    every destination, as of now
     * @param listener  where this controller itself receives
     * @param newcomers gets each destination when it is first seen
     */
    public Destinations(Supplier<List<HostPort>> wanted, InetSocketAddress listener, Consumer<Destination> newcomers) {
        this.wanted = wanted;
        this.listener = listener;
        this.newcomers = newcomers;
    }

    /** Reads the configuration, and looks the names up. */
    public synchronized void resolve() {
        List<Destination> before = all;
        List<Destination> now =
                wanted.get().stream().distinct().map(this::destination).toList();
        now.forEach(destination -> destination.resolve(listener));
        all = now;
        before.stream().filter(destination -> !now.contains(destination)).forEach(Destination::close);
    }

    private Destination destination(HostPort name) {
        return known.computeIfAbsent(name, newcomer -> {
            Destination destination = new Destination(newcomer);
            newcomers.accept(destination);
            return destination;
        });
    }

    /**
     * Sends each datagram to every destination.
     *
     * @return how many datagrams there were
     */
    public int send(@Body List<byte[]> datagrams) {
        for (byte[] datagram : datagrams) {
            all.forEach(destination -> destination.send(datagram));
        }
        return datagrams.size();
    }

    /** In the order of the configuration. */
    public List<Destination> all() {
        return all;
    }

    /** Destinations that nothing gets to, and why. */
    public List<String> faults() {
        return all.stream()
                .flatMap(destination -> destination.fault().map(fault -> destination.name() + " " + fault).stream())
                .toList();
    }

    @Override
    public synchronized void close() {
        known.values().forEach(Destination::close);
    }
}
