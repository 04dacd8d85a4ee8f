package pysmurf.controller.config;

/**
 * An address on the network, not yet resolved.
 *
 * @param host name or IP address without brackets
 * @param port from 1 to 65535
 */
public record HostPort(String host, int port) {

    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
