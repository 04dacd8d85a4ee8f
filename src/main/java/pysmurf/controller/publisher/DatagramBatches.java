package pysmurf.controller.publisher;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.ptr.IntByReference;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.concurrent.EventExecutor;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.camel.component.netty.NettyConsumer;
import org.apache.camel.component.netty.ServerInitializerFactory;
import org.apache.camel.component.netty.handlers.ServerChannelHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads all datagrams that wait in a socket, and makes exchanges of many of them: lists of {@link Datagram}. With an exchange each,
 * a burst would fill the socket faster than it is emptied, and the kernel would drop the rest.
 */
public final class DatagramBatches extends ServerInitializerFactory {

    private static final Logger LOG = LoggerFactory.getLogger(DatagramBatches.class);

    /** Publishers send up to 64,000 bytes; Netty would cut at 2048 without a word. */
    private static final int MAX_BYTES = 65_536;

    /** What one exchange carries: sinks that send one by one look between batches whether something is more urgent. */
    static final int MAX_TOGETHER = 128;

    private static final int MAX_BYTES_TOGETHER = 1 << 20;
    /** A stream of messages costs no more exchanges than this allows, however evenly they come. */
    private static final int REST_MS = 1;
    /** The same in a flood; the smallest buffers that kernels give hold what comes meanwhile. */
    private static final int REST_IN_FLOOD_MS = 3;
    /** So many at a time are a flood. */
    private static final int FLOOD = 8;

    private static final int MAX_DATAGRAMS = 512;
    /** With one system call. */
    private static final int DATAGRAMS_AT_ONCE = 8;

    static final int MAX_WAITING_BYTES = 32 * 1024 * 1024;

    // the same on x86-64 and AArch64 (asm-generic/socket.h)
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVBUFFORCE = 33;

    static {
        Native.register(DatagramBatches.class, NativeLibrary.getProcess());
    }

    private static native int setsockopt(int socket, int level, int option, IntByReference value, int length)
            throws LastErrorException;

    private final Arrivals arrivals;
    private final Supplier<ChannelHandler> taker;

    /** The instance that routes name only makes others. */
    DatagramBatches(Arrivals arrivals) {
        this(arrivals, null);
    }

    /** @param taker makes the handler that gets the batches */
    DatagramBatches(Arrivals arrivals, Supplier<ChannelHandler> taker) {
        this.arrivals = arrivals;
        this.taker = taker;
    }

    @Override
    public ServerInitializerFactory createPipelineFactory(NettyConsumer consumer) {
        return new DatagramBatches(arrivals, () -> new ServerChannelHandler(consumer));
    }

    @Override
    protected void initChannel(Channel channel) {
        DefaultMaxMessagesRecvByteBufAllocator buffers = new FixedRecvByteBufAllocator(MAX_BYTES);
        if (channel instanceof EpollDatagramChannel socket) {
            // recvmmsg(2) gets as many as there are
            socket.config().setMaxDatagramPayloadSize(MAX_BYTES);
            buffers = new OneBuffer(socket);
            enlarge(socket.fd().intValue());
        }
        channel.config().setRecvByteBufAllocator(buffers.maxMessagesPerRead(MAX_DATAGRAMS));
        channel.pipeline().addLast(new Collector(arrivals)).addLast(taker.get());
    }

    /** The kernel grants all processes net.core.rmem_max, and administrators of the network more (socket(7)). */
    private static void enlarge(int socket) {
        try {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, new IntByReference(MAX_WAITING_BYTES), Integer.BYTES);
        } catch (LastErrorException e) {
            LOG.debug("The receive buffer stays within net.core.rmem_max: {}", e.getMessage());
        }
    }

    /** What is read is copied at once, so all reads of a socket use one buffer; a new one would be filled with zeros each time. */
    private static final class OneBuffer extends DefaultMaxMessagesRecvByteBufAllocator {

        private final ByteBuf buffer;

        private OneBuffer(EpollDatagramChannel socket) {
            buffer = socket.alloc().directBuffer(MAX_BYTES * DATAGRAMS_AT_ONCE);
            socket.closeFuture().addListener(closed -> buffer.release());
        }

        @Override
        @SuppressWarnings("deprecation") // no other type of handle counts the messages of a read
        public Handle newHandle() {
            return new MaxMessageHandle() {

                @Override
                public int guess() {
                    return buffer.capacity();
                }

                @Override
                public ByteBuf allocate(ByteBufAllocator allocator) {
                    return buffer.clear().retain();
                }
            };
        }
    }

    private static final class Collector extends SimpleChannelInboundHandler<DatagramPacket> {

        private final Arrivals arrivals;
        private Arrivals.Counter counter;
        private int port;
        private List<Datagram> batch = new ArrayList<>();
        private int bytes;
        private int read;

        private Collector(Arrivals arrivals) {
            this.arrivals = arrivals;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            port = ((InetSocketAddress) context.channel().localAddress()).getPort();
            counter = arrivals.open(context.channel(), port);
            context.fireChannelActive();
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
            batch.add(new Datagram(ByteBufUtil.getBytes(packet.content()), packet.sender(), port));
            read++;
            bytes += packet.content().readableBytes();
            if (batch.size() == MAX_TOGETHER || bytes >= MAX_BYTES_TOGETHER) {
                pass(context);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            if (!batch.isEmpty()) {
                pass(context);
            }
            counter.add(read);
            rest(context.channel().config(), context.executor(), read < FLOOD ? REST_MS : REST_IN_FLOOD_MS);
            read = 0;
            context.fireChannelReadComplete();
        }

        /** One that comes alone is passed on at once; those that follow within the rest are read together. */
        private static void rest(ChannelConfig socket, EventExecutor loop, int millis) {
            socket.setAutoRead(false);
            loop.schedule(() -> socket.setAutoRead(true), millis, TimeUnit.MILLISECONDS);
        }

        private void pass(ChannelHandlerContext context) {
            List<Datagram> complete = batch;
            batch = new ArrayList<>();
            bytes = 0;
            context.fireChannelRead(complete);
        }
    }
}
