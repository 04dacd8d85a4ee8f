package pysmurf.controller.session;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A session in memory: the document as it is now, its newest messages, and what waits for its end. Hold its monitor to see
 * it unchanged.
 */
public final class LiveSession {

    /** So many of a session's messages are in lists and events. */
    public static final int LISTED_MESSAGES = 20;
    /** As many as a reply can carry; OCS itself keeps 10,000. The oldest go first. */
    static final int MAX_MESSAGES = 100_000;
    /** What they may take in memory together; a script may send 64,000 bytes at a time. */
    public static final long MAX_MESSAGE_BYTES = 24L * 1024 * 1024;

    private static final long ONE_CLICK_NANOS = 1_000_000_000;

    private static final int MESSAGE_OVERHEAD_BYTES = 150;
    /** What JSON takes in memory for each byte of its text, where it is many small values. */
    private static final int MEMORY_FOR_JSON = 10;

    /** Odd, so that nothing of it is lost; the golden ratio spreads its bits. */
    private static final long HISTORY_FACTOR = 0x9E3779B97F4A7C15L;

    /** What clients see of a session is its document. */
    private record Text(Session of, Document document) {}

    /**
     * A session as it is at a moment.
     *
     * @param document     its JSON without messages
     * @param messages     those that are new, oldest first
     * @param messageCount how many it has had so far
     */
    public record Snapshot(Session session, String document, List<Message> messages, int messageCount) {}

    /**
     * How a session is aborted.
     *
     * @param force  whether it is to be as quick as it can
     * @param atMost the time that its scripts have before they are killed; null for as long as the configuration says
     */
    public record AbortRequest(boolean force, Duration atMost) {

        /** What the parameters of an abort ask for. */
        public static AbortRequest of(ObjectNode params) {
            return new AbortRequest(params.path("force").asBoolean(), null);
        }
    }

    private final long madeAt = System.nanoTime();
    private final int paramsSize;
    /** Has a monitor of its own, so that the store can write a session that is held. */
    private final Deque<Message> messages = new ArrayDeque<>();

    private final CompletableFuture<LiveSession> ended = new CompletableFuture<>();
    private final CompletableFuture<AbortRequest> abortRequested = new CompletableFuture<>();
    /** Volatile, so that the store can look at the lock without the monitor. */
    private volatile Session now;

    private volatile Text text = new Text(null, null);
    private int messageCount;
    private long messageBytes;
    /** Of all messages in their order: another number after each of them. Volatile, so that polls need no monitor. */
    private volatile long history;

    private LiveSession abortSession;
    private LiveSession target;
    private int liveScripts;
    private boolean concluded;
    private boolean markTaken;
    private volatile boolean forced;
    private long forcedAt;
    private Runnable conclusion;

    /** For stores: a session that begins. */
    public LiveSession(Session session) {
        this(session, List.of(), 0);
    }

    /**
     * For stores: a session as it was kept.
     *
     * @param kept         its newest messages, oldest first
     * @param messageCount how many it had altogether
     */
    public LiveSession(Session session, List<Message> kept, int messageCount) {
        now = session;
        paramsSize = Session.size(session.params());
        add(kept);
        this.messageCount = messageCount;
        if (session.isDone()) {
            ended.complete(this);
        }
    }

    /** The document as it is at this moment. */
    public Session now() {
        return now;
    }

    void set(Session changed) {
        now = changed;
    }

    public int id() {
        return now.id();
    }

    public String opName() {
        return now.opName();
    }

    /** The parameters with their defaults; not to be changed. */
    public ObjectNode params() {
        return now.params();
    }

    /** For routes: the parameters as plain maps, lists and values. */
    public Object getParameters() {
        return Json.value(params());
    }

    /** For routes: when the command was accepted, whole unix seconds: pysmurf names folders and files by this. */
    public long getCtime() {
        return now.startTime().longValue();
    }

    public boolean exclusive() {
        return now.exclusive();
    }

    public boolean isDone() {
        return now.isDone();
    }

    /**
     * A time of this session: the clock's, unless that was set back since the session began. Then it is as much later than the
     * start as time has passed, as far as this life of the controller has seen it pass.
     *
     * @param clock what the clock says now, unix seconds
     */
    BigDecimal time(BigDecimal clock) {
        return clock.max(now.startTime().add(BigDecimal.valueOf((System.nanoTime() - madeAt) / 1000, 6)));
    }

    /** What is to mark the processes of its first script, which recovery finds by that; empty for every other script. */
    public synchronized Optional<String> takeMark() {
        Optional<String> first = markTaken ? Optional.empty() : Optional.ofNullable(now.mark());
        markTaken = true;
        return first;
    }

