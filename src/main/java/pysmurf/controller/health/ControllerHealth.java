package pysmurf.controller.health;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import pysmurf.controller.access.Tokens;
import pysmurf.controller.audit.Audit;
import pysmurf.controller.mqtt.Broker;
import pysmurf.controller.mqtt.MqttConnection;
import pysmurf.controller.pipeline.Pipelines;
import pysmurf.controller.pipeline.Stages;
import pysmurf.controller.publisher.Destinations;
import pysmurf.controller.publisher.PublisherInbox;
import pysmurf.controller.routing.Operation;
import pysmurf.controller.routing.Operations;
import pysmurf.controller.routing.RouteFault;
import pysmurf.controller.routing.RouteReload;
import pysmurf.controller.session.SessionStore;
import pysmurf.controller.store.DiskSpace;

/** The named checks of a controller's parts. Thread-safe. */
public final class ControllerHealth {

    /**
     * What is looked at.
     *
     * @param configurationFault why the configuration's file is not followed; empty if it is
     * @param tokens those of HTTP and OCS
     * @param users  those of the embedded broker
     */
    public record Parts(
            SessionStore store,
            DiskSpace disk,
            Broker broker,
            MqttConnection mqtt,
            PublisherInbox inbox,
            Destinations destinations,
            Supplier<Optional<String>> configurationFault,
            Operations known,
            Pipelines pipelines,
            RouteReload reload,
            Tokens tokens,
            Tokens users,
            Audit audit,
            Stages stages) {}

    private final Parts parts;

    public ControllerHealth(Parts parts) {
        this.parts = parts;
    }

    /** Adds all checks. */
    public void addTo(Health health) {
        health.add(
                "store",
                () -> parts.store().fault().map(Health.Check::down).orElseGet(() -> Health.Check.up(Map.of())));
        health.add("disk", () -> parts.disk()
                .fault()
                .map(Health.Check::down)
                .orElseGet(
                        () -> Health.Check.up(Map.of("free_bytes", parts.disk().free()))));
        health.add("mqtt", () -> {
            Map<String, Object> data = new LinkedHashMap<>(parts.mqtt().figures());
            data.put("broker", parts.broker().url().orElse(""));
            return parts.mqtt()
                    .fault()
                    .map(fault -> Health.Check.degraded(fault, data))
                    .orElseGet(() -> Health.Check.up(data));
        });
        health.add("publisher", () -> {
            Map<String, Object> data = Map.of(
                    "received",
                    parts.inbox().received(),
                    "ignored",
                    parts.inbox().ignored(),
                    "lost",
                    parts.inbox().lost(),
                    "destinations",
                    parts.destinations().traffic().stream()
                            .map(ControllerHealth::figures)
                            .toList());
            String faults = Stream.concat(
                            parts.destinations().faults().stream(), parts.configurationFault().get().stream())
                    .collect(Collectors.joining("; "));
            return faults.isEmpty() ? Health.Check.up(data) : Health.Check.degraded(faults, data);
        });
        health.add("routes", whole -> routesHealth(whole));
        health.add("access", whole -> accessHealth(whole));
        health.add("audit", whole -> auditHealth(whole));
        health.add("safe-state", () -> parts.stages()
                .alarm()
                .map(alarm -> Health.Check.degraded(alarm, Map.of()))
                .orElseGet(() -> Health.Check.up(Map.of())));
    }

    private Health.Check accessHealth(boolean whole) {
        Map<String, Object> data =
                new LinkedHashMap<>(Map.of("guarded", !parts.tokens().open()));
        if (whole) {
            data.put("tokens", parts.tokens().size());
            data.put("users", parts.users().size());
            List<String> warnings = Stream.of(
                            parts.tokens().warning(), parts.users().warning())
                    .flatMap(Optional::stream)
                    .toList();
            if (!warnings.isEmpty()) {
                data.put("warning", String.join("; ", warnings));
            }
        }
        String faults = Stream.of(parts.tokens().fault(), parts.users().fault())
                .flatMap(Optional::stream)
                .collect(Collectors.joining("; "));
        return faults.isEmpty()
                ? Health.Check.up(data)
                : Health.Check.degraded(
                        (whole ? faults : "a file of tokens or users cannot be used; an admin sees why")
                                + "; what it held before stays valid",
                        data);
    }

    private Health.Check auditHealth(boolean whole) {
        Map<String, Object> data = Map.of("lost", parts.audit().lost());
        return parts.audit()
                .fault()
                .map(fault -> Health.Check.degraded(
                        whole ? fault : "the audit log cannot be written; an admin sees why", data))
                .orElseGet(() -> Health.Check.up(data));
    }

    private static Map<String, Object> figures(Destinations.Traffic traffic) {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("host", traffic.destination().host());
        figures.put("port", traffic.destination().port());
        figures.put("sent", traffic.sent());
        figures.put("failed", traffic.failed());
        return figures;
    }

    /** The files below routes and config that cannot be used; what they held before goes on being used. */
    public List<RouteFault> brokenFiles() {
        return Stream.of(
                        parts.reload().faults(),
                        parts.known().faults(),
                        parts.pipelines().faults())
                .flatMap(Collection::stream)
                .toList();
    }

    /** How many files below routes and config cannot be used, those of tokens and users and the configuration itself among them. */
    public int brokenFileCount() {
        return brokenFiles().size()
                + (int) Stream.of(
                                parts.configurationFault().get(),
                                parts.tokens().fault(),
                                parts.users().fault())
                        .flatMap(Optional::stream)
                        .count();
    }

    private Health.Check routesHealth(boolean whole) {
        parts.known().all().forEach(operation -> parts.pipelines().of(operation.name()));
        List<RouteFault> faults = brokenFiles().stream()
                .map(fault -> whole ? fault : fault.withoutDetail())
                .toList();
        Map<String, Object> data = Map.of(
                "operations", parts.known().all().stream().map(Operation::name).toList(), "broken", faults);
        return faults.isEmpty()
                ? Health.Check.up(data)
                : Health.Check.degraded(
                        faults.stream().map(RouteFault::toString).collect(Collectors.joining("; ")), data);
    }
}
