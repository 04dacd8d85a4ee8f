package pysmurf.controller.publisher;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.concurrent.PromiseCombiner;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.apache.camel.component.netty.ClientInitializerFactory;
import org.apache.camel.component.netty.DefaultClientInitializerFactory;
import org.apache.camel.component.netty.NettyProducer;

/**
 * Makes of Camel's UDP producer one that sends each datagram to every destination: the host of its endpoint is the address that
 * it sends from. Camel would bind the socket to all addresses, and then anybody on the network could send datagrams into it; and
 * with an exchange for each destination a datagram costs 100 us each, where the network takes 5. It also counts what became of
 * each.
 */
public final class FanOutSocket extends ClientInitializerFactory {

    private final Destinations destinations;

    public FanOutSocket(Destinations destinations) {
        this.destinations = destinations;
    }

    @Override
    public ClientInitializerFactory createPipelineFactory(NettyProducer producer) {
        return new FanOut(producer, destinations);
    }

    @Override
    protected void initChannel(Channel channel) {
        throw new IllegalStateException("only the factory made for a producer opens channels");
    }

    private static final class FanOut extends DefaultClientInitializerFactory {

        private final Destinations destinations;
        private final InetAddress origin;

        FanOut(NettyProducer producer, Destinations destinations) {
            super(producer);
            this.destinations = destinations;
            // an address, which is not looked up anywhere
            this.origin = new InetSocketAddress(producer.getConfiguration().getHost(), 0).getAddress();
        }

        @Override
        protected void initChannel(Channel channel) throws Exception {
            super.initChannel(channel);
            // the last to see what goes out
            channel.pipeline().addFirst(new ChannelOutboundHandlerAdapter() {
                @Override
                public void bind(ChannelHandlerContext context, SocketAddress any, ChannelPromise promise) {
                    promise.addListener(bound -> {
                        if (!bound.isSuccess()) {
                            destinations.from(origin).forEach(place -> place.traffic()
                                    .sent(bound.cause()));
                        }
                    });
                    context.bind(new InetSocketAddress(origin, 0), promise);
                }

                @Override
                public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
                    send(context, (DatagramPacket) message, promise);
                }
            });
        }

        private void send(ChannelHandlerContext context, DatagramPacket datagram, ChannelPromise promise) {
            // one copy out of the heap for all
            ByteBuf content = context.alloc()
                    .directBuffer(datagram.content().readableBytes())
                    .writeBytes(datagram.content());
            datagram.release();
            PromiseCombiner all = new PromiseCombiner(context.executor());
            for (Destinations.Place place : destinations.from(origin)) {
                all.add(context.write(new DatagramPacket(content.retainedDuplicate(), place.address()))
                        .addListener(written -> place.traffic().sent(written.cause())));
            }
            content.release();
            all.finish(promise.unvoid());
        }
    }
}
