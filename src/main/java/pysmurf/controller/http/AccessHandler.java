package pysmurf.controller.http;

import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import pysmurf.controller.access.Holder;
import pysmurf.controller.access.Role;
import pysmurf.controller.access.Tokens;
import pysmurf.controller.audit.Audit;
import pysmurf.controller.command.Command;
import pysmurf.controller.command.Origin;

/**
 * Lets a request pass to a route, or not: viewers may GET, operators may also POST. Stands before every route, so that none
 * can forget it. Thread-safe.
 */
public final class AccessHandler implements Handler<RoutingContext> {

    private static final Pattern BEARER = Pattern.compile("bearer +(.*)", Pattern.CASE_INSENSITIVE);
    private static final Set<String> HEALTH =
            Set.of("/observe/health", "/observe/health/ready", "/observe/health/live");
    /** The page is the same for everybody and holds nothing; what it shows it has to ask for, with a token. */
    private static final String PAGE = "/";

    private static final String PAGE_FILES = "/page/";
    /** Takes a password in the body as well, so it decides for itself what a client without a token may do. */
    private static final String CALL = "/call";

    private static final String OPERATIONS = "/api/v1/operations/";
    private static final String SESSIONS = "/api/v1/sessions/";

    private final Tokens tokens;
    private final Audit audit;

    public AccessHandler(Tokens tokens, Audit audit) {
        this.tokens = tokens;
        this.audit = audit;
    }

    @Override
    public void handle(RoutingContext context) {
        String address = Arrival.of(context).address();
        if (isForeign(context)) {
            turnAway(context, address, null, new HttpProblem(403, "pages of other origins may not command"));
            return;
        }
        if (tokens.open()) {
            new Caller(address, Role.ADMIN, false).attachTo(context);
            context.next();
            return;
        }
        String header = context.request().getHeader("Authorization");
        Matcher bearer = BEARER.matcher(header == null ? "" : header);
        if (!bearer.matches()) {
            decide(context, address, false, Optional.empty());
            return;
        }
        CompletableFuture<Optional<Holder>> holder =
                tokens.holderOf(bearer.group(1).strip());
        if (holder.isDone() && !holder.isCompletedExceptionally()) {
            decide(context, address, true, holder.join());
        } else {
            Context eventLoop = context.vertx().getOrCreateContext();
            holder.whenComplete((found, fault) -> eventLoop.runOnContext(v -> {
                if (fault == null) {
                    decide(context, address, true, found);
                } else {
                    HttpConsumer.fail(context, new HttpProblem(429, fault.getMessage()));
                }
            }));
        }
    }

    private void decide(RoutingContext context, String address, boolean tokenGiven, Optional<Holder> holder) {
        HttpMethod method = context.request().method();
        Role needed = method == HttpMethod.GET || method == HttpMethod.HEAD ? Role.VIEWER : Role.OPERATOR;
        Caller caller = holder.map(found -> new Caller(found.name(), found.role(), false))
                .orElseGet(() -> new Caller(address, null, tokenGiven));
        boolean allowed = caller.role() != null && caller.role().includes(needed);
        if (allowed || context.normalizedPath().equals(CALL) || isPublic(context.normalizedPath(), needed)) {
            caller.attachTo(context);
            context.next();
        } else if (holder.isPresent()) {
            turnAway(
                    context,
                    address,
                    holder.get(),
                    new HttpProblem(403, "this needs the role " + needed.name().toLowerCase(Locale.ROOT)));
        } else {
            context.response().putHeader("WWW-Authenticate", "Bearer");
            turnAway(context, address, null, new HttpProblem(401, "this needs a token (Authorization: Bearer …)"));
        }
    }

    /** Refuses; a command is in the audit log before the client knows. */
    private void turnAway(RoutingContext context, String address, Holder holder, HttpProblem problem) {
        String operation = operation(context);
        if (operation == null) {
            HttpConsumer.fail(context, problem);
            return;
        }
        Context eventLoop = context.vertx().getOrCreateContext();
        audit.turnedAway(
                        new Origin(
                                "http",
                                holder == null ? address : holder.name(),
                                holder == null ? null : holder.role(),
                                address,
                                operation),
                        problem.getMessage())
                .whenComplete((v, fault) -> eventLoop.runOnContext(w -> HttpConsumer.fail(context, problem)));
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
        return path.startsWith(SESSIONS) && path.endsWith("/" + Command.ABORT) ? Command.ABORT : null;
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

    private static boolean isPublic(String path, Role needed) {
        return HEALTH.contains(path) || needed == Role.VIEWER && (path.equals(PAGE) || path.startsWith(PAGE_FILES));
    }
}
