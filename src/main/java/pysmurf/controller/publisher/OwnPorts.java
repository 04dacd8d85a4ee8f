package pysmurf.controller.publisher;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.component.netty.NettyWorkerPoolBuilder;
import org.apache.camel.support.DefaultExchange;
import pysmurf.controller.sink.BoundedQueue;

/** Sockets of sessions that have a port of their own. The datagrams go to {@code seda:publisher-message}, as all others do. */
public final class OwnPorts implements AutoCloseable {

    private final CamelContext context;
    private final BoundedQueue queue;
    private final InetAddress address;
    private final Arrivals arrivals = new Arrivals();
    private final EventLoopGroup loop = new NettyWorkerPoolBuilder()
            .withName("publisher-own-port")
            .withNativeTransport(Epoll.isAvailable())
            .withWorkerCount(1)
            .build();

    /**
     * @param queue   of {@code seda:publisher-message}
     * @param address where scripts send to
     */
    public OwnPorts(CamelContext context, BoundedQueue queue, InetAddress address) {
        this.context = context;
        this.queue = queue;
        this.address = address;
    }

    InetAddress address() {
        return address;
    }

    /** At these ports and at the controller's listener. */
    Arrivals arrivals() {
        return arrivals;
    }

    /** @param port 0 for any free one */
    Channel open(int port) throws IOException {
        ChannelFuture bound = new Bootstrap()
                .group(loop)
                .channel(Epoll.isAvailable() ? EpollDatagramChannel.class : NioDatagramChannel.class)
                .option(ChannelOption.SO_RCVBUF, DatagramBatches.MAX_WAITING_BYTES)
                .handler(new DatagramBatches(arrivals, this::handler))
                .bind(address, port)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    "no UDP port for the messages of scripts: " + bound.cause().getMessage());
        }
        // what arrives is counted from the moment when the socket's handlers know that it is open, which is a task of
        // its loop
        bound.channel().eventLoop().submit(() -> {}).awaitUninterruptibly();
        return bound.channel();
    }

    private ChannelHandler handler() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext channel, Object batch) {
                Exchange exchange = new DefaultExchange(context);
                exchange.getMessage().setBody(batch);
                queue.offer(exchange);
            }
        };
    }

    @Override
    public void close() {
        loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
    }
}
