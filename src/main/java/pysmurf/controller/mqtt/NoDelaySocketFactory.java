package pysmurf.controller.mqtt;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import javax.net.SocketFactory;
import javax.net.ssl.SSLSocketFactory;

/**
 * Sockets that send at once what is written (TCP_NODELAY). Paho does not set that. Without it each message behind an output line,
 * which the broker does not answer, waits 40 ms for the acknowledgement of that line's packet.
 */
final class NoDelaySocketFactory {

    private NoDelaySocketFactory() {}

    private static Socket noDelay(Socket socket) throws SocketException {
        socket.setTcpNoDelay(true);
        return socket;
    }

    static SocketFactory plain() {
        return new SocketFactory() {
            @Override
            public Socket createSocket() throws IOException {
                return noDelay(new Socket());
            }

            @Override
            public Socket createSocket(String host, int port) throws IOException {
                return noDelay(new Socket(host, port));
            }

            @Override
            public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
                return noDelay(new Socket(host, port, local, localPort));
            }

            @Override
            public Socket createSocket(InetAddress host, int port) throws IOException {
                return noDelay(new Socket(host, port));
            }

            @Override
            public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
                    throws IOException {
                return noDelay(new Socket(host, port, local, localPort));
            }
        };
    }

    /** Paho takes no other kind of factory for TLS. */
    static SSLSocketFactory of(SSLSocketFactory sockets) {
        return new SSLSocketFactory() {
            @Override
            public Socket createSocket() throws IOException {
                return noDelay(sockets.createSocket());
            }

            @Override
            public Socket createSocket(Socket below, String host, int port, boolean autoClose) throws IOException {
                return noDelay(sockets.createSocket(below, host, port, autoClose));
            }

            @Override
            public Socket createSocket(String host, int port) throws IOException {
                return noDelay(sockets.createSocket(host, port));
            }

            @Override
            public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
                return noDelay(sockets.createSocket(host, port, local, localPort));
            }

            @Override
            public Socket createSocket(InetAddress host, int port) throws IOException {
                return noDelay(sockets.createSocket(host, port));
            }

            @Override
            public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
                    throws IOException {
                return noDelay(sockets.createSocket(host, port, local, localPort));
            }

            @Override
            public String[] getDefaultCipherSuites() {
                return sockets.getDefaultCipherSuites();
            }

            @Override
            public String[] getSupportedCipherSuites() {
                return sockets.getSupportedCipherSuites();
            }
        };
    }
}
