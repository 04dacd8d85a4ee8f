package pysmurf.controller.publisher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Datagrams that the kernel dropped because a socket was full: the last column of /proc/net/udp (proc_pid_net(5)). */
final class SocketDrops {

    private static final Logger LOG = LoggerFactory.getLogger(SocketDrops.class);
    private static final List<Path> TABLES = List.of(Path.of("/proc/net/udp"), Path.of("/proc/net/udp6"));
    private static final int LOCAL_ADDRESS = 1;

    private SocketDrops() {}

    /** Since the socket on a local port was opened; 0 if the kernel does not say. */
    static long of(int port) {
        String end = String.format(Locale.ROOT, ":%04X", port);
        long drops = 0;
        for (Path table : TABLES) {
            try (Stream<String> lines = Files.exists(table) ? Files.lines(table) : Stream.of("")) {
                drops += lines.skip(1)
                        .map(line -> line.strip().split("\\s+"))
                        .filter(columns -> columns[LOCAL_ADDRESS].endsWith(end))
                        .mapToLong(columns -> Long.parseLong(columns[columns.length - 1]))
                        .sum();
            } catch (IOException e) {
                LOG.warn("{} cannot be read: {}", table, e.toString());
            }
        }
        return drops;
    }
}
