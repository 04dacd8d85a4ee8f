package pysmurf.controller.http;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.access.Role;
import pysmurf.controller.observe.Health;
import pysmurf.controller.observe.Health.State;
import pysmurf.controller.observe.Metrics;

/** What is below {@code /observe}. */
public final class ObserveViews {

    /** https://prometheus.io/docs/instrumenting/exposition_formats */
    private static final String TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8";

    private final Health health;
    private final Metrics metrics;

    ObserveViews(Health health, Metrics metrics) {
        this.health = health;
        this.metrics = metrics;
    }

    /** {@code GET /observe/health}: 503 only if no command can be taken. */
    public HttpReply health(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        Health.Report report = health.report(request.requester().is(Role.ADMIN));
        return HttpReply.json(report.status() == State.DOWN ? 503 : 200, report);
    }

    /** {@code GET /observe/health/ready}: 503 if no command can be taken now. */
    public HttpReply ready() {
        Optional<String> why = health.hindrance();
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("status", why.isEmpty() ? State.UP : State.DOWN);
        why.ifPresent(text -> report.put("detail", text));
        return HttpReply.json(why.isEmpty() ? 200 : 503, report);
    }

    /** {@code GET /observe/metrics}. */
    public HttpReply metrics() {
        return HttpReply.of(200, TEXT_FORMAT, metrics.scrape(), Map.of());
    }
}
