package pysmurf.controller.publisher;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.apache.camel.component.netty.NettyConsumer;
import org.apache.camel.component.netty.ServerInitializerFactory;
import org.apache.camel.component.netty.handlers.ServerChannelHandler;

/**
 * Reads all datagrams that wait in the socket before it makes one exchange of them: a list of {@link Datagram}. With an exchange
 * for each, a burst fills the socket faster than it is emptied, and the kernel drops the rest.
 */
public final class DatagramBatches extends ServerInitializerFactory {

    /** More than the 64,000 bytes that a Publisher sends at most; Netty's own 2048 would cut without a word. */
    private static final int MOST_BYTES = 65_536;

    private static final int MOST_DATAGRAMS = 512;
    /** Of the largest size, by one system call. */
    private static final int DATAGRAMS_AT_ONCE = 32;

    static final int WAITING_BYTES = 32 * 1024 * 1024;

    private final Supplier<ChannelHandler> taker;

    /** For the registry, whose instance only makes others. */
    public DatagramBatches() {
        this(null);
    }

    /** @param taker makes the handler that is given the batches */
    DatagramBatches(Supplier<ChannelHandler> taker) {
        this.taker = taker;
    }

    @Override
    public ServerInitializerFactory createPipelineFactory(NettyConsumer consumer) {
        return new DatagramBatches(() -> new ServerChannelHandler(consumer));
    }

    @Override
    protected void initChannel(Channel channel) {
        int readBytes = MOST_BYTES;
        if (channel instanceof EpollDatagramChannel socket) {
            // recvmmsg(2): the kernel fills as many as there are
            socket.config().setMaxDatagramPayloadSize(MOST_BYTES);
            readBytes = MOST_BYTES * DATAGRAMS_AT_ONCE;
            ReceiveBuffer.ask(socket.fd().intValue(), WAITING_BYTES);
        }
        channel.config()
                .setRecvByteBufAllocator(new FixedRecvByteBufAllocator(readBytes).maxMessagesPerRead(MOST_DATAGRAMS));
        channel.pipeline().addLast(new Collector()).addLast(taker.get());
    }

    private static final class Collector extends SimpleChannelInboundHandler<DatagramPacket> {

        private List<Datagram> batch = new ArrayList<>();

        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
            int port = ((InetSocketAddress) context.channel().localAddress()).getPort();
            batch.add(new Datagram(ByteBufUtil.getBytes(packet.content()), packet.sender(), port));
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            if (!batch.isEmpty()) {
                List<Datagram> complete = batch;
                batch = new ArrayList<>();
                context.fireChannelRead(complete);
            }
            context.fireChannelReadComplete();
        }
    }
}
