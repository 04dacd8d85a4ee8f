package pysmurf.controller.http;

import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.vertx.core.Context;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import pysmurf.controller.access.Requester;
import pysmurf.controller.access.Role;
import pysmurf.controller.access.TokenOwner;
import pysmurf.controller.access.Tokens;
import pysmurf.controller.command.Command;
import pysmurf.controller.session.Verdict;

/**
 * Sees each request first, whatever it is for, and lets it pass or not: it must be meant for this machine, and viewers may GET,
 * operators may also POST.
 */
public final class FrontDoor {

    /** Notes a command that is not let in. */
    interface Refusals {

        /** @return is done when it has been noted, or cannot be */
        CompletionStage<?> note(Requester requester, String operation, Verdict refusal);
    }

    private static final Set<String> HEALTH =
            Set.of("/observe/health", "/observe/health/ready", "/observe/health/live");
    /** The page is the same for everybody and holds nothing; what it shows it has to ask for, with a token. */
    private static final Pattern PAGES = Pattern.compile("/|/controllers/[^/]*");

    static final String PAGE_OF_ALL = "/controllers/";

    private static final String PAGE_FILES = "/page/";
    /** Takes a password in the body as well, so it decides for itself what a client without a token may do. */
    private static final String HTTP = "http";

    private static final String CALL = "/call";

    private static final String OPERATIONS = "/api/v1/operations/";
    private static final String SESSIONS = "/api/v1/sessions/";
    private static final Pattern BEARER = Pattern.compile("bearer +(.*)", Pattern.CASE_INSENSITIVE);
    private static final String CONTENT_TYPE = "Content-Type";

    private final Tokens tokens;
    private final AllowedHosts hosts;
    private final List<IpSubnetFilterRule> trustedProxies;
    private final Refusals refusals;

    FrontDoor(Tokens tokens, AllowedHosts hosts, List<IpSubnetFilterRule> trustedProxies, Refusals refusals) {
        this.tokens = tokens;
        this.hosts = hosts;
        this.trustedProxies = trustedProxies;
        this.refusals = refusals;
    }

    /** Notes how a request arrived, and refuses one that is meant for another host. */
    void receive(RoutingContext context) {
        Arrival.note(context, trustedProxies);
        HostAndPort asked = context.request().authority();
        if (tokens.open() && asked != null && !hosts.include(asked.host())) {
            // a page from elsewhere may have a name whose name server leads here: to the browser it is of the same
            // origin
            new HttpProblem(
                            421,
                            "this machine is not known as " + asked.host()
                                    + "; http.allowed-hosts names those that it is known as, or use tokens")
                    .answer(context);
        } else {
            hideContentType(context);
            context.next();
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

    /** Lets a request pass if its sender may do what it asks for. */
    void admit(RoutingContext context) {
        if (isForeign(context)) {
            String address = Arrival.of(context).address();
            turnAway(
                    context,
                    new Requester(HTTP, address, null, address),
                    403,
                    "pages of other origins may not command");
            return;
        }
        HttpMethod method = context.request().method();
        Role needed = method == HttpMethod.GET || method == HttpMethod.HEAD ? Role.VIEWER : Role.OPERATOR;
        Requester requester = requester(context);
        context.put(Requester.PROPERTY, requester);
        String path = context.normalizedPath();
        if (requester.is(needed) || path.equals(CALL) || isPublic(path, needed)) {
            context.next();
        } else if (requester.role() != null) {
            turnAway(context, requester, 403, "this needs the role " + needed.word());
        } else {
            context.response().putHeader("WWW-Authenticate", "Bearer");
            turnAway(context, requester, 401, "this needs a token (Authorization: Bearer …)");
        }
    }

    private Requester requester(RoutingContext context) {
        String address = Arrival.of(context).address();
        if (tokens.open()) {
            return new Requester(HTTP, address, Role.ADMIN, address);
        }
        Matcher bearer = bearer(context);
        Optional<TokenOwner> owner =
                bearer.matches() ? tokens.ownerOf(bearer.group(1).strip()) : Optional.empty();
        return owner.map(found -> new Requester(HTTP, found.name(), found.role(), address))
                .orElseGet(() -> new Requester(HTTP, address, null, address));
    }

    private static Matcher bearer(RoutingContext context) {
        String header = context.request().getHeader("Authorization");
        return BEARER.matcher(header == null ? "" : header);
    }

    /** Whether a request came with a token that is not known. */
    static boolean isTokenRefused(RoutingContext context) {
        return context.<Requester>get(Requester.PROPERTY).role() == null
                && bearer(context).matches();
    }

    private static boolean isPublic(String path, Role needed) {
        return HEALTH.contains(path)
                || needed == Role.VIEWER && (PAGES.matcher(path).matches() || path.startsWith(PAGE_FILES));
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
        return !context.normalizedPath().equals(CALL) && !Arrival.of(context).isOwn(origin);
    }

    /** Refuses; a command is in the audit log before the client knows. */
    private void turnAway(RoutingContext context, Requester requester, int status, String why) {
        HttpProblem problem = new HttpProblem(status, why);
        String operation = operation(context);
        if (operation == null) {
            problem.answer(context);
            return;
        }
        Context eventLoop = context.vertx().getOrCreateContext();
        refusals.note(requester, operation, Verdict.refused(Verdict.Reason.UNAUTHORIZED, why))
                .whenComplete((noted, fault) -> eventLoop.runOnContext(v -> problem.answer(context)));
    }

    /** The operation that a request would start; null if it would start none. */
    private static String operation(RoutingContext context) {
        String path = context.normalizedPath();
        if (context.request().method() != HttpMethod.POST) {
            return null;
        }
        if (path.startsWith(OPERATIONS)) {
            return path.substring(OPERATIONS.length());
        }
        String last = lastLevel(context);
        return path.startsWith(SESSIONS) && Command.isEnding(last) ? last : null;
    }

    static String lastLevel(RoutingContext context) {
        String path = context.normalizedPath();
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
