package pysmurf.controller.publisher;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AddressedEnvelope;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.concurrent.PromiseCombiner;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import org.apache.camel.component.netty.ClientInitializerFactory;
import org.apache.camel.component.netty.DefaultClientInitializerFactory;
import org.apache.camel.component.netty.NettyProducer;

/**
 * Makes Camel's UDP producer send a list of datagrams to every destination, from the address that its endpoint names as host.
 * Camel would bind the socket to all addresses, open to datagrams from the whole network; and with an exchange for each datagram
 * and destination, one would cost 100 us in place of 5.
 */
public final class FanOutInitializer extends ClientInitializerFactory {

    private final Destinations destinations;

    public FanOutInitializer(Destinations destinations) {
        this.destinations = destinations;
    }

    @Override
    public ClientInitializerFactory createPipelineFactory(NettyProducer producer) {
        // an address, so this looks nothing up
        InetAddress origin = new InetSocketAddress(producer.getConfiguration().getHost(), 0).getAddress();
        return new DefaultClientInitializerFactory(producer) {
            @Override
            protected void initChannel(Channel channel) throws Exception {
                super.initChannel(channel);
                // the last to see what goes out
                channel.pipeline().addFirst(new FanOut(destinations, origin));
            }
        };
    }

    @Override
    protected void initChannel(Channel channel) {
        throw new IllegalStateException("only the factory of a producer opens channels");
    }

    private static final class FanOut extends ChannelOutboundHandlerAdapter {

        /** So many datagrams go out at a time: each takes memory until then. */
        private static final int MAX_WAITING = 256;

        private final Destinations destinations;
        private final InetAddress origin;

        FanOut(Destinations destinations, InetAddress origin) {
            this.destinations = destinations;
            this.origin = origin;
        }

        @Override
        public void bind(ChannelHandlerContext context, SocketAddress any, ChannelPromise promise) {
            promise.addListener(bound -> {
                if (!bound.isSuccess()) {
                    destinations.from(origin).forEach(place -> place.traffic().written(bound.cause()));
                }
            });
            context.bind(new InetSocketAddress(origin, 0), promise);
        }

        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            PromiseCombiner all = new PromiseCombiner(context.executor());
            List<Destinations.Place> places = destinations.from(origin);
            int waiting = 0;
            for (Object datagram : (List<?>) ((AddressedEnvelope<?, ?>) message).content()) {
                // one copy out of the heap for all
                byte[] bytes = (byte[]) datagram;
                ByteBuf content = context.alloc().directBuffer(bytes.length).writeBytes(bytes);
                for (Destinations.Place place : places) {
                    all.add(context.write(new DatagramPacket(content.retainedDuplicate(), place.address()))
                            .addListener(written -> place.traffic().written(written.cause())));
                }
                content.release();
                waiting += places.size();
                if (waiting >= MAX_WAITING) {
                    context.flush();
                    waiting = 0;
                }
            }
            all.finish(promise.unvoid());
        }
    }
}
