package pysmurf.controller.http;

import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import java.util.Optional;
import java.util.Set;
import pysmurf.controller.access.Role;
import pysmurf.controller.access.Tokens;

/**
 * Lets a request pass to a route, or not: viewers may GET, operators may also POST. Stands before every route, so that none
 * can forget it. Thread-safe.
 */
public final class AccessHandler implements Handler<RoutingContext> {

    private static final String BEARER = "Bearer ";
    private static final Set<String> HEALTH =
            Set.of("/observe/health", "/observe/health/ready", "/observe/health/live");
    /** The page is the same for everybody and holds nothing; what it shows it has to ask for, with a token. */
    private static final String PAGE = "/";

    private static final String PAGE_FILES = "/page/";
    /** Takes a password in the body as well, so it decides for itself what a client without a token may do. */
    private static final String CALL = "/call";

    private final Tokens tokens;

    public AccessHandler(Tokens tokens) {
        this.tokens = tokens;
    }

    @Override
    public void handle(RoutingContext context) {
        String address = context.request().remoteAddress().hostAddress();
        if (isForeign(context)) {
            HttpConsumer.fail(context, new HttpProblem(403, "pages of other origins may not command"));
            return;
        }
        if (tokens.open()) {
            new Caller(address, Role.ADMIN, false).attachTo(context);
            context.next();
            return;
        }
        String header = context.request().getHeader("Authorization");
        Optional<Tokens.Holder> holder = header == null || !header.startsWith(BEARER)
                ? Optional.empty()
                : tokens.holderOf(header.substring(BEARER.length()).strip());
        HttpMethod method = context.request().method();
        if (context.normalizedPath().equals(CALL)) {
            holder.map(found -> new Caller(found.name(), found.role(), false))
                    .orElseGet(() -> new Caller(address, null, header != null && header.startsWith(BEARER)))
                    .attachTo(context);
            context.next();
            return;
        }
        Role needed = method == HttpMethod.GET || method == HttpMethod.HEAD ? Role.VIEWER : Role.OPERATOR;
        if (holder.isPresent() && holder.get().role().includes(needed)) {
            new Caller(holder.get().name(), holder.get().role(), false).attachTo(context);
            context.next();
        } else if (isPublic(context.normalizedPath(), needed)) {
            context.next();
        } else if (holder.isPresent()) {
            HttpConsumer.fail(
                    context,
                    new HttpProblem(403, "this needs the role " + needed.name().toLowerCase()));
        } else {
            context.response().putHeader("WWW-Authenticate", "Bearer");
            HttpConsumer.fail(context, new HttpProblem(401, "this needs a token (Authorization: Bearer …)"));
        }
    }

    /**
     * A page from elsewhere that an observer has open must not command the crate: a browser lets it send such a request without
     * asking, and tells where the page comes from. OCS's bridge is called across origins by design (ocs-web), as crossbar's is.
     */
    private static boolean isForeign(RoutingContext context) {
        String origin = context.request().getHeader("Origin");
        HttpMethod method = context.request().method();
        if (origin == null || method == HttpMethod.GET || method == HttpMethod.HEAD) {
            return false;
        }
        String host = context.request().getHeader("Host");
        return !context.normalizedPath().equals(CALL)
                && !origin.equals("http://" + host)
                && !origin.equals("https://" + host);
    }

    private static boolean isPublic(String path, Role needed) {
        return HEALTH.contains(path) || needed == Role.VIEWER && (path.equals(PAGE) || path.startsWith(PAGE_FILES));
    }
}
