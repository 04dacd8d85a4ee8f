package pysmurf.controller.publisher;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import org.apache.camel.component.netty.ClientInitializerFactory;
import org.apache.camel.component.netty.DefaultClientInitializerFactory;
import org.apache.camel.component.netty.NettyProducer;

/**
 * Binds a sending UDP socket to the one address it sends from. Camel would bind it to all addresses, and then anybody on
 * the network could send datagrams into it. It also counts what became of each datagram.
 */
public final class BoundUdpSocket extends ClientInitializerFactory {

    private final Destinations destinations;

    /** @param destinations where what was sent is counted */
    public BoundUdpSocket(Destinations destinations) {
        this.destinations = destinations;
    }

    @Override
    public ClientInitializerFactory createPipelineFactory(NettyProducer producer) {
        return new Bound(producer, destinations);
    }

    @Override
    protected void initChannel(Channel channel) {
        throw new IllegalStateException("only the factory made for a producer opens channels");
    }

    private static final class Bound extends DefaultClientInitializerFactory {

        private final Destinations destinations;
        private final InetSocketAddress destination;

        Bound(NettyProducer producer, Destinations destinations) {
            super(producer);
            this.destinations = destinations;
            this.destination = new InetSocketAddress(
                    producer.getConfiguration().getHost(),
                    producer.getConfiguration().getPort());
        }

        @Override
        protected void initChannel(Channel channel) throws Exception {
            super.initChannel(channel);
            channel.pipeline().addFirst(new ChannelOutboundHandlerAdapter() {
                @Override
                public void bind(ChannelHandlerContext context, SocketAddress any, ChannelPromise promise)
                        throws Exception {
                    promise.addListener(bound -> {
                        if (!bound.isSuccess()) {
                            destinations.count(destination, false);
                        }
                    });
                    context.bind(new InetSocketAddress(Destinations.localAddressTowards(destination), 0), promise);
                }

                @Override
                public void write(ChannelHandlerContext context, Object datagram, ChannelPromise promise) {
                    context.write(datagram, promise.unvoid())
                            .addListener(written -> destinations.count(destination, written.isSuccess()));
                }
            });
        }
    }
}