    /** Completes when the session is done; never exceptionally. */
    public CompletableFuture<LiveSession> ended() {
        return ended;
    }

    /** Completes when someone asks for an abort, without the session's monitor; never exceptionally. */
    public CompletableFuture<AbortRequest> abortRequested() {
        return abortRequested;
    }

    /**
     * Its abort is to be as quick as it can.
     *
     * @return false if that has been said within the last second: twice is a double click then, or a client that sends again
     */
    public synchronized boolean force() {
        boolean again = forced && System.nanoTime() - forcedAt < ONE_CLICK_NANOS;
        if (!again) {
            forcedAt = System.nanoTime();
            forced = true;
        }
        return !again;
    }

    public boolean isForced() {
        return forced;
    }

    /** The session that this one aborts or stops; null for every other operation. */
    public synchronized LiveSession target() {
        return target;
    }

    synchronized Optional<LiveSession> abortSession() {
        return Optional.ofNullable(abortSession);
    }

    void abortedBy(LiveSession abort) {
        synchronized (this) {
            abortSession = abort;
        }
        synchronized (abort) {
            abort.target = this;
        }
    }

    /** This one stops another. */
    synchronized void stops(LiveSession process) {
        target = process;
    }

    void add(Message message) {
        add(List.of(message));
    }

    final void add(List<Message> more) {
        synchronized (messages) {
            for (Message message : more) {
                messages.addLast(message);
                messageCount++;
                history = history * HISTORY_FACTOR + message.hashCode();
                messageBytes += bytes(message);
            }
            while (messages.size() > MAX_MESSAGES || messageBytes > MAX_MESSAGE_BYTES && messages.size() > 1) {
                messageBytes -= bytes(messages.removeFirst());
            }
        }
    }

    private static long bytes(Message message) {
        return MESSAGE_OVERHEAD_BYTES + message.text().length();
    }

    /** How many messages it had so far, those that are no longer in memory included. */
    public int messageCount() {
        synchronized (messages) {
            return messageCount;
        }
    }

    /** The newest messages that are in memory, oldest first; a copy. */
    public List<Message> messages(int max) {
        synchronized (messages) {
            Message[] newest = new Message[Math.min(max, messages.size())];
            Iterator<Message> backwards = messages.descendingIterator();
            for (int i = newest.length - 1; i >= 0; i--) {
                newest[i] = backwards.next();
            }
            return List.of(newest);
        }
    }

    /**
     * The session as it is now; needs no monitor of it.
     *
     * @param known so many messages are not new
     */
    public Snapshot since(int known) {
        synchronized (messages) {
            Text present = text();
            return new Snapshot(present.of(), present.document().json(), messages(messageCount - known), messageCount);
        }
    }

    /** About what it takes in memory, at most. */
    public long weight() {
        synchronized (messages) {
            return messageBytes + MEMORY_FOR_JSON * (now.dataSize() + paramsSize);
        }
    }

    private Text text() {
        Session present = now;
        Text known = text;
        if (known.of() != present) {
            boolean same = known.of() != null && known.of().showsTheSameAs(present);
            known = new Text(present, same ? known.document() : new Document(present));
            text = known;
        }
        return known;
    }

    /** What clients see of it now, with so many messages; the same object until that changes. */
    public View view(int maxMessages) {
        View known = text().document().view(maxMessages);
        return known != null && known.history() == history ? known : newView(maxMessages);
    }

    /** Whether {@link #view} has it already, so that it waits for nobody who changes the session. */
    public boolean hasView(int maxMessages) {
        Text known = text;
        View view = known.of() == now ? known.document().view(maxMessages) : null;
        return view != null && view.history() == history;
    }

    private synchronized View newView(int maxMessages) {
        synchronized (messages) {
            return text().document().newView(maxMessages, history, messages(maxMessages));
        }
    }

    /** @return false if the session is over, so that no script may start in its name any more */
    synchronized boolean enter() {
        if (concluded) {
            return false;
        }
        liveScripts++;
        return true;
    }

    /** The opposite of {@link #enter}. */
    void leave() {
        Runnable over;
        synchronized (this) {
            liveScripts--;
            over = overAtLast();
        }
        over.run();
    }

    /**
     * The session's exchange is over, and with its last script the session is.
     *
     * @param closing run once, by the last that lives in the session; a second one is not run
     */
    void conclude(Runnable closing) {
        Runnable over;
        synchronized (this) {
            if (conclusion != null) {
                return;
            }
            conclusion = closing;
            over = overAtLast();
        }
        over.run();
    }

    private Runnable overAtLast() {
        if (conclusion == null || liveScripts > 0 || concluded) {
            return () -> {};
        }
        concluded = true;
        return conclusion;
    }
}
