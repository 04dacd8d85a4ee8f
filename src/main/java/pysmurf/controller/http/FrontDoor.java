package pysmurf.controller.http;

import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import pysmurf.controller.access.Tokens;

/** Sees each request first, whatever it is for: notes how it arrived, and refuses what is not meant for this controller. */
public final class FrontDoor implements Handler<RoutingContext> {

    private static final String CONTENT_TYPE = "Content-Type";

    private final Tokens tokens;
    private final AllowedHosts hosts;
    private final List<IpSubnetFilterRule> trustedProxies;

    public FrontDoor(Tokens tokens, AllowedHosts hosts, List<IpSubnetFilterRule> trustedProxies) {
        this.tokens = tokens;
        this.hosts = hosts;
        this.trustedProxies = trustedProxies;
    }

    @Override
    public void handle(RoutingContext context) {
        Arrival.note(context, trustedProxies);
        HostAndPort asked = context.request().authority();
        if (tokens.open() && asked != null && !hosts.include(asked.host())) {
            // a page from elsewhere whose name leads here since its server says so: to the browser it is of the same
            // origin
            HttpConsumer.fail(
                    context,
                    new HttpProblem(
                            421,
                            "this machine is not known as " + asked.host()
                                    + "; http.allowed-hosts names those that it is known as, or use tokens"));
        } else {
            hideContentType(context);
            context.next();
        }
    }

    /** Whether a path can be decoded, and holds letters only: no zero byte, no other control character. */
    static boolean isText(String path) {
        try {
            return path == null
                    || URLDecoder.decode(path, StandardCharsets.UTF_8)
                            .chars()
                            .noneMatch(letter -> Character.isISOControl(letter) || letter == '\uFFFD');
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /**
     * A body is JSON whatever its type says; {@code curl -d} calls it a form. Vert.x would decode it as one, and fail or drop it
     * where it is none.
     */
    private static void hideContentType(RoutingContext context) {
        MultiMap headers = context.request().headers();
        if (headers.contains(CONTENT_TYPE)) {
            context.put(CONTENT_TYPE, headers.get(CONTENT_TYPE));
            headers.remove(CONTENT_TYPE);
        }
    }

    /** The content type that a request came with; null for none. */
    static String contentType(RoutingContext context) {
        return context.get(CONTENT_TYPE);
    }
}
