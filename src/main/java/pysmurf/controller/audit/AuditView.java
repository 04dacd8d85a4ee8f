package pysmurf.controller.audit;

import java.util.Locale;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.access.Role;
import pysmurf.controller.http.HttpProblem;
import pysmurf.controller.http.HttpReply;
import pysmurf.controller.http.HttpRequest;

/** {@code GET /api/v1/audit}. Thread-safe. */
public final class AuditView {

    private static final int DEFAULT_LIMIT = 50;
    private static final int MOST = 500;

    private final Audit audit;

    public AuditView(Audit audit) {
        this.audit = audit;
    }

    /**
     * The newest entries, the newest first.
     *
     * @throws HttpProblem 403 for anybody but an admin, 400 for a limit out of its rule
     */
    public HttpReply list(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        if (!request.isFrom(Role.ADMIN)) {
            throw new HttpProblem(
                    403, "this needs the role " + Role.ADMIN.name().toLowerCase(Locale.ROOT));
        }
        return HttpReply.json(200, audit.newest(request.number("limit", 1, MOST, DEFAULT_LIMIT)));
    }
}
