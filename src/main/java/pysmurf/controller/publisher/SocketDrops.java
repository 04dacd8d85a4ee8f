package pysmurf.controller.publisher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many datagrams the kernel has dropped because nobody took them out of a socket in time: the last column of /proc/net/udp
 * (proc_pid_net(5)). Thread-safe.
 */
public final class SocketDrops {

    private static final Logger LOG = LoggerFactory.getLogger(SocketDrops.class);
    private static final List<Path> TABLES = List.of(Path.of("/proc/net/udp"), Path.of("/proc/net/udp6"));
    private static final int LOCAL_ADDRESS = 1;

    private final String portInHex;

    /** @param port the local port of the socket */
    public SocketDrops(int port) {
        this.portInHex = String.format(Locale.ROOT, ":%04X", port);
    }

    /** Since the socket was opened; 0 if the kernel does not tell. */
    long count() {
        return TABLES.stream().filter(Files::exists).mapToLong(this::count).sum();
    }

    private long count(Path table) {
        try (Stream<String> lines = Files.lines(table)) {
            return lines.skip(1)
                    .map(line -> line.strip().split("\\s+"))
                    .filter(columns -> columns[LOCAL_ADDRESS].endsWith(portInHex))
                    .mapToLong(columns -> Long.parseLong(columns[columns.length - 1]))
                    .sum();
        } catch (IOException e) {
            LOG.warn("{} cannot be read: {}", table, e.toString());
            return 0;
        }
    }
}
