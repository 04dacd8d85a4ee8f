package pysmurf.controller.publisher;

import java.net.InetSocketAddress;

/**
 * A datagram as it came.
 *
 * @param bytes  not to be changed
 * @param sender where it came from
 */
public record Datagram(byte[] bytes, InetSocketAddress sender) {}
