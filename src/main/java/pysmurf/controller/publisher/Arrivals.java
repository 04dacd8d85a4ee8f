package pysmurf.controller.publisher;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.unix.RawUnixChannelOption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How much has arrived at each socket that is open, by its port. Thread-safe. */
final class Arrivals {

    private static final Logger LOG = LoggerFactory.getLogger(Arrivals.class);

    private static final int MAX_WAIT_MS = 1000;

    // asm-generic/socket.h and linux/sock_diag.h; the option is there since Linux 4.12
    private static final int SOL_SOCKET = 1;
    private static final int SO_MEMINFO = 55;
    private static final int SK_MEMINFO_VARS = 9;
    private static final int SK_MEMINFO_RMEM_ALLOC = 0;
    private static final int SK_MEMINFO_DROPS = 8;
    private static final RawUnixChannelOption MEMINFO =
            new RawUnixChannelOption("SO_MEMINFO", SOL_SOCKET, SO_MEMINFO, SK_MEMINFO_VARS * Integer.BYTES);

    /**
     * What has arrived at a socket since it was opened.
     *
     * @param socket  null if there is none
     * @param read    datagrams
     * @param isEmpty whether none waits in it; false, too, if the system does not say
     * @param dropped by the kernel, since the socket was full; 0 if the system does not say
     */
    record Count(Channel socket, long read, boolean isEmpty, long dropped) {

        private static final Count UNKNOWN = new Count(null, 0, false, 0);

        /** Whether nothing at all has arrived between an earlier count and this one. */
        boolean isSameAs(Count earlier) {
            return isEmpty && equals(earlier);
        }
    }

    /** Counts what is read from one socket, on its event loop. */
    static final class Counter {

        private final Channel socket;
        /** Only the event loop writes it. */
        private volatile long read;

        private Counter(Channel socket) {
            this.socket = socket;
        }

        void add(int datagrams) {
            read += datagrams;
        }

        private Count count() {
            long before = read;
            if (!(socket instanceof EpollDatagramChannel known)) {
                return new Count(socket, before, false, 0);
            }
            try {
                ByteBuffer memory = known.config().getOption(MEMINFO).order(ByteOrder.nativeOrder());
                return new Count(
                        socket,
                        before,
                        memory.getInt(SK_MEMINFO_RMEM_ALLOC * Integer.BYTES) == 0,
                        Integer.toUnsignedLong(memory.getInt(SK_MEMINFO_DROPS * Integer.BYTES)));
            } catch (ChannelException e) {
                LOG.debug("{} does not tell what it has dropped: {}", socket, e.toString());
                return new Count(socket, before, false, 0);
            }
        }
    }

    private final Map<Integer, Counter> byPort = new ConcurrentHashMap<>();

    /** From now on what arrives at a socket is counted, as long as it is open. */
    Counter open(Channel socket, int port) {
        Counter counter = new Counter(socket);
        byPort.put(port, counter);
        socket.closeFuture().addListener(closed -> byPort.remove(port, counter));
        return counter;
    }

    /** As far as it has been counted. */
    Count at(int port) {
        Counter counter = byPort.get(port);
        return counter == null ? Count.UNKNOWN : counter.count();
    }

    /** With all that has left the socket: what is being read at this moment is counted first. */
    Count settled(int port) {
        Counter counter = byPort.get(port);
        if (counter == null) {
            return Count.UNKNOWN;
        }
        try {
            return CompletableFuture.supplyAsync(counter::count, counter.socket.eventLoop())
                    .completeOnTimeout(Count.UNKNOWN, MAX_WAIT_MS, TimeUnit.MILLISECONDS)
                    .join();
        } catch (RejectedExecutionException e) {
            LOG.debug("{} is being closed", counter.socket);
            return Count.UNKNOWN;
        }
    }
}
