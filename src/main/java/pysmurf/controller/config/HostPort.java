package pysmurf.controller.config;

/** @param host name or IP address, without brackets */
public record HostPort(String host, int port) {

    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
