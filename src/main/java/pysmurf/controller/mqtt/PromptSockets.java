package pysmurf.controller.mqtt;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import javax.net.SocketFactory;
import javax.net.ssl.SSLSocketFactory;

/**
 * Sockets that send what is written at once (TCP_NODELAY). Paho leaves that off, and then each message behind one that the
 * broker does not answer, an output line at QoS 0, waits 40 ms for the acknowledgement of that one's packet.
 */
final class PromptSockets {

    private PromptSockets() {}

    private static Socket prompt(Socket socket) throws SocketException {
        socket.setTcpNoDelay(true);
        return socket;
    }

    /** Without encryption. */
    static SocketFactory plain() {
        SocketFactory sockets = SocketFactory.getDefault();
        return new SocketFactory() {
            @Override
            public Socket createSocket() throws IOException {
                return prompt(sockets.createSocket());
            }

            @Override
            public Socket createSocket(String host, int port) throws IOException {
                return prompt(sockets.createSocket(host, port));
            }

            @Override
            public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
                return prompt(sockets.createSocket(host, port, local, localPort));
            }

            @Override
            public Socket createSocket(InetAddress host, int port) throws IOException {
                return prompt(sockets.createSocket(host, port));
            }

            @Override
            public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
                    throws IOException {
                return prompt(sockets.createSocket(host, port, local, localPort));
            }
        };
    }

    /** Those of another factory; Paho takes no other kind for TLS. */
    static SSLSocketFactory of(SSLSocketFactory sockets) {
        return new SSLSocketFactory() {
            @Override
            public Socket createSocket() throws IOException {
                return prompt(sockets.createSocket());
            }

            @Override
            public Socket createSocket(Socket below, String host, int port, boolean autoClose) throws IOException {
                return prompt(sockets.createSocket(below, host, port, autoClose));
            }

            @Override
            public Socket createSocket(String host, int port) throws IOException {
                return prompt(sockets.createSocket(host, port));
            }

            @Override
            public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
                return prompt(sockets.createSocket(host, port, local, localPort));
            }

            @Override
            public Socket createSocket(InetAddress host, int port) throws IOException {
                return prompt(sockets.createSocket(host, port));
            }

            @Override
            public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
                    throws IOException {
                return prompt(sockets.createSocket(host, port, local, localPort));
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
