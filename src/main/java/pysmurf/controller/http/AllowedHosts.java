package pysmurf.controller.http;

import io.netty.util.NetUtil;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** The hosts that a request may name: this machine's own, and those that are configured. */
public final class AllowedHosts {

    private static final String LOCAL = "localhost";

    private final Set<String> names = new HashSet<>(Set.of(LOCAL));
    /** A name server may take its time, and is not waited for. */
    private final CompletableFuture<String> fullName = new CompletableFuture<>();

    /**
     * @param configured in lower case
     * @param listening  the host that the server listens on
     */
    public AllowedHosts(Set<String> configured, String listening) {
        names.addAll(configured);
        names.add(listening.toLowerCase(Locale.ROOT));
        try {
            InetAddress self = InetAddress.getLocalHost();
            names.add(self.getHostName().toLowerCase(Locale.ROOT));
            fullName.completeAsync(() -> self.getCanonicalHostName().toLowerCase(Locale.ROOT));
        } catch (UnknownHostException e) {
            // a name that this machine itself cannot look up
            fullName.complete(LOCAL);
        }
    }

    /** @param host a name or an address, without a port */
    boolean include(String host) {
        String bare = host.toLowerCase(Locale.ROOT).replaceAll("^\\[|]$|\\.$", "");
        return names.contains(bare)
                || bare.endsWith("." + LOCAL)
                || bare.equals(fullName.getNow(LOCAL))
                || isOwnAddress(NetUtil.createByteArrayFromIpAddressString(bare));
    }

    private static boolean isOwnAddress(byte[] bytes) {
        if (bytes == null) {
            return false;
        }
        try {
            InetAddress address = InetAddress.getByAddress(bytes);
            return address.isLoopbackAddress() || NetworkInterface.getByInetAddress(address) != null;
        } catch (UnknownHostException | SocketException e) {
            throw new UncheckedIOException(e);
        }
    }
}
