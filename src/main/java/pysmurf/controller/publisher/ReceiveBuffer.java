package pysmurf.controller.publisher;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.ptr.IntByReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What waits in a socket until it is read. The kernel grants everybody net.core.rmem_max, and those who administer the network
 * whatever they ask for (socket(7), SO_RCVBUFFORCE). Stateless.
 */
final class ReceiveBuffer {

    private static final Logger LOG = LoggerFactory.getLogger(ReceiveBuffer.class);

    // of Linux, the same on x86-64 and AArch64 (asm-generic/socket.h)
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVBUFFORCE = 33;

    static {
        Native.register(ReceiveBuffer.class, NativeLibrary.getProcess());
    }

    private ReceiveBuffer() {}

    private static native int setsockopt(int socket, int level, int option, IntByReference value, int length)
            throws LastErrorException;

    /**
     * Asks for more than the limit for everybody; without the right to it the socket keeps what it has.
     *
     * @param socket its file descriptor
     * @param bytes  how much is to find room
     */
    static void ask(int socket, int bytes) {
        try {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, new IntByReference(bytes), Integer.BYTES);
        } catch (LastErrorException e) {
            LOG.debug("The receive buffer stays within net.core.rmem_max: {}", e.getMessage());
        }
    }
}
