package pysmurf.controller.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.fleet.Directory.Kind;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;

/**
 * One fleet session under way. What is heard waits in a queue for the session's own thread, so that the thread of the MQTT client never
 * waits, and decisions are made by one thread.
 */
public final class FleetRun {

    private static final Logger LOG = LoggerFactory.getLogger(FleetRun.class);

    /** What finds no room is asked for later. */
    private static final int MAX_HEARD = 10_000;

    private static final long LOOK_EVERY_MS = 100;

    private record Heard(String controller, Kind kind, JsonNode payload) {}

    private final Turns turns;
    private final Set<String> members;
    private final BooleanSupplier complete;
    private final BooleanSupplier forced;
    private final BlockingQueue<Heard> queue = new LinkedBlockingQueue<>(MAX_HEARD);
    private FleetCommand last;
    private boolean givenUp;
    private Throwable fault;

    /**
     * @param complete whether all controllers have been heard that there are
     * @param forced   whether it is aborted by force
     */
    FleetRun(Turns turns, Set<String> members, BooleanSupplier complete, BooleanSupplier forced) {
        this.turns = turns;
        this.members = members;
        this.complete = complete;
        this.forced = forced;
    }

    static long now() {
        return System.nanoTime() / 1_000_000;
    }

    /** Never waits. */
    void heard(String controller, Kind kind, JsonNode payload) {
        if (members.contains(controller)
                && turns.isOfFleet(kind, payload)
                && !queue.offer(new Heard(controller, kind, payload))) {
            LOG.warn("Too much is heard of {}: what it tells is asked for later", controller);
        }
    }

    /** For the route: whether there is a member that has not ended. */
    public boolean isOpen() {
        return turns.isOpen();
    }

    /** Waits for the next command; null if there is none at the moment, or none left. */
    FleetCommand next() throws InterruptedException {
        try {
            Heard heard = queue.poll();
            while (true) {
                if (heard != null) {
                    turns.heard(heard.controller(), heard.kind(), heard.payload(), now());
                }
                last = turns.next(complete.getAsBoolean(), now());
                if (last != null || !turns.isOpen()) {
                    return last;
                }
                heard = queue.poll(LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            if (givenUp && forced.getAsBoolean()) {
                // it is to end more quickly, and in order
                last = null;
                return null;
            }
            if (givenUp) {
                turns.leave(now());
            }
            throw e;
        }
    }

    void notSent() {
        turns.notSent(last, now());
    }

    /** @param why null if it was asked for */
    void giveUp(Throwable why) {
        givenUp = true;
        fault = why;
        turns.giveUp(now());
    }

    void conclude() {
        if (fault != null) {
            throw new OperationFailure(Outcome.FAILED, "The fleet was given up: " + fault);
        }
        turns.conclude();
    }
}
