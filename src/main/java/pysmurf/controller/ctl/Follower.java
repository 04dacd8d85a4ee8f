package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import pysmurf.controller.session.Json;

/** Reads what a controller streams, on a thread of its own. It makes a lost connection again and goes on where it was. */
abstract class Follower implements ControllerClient.Watch, AutoCloseable {

    private static final Duration BEFORE_RECONNECT = Duration.ofSeconds(1);
    private static final long MOMENT_MS = 200;

    private final Terminal terminal;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread reader = new Thread(this::run, "follower");
    private volatile InputStream stream;
    private volatile boolean closed;
    private volatile Failure refusal;

    private Follower(Terminal terminal) {
        this.terminal = terminal;
        reader.setDaemon(true);
    }

    abstract InputStream open() throws InterruptedException;

    /** Reads until the connection ends; returns whether all was read. */
    abstract boolean read(InputStream in) throws IOException, InterruptedException;

    private void run() {
        boolean lost = false;
        while (!closed) {
            try {
                stream = stream == null ? open() : stream;
                if (lost) {
                    terminal.note("The controller answers again.");
                    lost = false;
                }
                if (read(stream)) {
                    break;
                }
            } catch (Failure e) {
                if (!e.isPassing()) {
                    refusal = e;
                    break;
                }
            } catch (IOException e) {
                // The connection is lost, which is said once, below.
            } catch (InterruptedException e) {
                return;
            }
            stream = null;
            if (!lost && !closed) {
                terminal.note("The connection to the controller is lost; trying again.");
                lost = true;
            }
            pause();
        }
        ended.countDown();
    }

    private void pause() {
        try {
            Thread.sleep(BEFORE_RECONNECT.toMillis());
        } catch (InterruptedException e) {
            closed = true;
        }
    }

    @Override
    public boolean sawEnd() throws InterruptedException {
        return ended.await(MOMENT_MS, TimeUnit.MILLISECONDS);
    }

    /** Fails as the controller's answer did, if it refused the stream. */
    void check() {
        if (refusal != null) {
            throw refusal;
        }
    }

    boolean isClosed() {
        return closed;
    }

    /** Has the reader find out that the connection is gone. */
    void drop() {
        InputStream current = stream;
        if (current != null) {
            try {
                current.close();
            } catch (IOException e) {
                terminal.note(e.toString());
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        reader.interrupt();
        drop();
    }

    /** Copies a session's output, byte for byte. */
    static Follower output(ControllerClient client, int id, boolean follow, Terminal terminal) {
        Output output = new Output(client, "/api/v1/sessions/" + id + "/log?follow=" + follow, terminal);
        ((Follower) output).reader.start();
        return output;
    }

    private static final class Output extends Follower {

        private static final int BLOCK_BYTES = 64 * 1024;

        private final ControllerClient client;
        private final String path;
        private final Terminal terminal;
        private long copied;

        private Output(ControllerClient client, String path, Terminal terminal) {
            super(terminal);
            this.client = client;
            this.path = path;
            this.terminal = terminal;
        }

        @Override
        InputStream open() throws InterruptedException {
            return client.open(path);
        }

        @Override
        boolean read(InputStream in) throws IOException {
            in.skipNBytes(copied);
            byte[] block = new byte[BLOCK_BYTES];
            for (int length = in.read(block); length >= 0 && !isClosed(); length = in.read(block)) {
                terminal.out().write(block, 0, length);
                copied += length;
                if (terminal.out().checkError()) {
                    // The reader of this output is gone, as with "| head".
                    return true;
                }
            }
            return true;
        }
    }

    /**
     * A server-sent event.
     *
     * @param id null for one that cannot be resumed from
     */
    record Event(String id, String name, JsonNode data) {

        /** The session that it is about; -1 for none. */
        int sessionId() {
            return data.path("session_id").asInt(-1);
        }
    }

    /** Told of each event, in turn. */
    @FunctionalInterface
    interface Listener {

        /** Returns whether this was the last event that is of interest. */
        boolean heard(Event event) throws InterruptedException;
    }

    /** Begins with the events that come from now on. */
    static Follower events(ControllerClient client, Terminal terminal, Listener listener) throws InterruptedException {
        Events events = new Events(client, terminal, listener);
        ((Follower) events).stream = events.open();
        ((Follower) events).reader.start();
        return events;
    }

    private static final class Events extends Follower {

        /** Three times as long as the controller is ever silent. */
        private static final Duration MAX_SILENCE = Duration.ofSeconds(45);

        private final ControllerClient client;
        private final Listener listener;
        private volatile long lastHeard = System.nanoTime();
        private volatile boolean listenerIsBusy;
        private String lastId;

        private Events(ControllerClient client, Terminal terminal, Listener listener) {
            super(terminal);
            this.client = client;
            this.listener = listener;
        }

        @Override
        InputStream open() throws InterruptedException {
            lastHeard = System.nanoTime();
            return lastId == null
                    ? client.open("/api/v1/events")
                    : client.open("/api/v1/events", "Last-Event-ID", lastId);
        }

        /** A host that is gone closes no connection. */
        @Override
        public boolean sawEnd() throws InterruptedException {
            if (!listenerIsBusy && System.nanoTime() - lastHeard > MAX_SILENCE.toNanos()) {
                lastHeard = System.nanoTime();
                drop();
            }
            return super.sawEnd();
        }

        /** HTML Living Standard, 9.2.6, as far as the controller makes use of it. */
        @Override
        boolean read(InputStream in) throws IOException, InterruptedException {
            BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
            String id = null;
            String name = "";
            StringBuilder data = new StringBuilder();
            for (String line = lines.readLine(); line != null && !isClosed(); line = lines.readLine()) {
                lastHeard = System.nanoTime();
                if (line.startsWith("id: ")) {
                    id = line.substring(4);
                } else if (line.startsWith("event: ")) {
                    name = line.substring(7);
                } else if (line.startsWith("data: ")) {
                    data.append(line, 6, line.length());
                } else if (line.isEmpty()) {
                    byte[] json = data.toString().getBytes(StandardCharsets.UTF_8);
                    listenerIsBusy = true;
                    if (json.length > 0 && listener.heard(new Event(id, name, Json.read(json)))) {
                        return true;
                    }
                    lastHeard = System.nanoTime();
                    listenerIsBusy = false;
                    lastId = id == null ? lastId : id;
                    id = null;
                    data.setLength(0);
                }
            }
            return false;
        }
    }
}
