package pysmurf.controller.operation;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Status;

/** Which routes are in use by a session, so that replacing them would break it off. */
final class RouteUse {

    /** Where routes begin that something may be in for as long as a session lasts; other calls are over in a moment. */
    private static final List<String> HOLDING = List.of("direct:", "platform-http:", "rest:");

    private static final long MAX_CALL_NANOS = 100_000_000;
    private static final long LOOK_NANOS = 1_000_000;

    private final CamelContext context;
    private final Sessions sessions;

    RouteUse(CamelContext context, Sessions sessions) {
        this.context = context;
        this.sessions = sessions;
    }

    /** A session that goes through blocks, as every one may, but an abort. */
    Optional<LiveSession> ofBlocks() {
        return begun().stream().filter(session -> session.victim() == null).findFirst();
    }

    /** A session of an operation among these routes; or any, if it or its client may be on the way through one of them. */
    Optional<LiveSession> ofRoutes(Set<String> ids) {
        return begun().stream()
                .filter(session -> ids.contains(session.opName()))
                .findFirst()
                .or(() -> sessions.unfinished().stream().findFirst().filter(any -> ids.stream()
                        .anyMatch(this::isUnderWay)));
    }

    /** One that starts finds out about the replacement in {@link Operations#ready}. */
    private List<LiveSession> begun() {
        return sessions.unfinished().stream()
                .filter(session -> session.now().status() != Status.STARTING)
                .toList();
    }

    private boolean isUnderWay(String id) {
        Route route = context.getRoute(id);
        if (route == null || HOLDING.stream().noneMatch(route.getEndpoint().getEndpointUri()::startsWith)) {
            return false;
        }
        long deadline = System.nanoTime() + MAX_CALL_NANOS;
        while (context.getInflightRepository().size(id) > 0) {
            if (System.nanoTime() > deadline) {
                return true;
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return false;
    }
}
