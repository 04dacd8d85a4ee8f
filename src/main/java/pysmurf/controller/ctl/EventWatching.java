package pysmurf.controller.ctl;

import java.time.Duration;
import java.util.function.Consumer;

/** Looks at the events of one session until it is done. Not thread-safe. */
final class EventWatching implements Watching {

    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(200);

    private final EventFeed feed;
    private final int id;
    private final Consumer<EventFeed.Event> seen;
    private final Runnable timeGoesBy;

    /**
     * @param feed       opened before the session was started, so that nothing of it is missed; not closed by this
     * @param seen       told of each event of the session, and of what was left out
     * @param timeGoesBy called a few times a second
     */
    EventWatching(EventFeed feed, int id, Consumer<EventFeed.Event> seen, Runnable timeGoesBy) {
        this.feed = feed;
        this.id = id;
        this.seen = seen;
        this.timeGoesBy = timeGoesBy;
    }

    @Override
    public boolean awaitEnd(Duration atMost) throws InterruptedException {
        long start = System.nanoTime();
        do {
            EventFeed.Event event = feed.next(BETWEEN_LOOKS);
            if (event != null && (event.sessionId() == id || event.data().has("dropped"))) {
                seen.accept(event);
                if (event.name().equals("session")
                        && event.data().path("status").asText().equals("done")) {
                    return true;
                }
            }
            timeGoesBy.run();
        } while (System.nanoTime() - start < atMost.toNanos());
        return false;
    }

    @Override
    public void close() {
        timeGoesBy.run();
    }
}
