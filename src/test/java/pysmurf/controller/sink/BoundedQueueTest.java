package pysmurf.controller.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import pysmurf.controller.access.Requester;
import pysmurf.controller.assembly.MemoryBudget;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.MemorySessionStore;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.Sessions;

class BoundedQueueTest {

    private static final int MANY = 50_000;

    private final DefaultCamelContext context = new DefaultCamelContext();
    private final MemoryBudget budget = new MemoryBudget();
    private final BoundedQueue queue = new BoundedQueue(budget);
    private final LiveSession session = new Sessions(
                    new MemorySessionStore(), event -> {}, Clock.systemUTC(), 1024 * 1024, new SimpleMeterRegistry())
            .open(new Session.Draft("run", Json.object(), null, Requester.of("http", "me"), true))
            .session();

    private final CompletableFuture<Boolean> ended = new CompletableFuture<>();

    @AfterEach
    void close() {
        context.stop();
    }

    private Exchange exchange(SessionEvent event) {
        Exchange exchange = new DefaultExchange(context);
        exchange.getMessage().setBody(event);
        return exchange;
    }

    private Exchange output() {
        return exchange(
                SessionEvent.ofOutput(session, new SessionEvent.Output(0, 0, List.of("line".repeat(1000)), true)));
    }

    private Exchange datagram() {
        return exchange(SessionEvent.ofDatagrams(session, List.of(new byte[10_000])));
    }

    private int fill(Supplier<Exchange> events) {
        return fill(queue, events);
    }

    private static int fill(BoundedQueue queue, Supplier<Exchange> events) {
        int taken = 0;
        for (int i = 0; i < MANY; i++) {
            taken += queue.offer(events.get()) ? 1 : 0;
        }
        return taken;
    }

    @Test
    void leavesRoomForOthersHoweverMuchOutputThereIs() {
        int lines = fill(this::output);

        assertThat(lines).isPositive().isLessThan(MANY);
        assertThat(queue.dropped()).isEqualTo(MANY - lines);
        assertThat(queue.offer(datagram())).isTrue();
    }

    /** What arrived together is dropped together, and each of it counts. */
    @Test
    void countsEachDatagramThatFoundNoRoom() {
        fill(this::datagram);
        long before = queue.dropped();

        queue.offer(exchange(SessionEvent.ofDatagrams(session, List.of(new byte[10_000], new byte[10_000]))));

        assertThat(queue.dropped() - before).isEqualTo(2);
    }

    /** But not for ever, since it is to be told that the session is over, whatever else there is to do. */
    @Test
    void givesWayToWhatIsUrgent() throws Exception {
        BoundedQueue urgent = new BoundedQueue(budget);
        queue.giveWayTo(new BoundedQueue(budget), urgent);
        urgent.offer(datagram());
        queue.offer(datagram());
        queue.offer(datagram());

        CompletableFuture<Exchange> first = CompletableFuture.supplyAsync(this::take);
        assertThat(first.get(10, TimeUnit.SECONDS)).isNotNull();
        assertThat(urgent).as("it was still there").hasSize(1);

        urgent.poll();
        assertThat(take()).isNotNull();
    }

    private Exchange take() {
        try {
            return queue.poll(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void neverDropsHowASessionStands() {
        fill(this::datagram);
        assertThat(queue.offer(datagram())).isFalse();

        assertThat(queue.offer(exchange(SessionEvent.of(
                        SessionEvent.Type.SESSION,
                        session,
                        session.view(LiveSession.LISTED_MESSAGES).text()))))
                .isTrue();
    }

    @Test
    void neverWaits() {
        fill(this::datagram);

        assertThat(queue.offer(datagram(), 1, TimeUnit.HOURS)).isFalse();
    }

    @Test
    void hasRoomAgainWhenSomethingIsTaken() throws Exception {
        fill(this::output);
        assertThat(queue.offer(output())).isFalse();

        assertThat(queue.poll()).isNotNull();
        assertThat(queue.offer(output())).isTrue();
        assertThat(queue.offer(output())).isFalse();
        assertThat(queue.poll(1, TimeUnit.SECONDS)).isNotNull();
        assertThat(queue.offer(output())).isTrue();
    }

    @Test
    void takesLittleWhereOthersHaveTakenTheRestAndNeverNothing() {
        int alone = fill(this::datagram);
        List<BoundedQueue> others =
                Stream.generate(() -> new BoundedQueue(budget)).limit(9).toList();
        others.forEach(other -> fill(other, this::datagram));
        BoundedQueue last = new BoundedQueue(budget);

        assertThat(fill(last, this::datagram)).isBetween(alone / 10, alone / 2);

        others.forEach(BoundedQueue::close);
        assertThat(fill(last, this::datagram)).isPositive();
    }

    @Test
    void sendsAwayWhoWaitsAndDisturbsNothingElse() throws Exception {
        Thread consumer = new Thread(() -> {
            try {
                queue.poll(1, TimeUnit.HOURS);
                ended.complete(!Thread.currentThread().isInterrupted());
            } catch (InterruptedException e) {
                ended.complete(false);
            }
        });
        consumer.start();
        await().until(() -> consumer.getState() == Thread.State.TIMED_WAITING);

        queue.wake();

        assertThat(ended.get(10, TimeUnit.SECONDS)).isTrue();
        queue.stop();
        assertThat(queue.poll(1, TimeUnit.HOURS)).isNull();
    }
}
