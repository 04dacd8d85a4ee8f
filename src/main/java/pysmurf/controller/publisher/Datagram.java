package pysmurf.controller.publisher;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import pysmurf.controller.sink.Weighted;

/**
 * A datagram as it came.
 *
 * @param bytes not to be changed
 * @param port  the local port where it arrived
 */
public record Datagram(byte[] bytes, InetSocketAddress sender, int port) implements Weighted {

    /** The record, its array's head and its place in a list; senders are shared. */
    private static final int OVERHEAD_BYTES = 80;

    /** Whether the controller sent it to itself, to learn that all datagrams before it have arrived. */
    boolean isMarker() {
        return bytes.length <= PublisherInbox.MAX_MARKER_BYTES
                && new String(bytes, StandardCharsets.UTF_8).contains(PublisherInbox.MARKER_TYPE);
    }

    @Override
    public int weight() {
        return OVERHEAD_BYTES + bytes.length;
    }
}
