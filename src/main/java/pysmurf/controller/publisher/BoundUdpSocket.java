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
 * the network could send datagrams into it.
 */
public final class BoundUdpSocket extends ClientInitializerFactory {

    @Override
    public ClientInitializerFactory createPipelineFactory(NettyProducer producer) {
        return new Bound(producer);
    }

    @Override
    protected void initChannel(Channel channel) {
        throw new IllegalStateException("only the factory made for a producer opens channels");
    }

    private static final class Bound extends DefaultClientInitializerFactory {

        private final InetSocketAddress destination;

        Bound(NettyProducer producer) {
            super(producer);
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
                    context.bind(new InetSocketAddress(Destinations.localAddressTowards(destination), 0), promise);
                }
            });
        }
    }
}
