package pysmurf.controller.http;

import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.Stream;

/**
 * How a request came here: what it says itself, or what a proxy that is trusted says of it. Of several values in one header the
 * last counts, which is the proxy's own: those before it come from the client.
 *
 * @param address the client's address
 * @param host    the host, perhaps with a port, under which the client knows this controller
 * @param scheme  http or https, as the client sees it; null where no proxy tells
 * @param prefix  the path that the controller is below, at the proxy and here; empty for none
 */
record Arrival(String address, String host, String scheme, String prefix) {

    private static final String KEY = Arrival.class.getName();

    static Arrival of(RoutingContext context) {
        return context.get(KEY);
    }

    /** Reads a request, for {@link #of}. */
    static void note(RoutingContext context, List<IpSubnetFilterRule> trusted) {
        context.put(KEY, read(context.request(), trusted));
    }

    private static Arrival read(HttpServerRequest request, List<IpSubnetFilterRule> trusted) {
        String peer = request.remoteAddress().hostAddress();
        String host = String.valueOf(request.authority());
        String own = request.headers().contains(HttpServer.PREFIX) ? request.getHeader(HttpServer.PREFIX) : "";
        if (!isTrusted(peer, trusted)) {
            return new Arrival(peer, host, null, own);
        }
        String[] prefix = values(request, "Prefix");
        String path = last(prefix, "").replaceFirst("/$", "");
        return new Arrival(
                client(peer, values(request, "For"), trusted),
                last(values(request, "Host"), host),
                last(values(request, "Proto"), null),
                // it goes into replies, where two slashes would begin another host
                (path.matches("(/(?!\\.{1,2}(/|$))[\\w.~-]+)+") ? path : "") + own);
    }

    private static String[] values(HttpServerRequest request, String name) {
        return request.headers().getAll("X-Forwarded-" + name).stream()
                .flatMap(value -> Stream.of(value.split(",")))
                .map(String::strip)
                .toArray(String[]::new);
    }

    private static String last(String[] values, String otherwise) {
        return values.length == 0 ? otherwise : values[values.length - 1];
    }

    /** Each proxy adds whom it was asked by; the first, from behind, that is no proxy of ours is the client. */
    private static String client(String peer, String[] forwardedFor, List<IpSubnetFilterRule> trusted) {
        String client = peer;
        for (int i = forwardedFor.length - 1; i >= 0 && isTrusted(client, trusted); i--) {
            if (NetUtil.createByteArrayFromIpAddressString(forwardedFor[i]) == null) {
                break;
            }
            client = forwardedFor[i];
        }
        return client;
    }

    private static boolean isTrusted(String address, List<IpSubnetFilterRule> trusted) {
        InetSocketAddress socket = new InetSocketAddress(address, 0);
        return trusted.stream().anyMatch(rule -> rule.matches(socket));
    }

    /** Whether a page of that origin was served by this controller, as far as the browser knows. */
    boolean isOwn(String origin) {
        return Stream.of("http", "https")
                .filter(one -> scheme == null || scheme.equalsIgnoreCase(one))
                .map(one -> one + "://" + host.replaceFirst(one.equals("http") ? ":80$" : ":443$", ""))
                .anyMatch(origin::equalsIgnoreCase);
    }
}
