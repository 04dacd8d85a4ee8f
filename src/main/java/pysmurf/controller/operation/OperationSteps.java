package pysmurf.controller.operation;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.camel.AsyncCallback;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.NamedNode;
import org.apache.camel.Processor;
import org.apache.camel.model.AggregateDefinition;
import org.apache.camel.model.CatchDefinition;
import org.apache.camel.model.FinallyDefinition;
import org.apache.camel.model.MulticastDefinition;
import org.apache.camel.model.OnCompletionDefinition;
import org.apache.camel.model.OnExceptionDefinition;
import org.apache.camel.model.RecipientListDefinition;
import org.apache.camel.model.SplitDefinition;
import org.apache.camel.model.ToDefinition;
import org.apache.camel.spi.InterceptStrategy;
import org.apache.camel.support.ExchangeHelper;
import org.apache.camel.support.processor.DelegateAsyncProcessor;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;

/**
 * Stands before each step that is done in the name of a session, whichever thread or copy of its exchange it is on. A step that
 * goes on on another thread is waited for, so that the session's route is over when it says so. An abort interrupts the steps that
 * are no script, and refuses those that come after, but for what a route does when it has failed.
 */
public final class OperationSteps implements InterceptStrategy {

    private static final String RUN = "operationSteps";
    /** Set while a route does what it does after a failure; copies of the exchange have it, whichever thread they are on. */
    private static final String CLEANUP = "operationCleanup";

    private final Map<Integer, Run> runs = new ConcurrentHashMap<>();

    /** From now on the steps of this exchange, and of its copies, are the session's. */
    void begin(LiveSession session, Exchange exchange) {
        Run run = new Run();
        exchange.setProperty(RUN, run);
        runs.put(session.id(), run);
        session.abortRequested().thenAccept(request -> run.abort(request.force() ? Reach.CLEANUP : Reach.SINGLE_STEPS));
        session.ended().thenRun(() -> runs.remove(session.id()));
    }

    /** Interrupts what a session does at this moment, as far as that is reached. */
    public void interrupt(LiveSession session, Reach reach) {
        Run run = runs.get(session.id());
        if (run != null) {
            run.interrupt(reach);
        }
    }

    /** A step that goes on though it was interrupted, in words; empty if there is none. */
    public Optional<String> stubborn(LiveSession session) {
        return Optional.ofNullable(runs.get(session.id())).flatMap(Run::stubborn);
    }

    @Override
    public Processor wrapProcessorInInterceptors(
            CamelContext context, NamedNode definition, Processor target, Processor nextTarget) {
        return new Step(target, definition);
    }

    private static boolean isCleanup(NamedNode definition) {
        return Stream.iterate(definition, Objects::nonNull, NamedNode::getParent)
                .anyMatch(node -> node instanceof CatchDefinition
                        || node instanceof FinallyDefinition
                        || node instanceof OnExceptionDefinition
                        || node instanceof OnCompletionDefinition);
    }

    /** What an interrupt reaches; each also what those before it do. A script is reached by none: it is ended by its own ladder. */
    public enum Reach {
        SINGLE_STEPS,
        /** Steps whose parts may be on other threads, and are to be interrupted and end first. */
        SPREAD_STEPS,
        /** What a route does after a failure. */
        CLEANUP
    }

    private enum Kind {
        SINGLE,
        SCRIPT,
        /** Its parts may be done on other threads; it is over with the last of them, and writes into its exchange then. */
        SPREAD;

        static Kind of(NamedNode definition) {
            boolean spread = definition instanceof MulticastDefinition
                    || definition instanceof SplitDefinition
                    || definition instanceof RecipientListDefinition<?>
                    || definition instanceof AggregateDefinition;
            boolean script =
                    definition instanceof ToDefinition to && to.getUri().startsWith("exec:");
            return spread ? SPREAD : script ? SCRIPT : SINGLE;
        }
    }

    /** Where one thread is. */
    private record Place(Step step, boolean cleanup) {

        boolean isReachedBy(Reach reach) {
            Reach needed = cleanup ? Reach.CLEANUP : step.kind == Kind.SPREAD ? Reach.SPREAD_STEPS : Reach.SINGLE_STEPS;
            return step.kind != Kind.SCRIPT && reach.compareTo(needed) >= 0;
        }
    }

    /** The steps of one session that are being done. */
    private static final class Run {

        private final Map<Thread, Place> places = new HashMap<>();
        private final Set<Thread> interrupted = new HashSet<>();
        private boolean aborted;

        /** @return where the thread was until now; null if it was in no step of the session */
        private synchronized Place enter(Place place) {
            return places.put(Thread.currentThread(), place);
        }

        private synchronized boolean isAborted() {
            return aborted;
        }

        private synchronized void leave(Place outer) {
            if (outer == null) {
                places.remove(Thread.currentThread());
            } else {
                places.put(Thread.currentThread(), outer);
            }
            if (interrupted.remove(Thread.currentThread())) {
                // what comes next is to be done undisturbed
                Thread.interrupted();
            }
        }

        private synchronized void abort(Reach reach) {
            aborted = true;
            interrupt(reach);
        }

        private synchronized void interrupt(Reach reach) {
            places.forEach((thread, place) -> {
                if (place.isReachedBy(reach)) {
                    interrupted.add(thread);
                    thread.interrupt();
                }
            });
        }

        private synchronized Optional<String> stubborn() {
            return interrupted.stream()
                    .map(places::get)
                    .map(place -> place.step().toString())
                    .findFirst();
        }
    }

    private static final class Step extends DelegateAsyncProcessor {

        private final String name;
        private final boolean cleanup;
        private final Kind kind;

        private Step(Processor target, NamedNode definition) {
            super(target);
            name = definition.getShortName() + " " + definition.getId();
            cleanup = isCleanup(definition);
            kind = Kind.of(definition);
        }

        @Override
        public boolean process(Exchange exchange, AsyncCallback callback) {
            Run run = exchange.getProperty(RUN, Run.class);
            if (run == null) {
                return super.process(exchange, callback);
            }
            boolean within = exchange.getProperty(CLEANUP, false, Boolean.class);
            if (cleanup && !within) {
                exchange.setProperty(CLEANUP, true);
            }
            try {
                Place outer = run.enter(new Place(this, cleanup || within));
                try {
                    if (run.isAborted() && !cleanup && !within) {
                        // or an error handler would try it again
                        exchange.getExchangeExtension().setRedeliveryExhausted(true);
                        throw new OperationFailure(Outcome.ABORTED, "Aborted");
                    }
                    if (kind == Kind.SPREAD) {
                        apart(exchange);
                    } else {
                        // returns when the step is over, whatever threads it went through
                        getProcessor().process(exchange);
                    }
                } finally {
                    run.leave(outer);
                }
            } catch (Exception e) {
                exchange.setException(e);
            }
            if (run.isAborted()) {
                // an error handler whose wait was interrupted stops the route, past its doCatch
                exchange.setRouteStop(false);
            }
            if (cleanup && !within) {
                exchange.removeProperty(CLEANUP);
            }
            callback.done(true);
            return true;
        }

        /** On a copy: parts that end after the step was interrupted must not write into what the route goes on with. */
        private void apart(Exchange exchange) throws Exception {
            Exchange copy = ExchangeHelper.createCopy(exchange, true);
            getProcessor().process(copy);
            if (Thread.currentThread().isInterrupted()) {
                throw new OperationFailure(Outcome.ABORTED, "Aborted");
            }
            ExchangeHelper.copyResults(exchange, copy);
        }

        @Override
        public String toString() {
            return name;
        }
    }
}
