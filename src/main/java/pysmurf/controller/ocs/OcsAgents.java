package pysmurf.controller.ocs;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.vertx.core.Context;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.http.HttpProblem;
import pysmurf.controller.http.HttpReply;
import pysmurf.controller.http.HttpRequest;
import pysmurf.controller.http.HttpServer;
import pysmurf.controller.wamp.WampJson;

/**
 * The controllers of a process as OCS agents, and {@code /call} where there are several: it hands a call to the route "ocs" of the
 * one that it names.
 */
public final class OcsAgents {

    private static final Logger LOG = LoggerFactory.getLogger(OcsAgents.class);

    private record Member(ControllerAgent agent, ProducerTemplate template) {}

    /** By address. */
    private final Map<String, Member> members = new ConcurrentSkipListMap<>();

    private final WrongPasswords wrongPasswords;

    public OcsAgents(InstantSource clock) {
        wrongPasswords = new WrongPasswords(clock);
    }

    /** @return takes it away again */
    AutoCloseable add(ControllerAgent agent, ProducerTemplate template) {
        Member member = new Member(agent, template);
        members.put(agent.address, member);
        return () -> members.remove(agent.address, member);
    }

    List<ControllerAgent> all() {
        return members.values().stream().map(Member::agent).toList();
    }

    /** One count of guesses: who guesses at several agents is no better off. */
    WrongPasswords wrongPasswords() {
        return wrongPasswords;
    }

    /** Serves {@code /call} for all of them. */
    public void install(Router router) {
        OcsBridge bridge = new OcsBridge();
        new CallEndpoint(bridge, HttpServer.MAX_BODY_BYTES).install(router);
        router.route("/call")
                .method(HttpMethod.POST)
                .method(HttpMethod.PUT)
                .handler(HttpServer.bodyHandler())
                .handler(this::call);
    }

    private void call(RoutingContext context) {
        HttpRequest request = HttpRequest.of(context);
        Optional<ProducerTemplate> named = named(procedure(request));
        if (named.isEmpty()) {
            new HttpProblem(503, "no controller is there").answer(context);
            return;
        }
        Context eventLoop = context.vertx().getOrCreateContext();
        // the synchronous part of a route may wait for a disk
        context.vertx()
                .executeBlocking(
                        () -> named.get()
                                .asyncSend(
                                        "direct:ocs", exchange -> exchange.setProperty(HttpRequest.PROPERTY, request))
                                .thenAccept(done -> eventLoop.runOnContext(v -> reply(context, done))),
                        false)
                .onFailure(context::fail);
    }

    private static void reply(RoutingContext context, Exchange done) {
        if (done.getException() != null || !(done.getMessage().getBody() instanceof HttpReply reply)) {
            LOG.error("A call failed", done.getException());
            context.fail(500);
        } else {
            reply.writeTo(context);
        }
    }

    /** Empty if it cannot be told: the one who answers that it cannot is any. */
    private static String procedure(HttpRequest request) {
        try {
            return WampJson.read(new String(request.body(), StandardCharsets.UTF_8))
                    .path("procedure")
                    .asText();
        } catch (JsonProcessingException e) {
            return "";
        }
    }

    private Optional<ProducerTemplate> named(String procedure) {
        Member member = members.get(procedure.replaceFirst("\\.ops$", ""));
        return Optional.ofNullable(member)
                .or(() -> members.values().stream().findFirst())
                .map(Member::template);
    }
}
