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

    private static final long BEFORE_RECONNECT_MS = 1000;
    private static final long MOMENT_MS = 200;

    final ControllerClient client;
    final Terminal terminal;
    volatile boolean closed;
    private final CountDownLatch ended = new CountDownLatch(1);
    final Thread reader = new Thread(this::run, "follower");
    private volatile InputStream stream;
    private volatile Failure refusal;
    private boolean lost;

    private Follower(ControllerClient client, Terminal terminal) {
        this.client = client;
        this.terminal = terminal;
        reader.setDaemon(true);
    }

    /** Copies a session's output, byte for byte. */
    static Follower output(ControllerClient client, int id, boolean follow, Terminal terminal) {
        Follower output = new Output(client, terminal, "/api/v1/sessions/" + id + "/log?follow=" + follow);
        output.reader.start();
        return output;
    }

    /** The events that come from now on; they wait for a listener. */
    static Events events(ControllerClient client, Terminal terminal) throws InterruptedException {
        Events events = new Events(client, terminal);
        ((Follower) events).stream = events.open();
        return events;
    }

    abstract InputStream open() throws InterruptedException;

    /** Reads until the connection ends; returns whether all was read. */
    abstract boolean read(InputStream in) throws IOException, InterruptedException;

    private void run() {
        try {
            while (!closed && !isDone()) {
                stream = null;
                if (!lost && !closed) {
                    terminal.note("The connection to the controller is lost; trying again.");
                    lost = true;
                }
                Thread.sleep(BEFORE_RECONNECT_MS);
            }
            ended.countDown();
        } catch (InterruptedException e) {
            closed = true;
        }
    }

    /** Whether there is nothing left to read; else the connection is lost. */
    private boolean isDone() throws InterruptedException {
        try {
            stream = stream == null ? open() : stream;
            if (lost) {
                terminal.note("The controller answers again.");
                lost = false;
            }
            return read(stream);
        } catch (Failure e) {
            refusal = e.isPassing() ? null : e;
            return refusal != null;
        } catch (IOException e) {
            return false;
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

    /** Has the reader find out that the connection is gone. */
    void drop() {
        InputStream current = stream;
        try {
            if (current != null) {
                current.close();
            }
        } catch (IOException e) {
            terminal.note(e.toString());
        }
    }

    @Override
    public void close() {
        closed = true;
        reader.interrupt();
        drop();
    }

    private static final class Output extends Follower {

        private static final int BLOCK_BYTES = 64 * 1024;

        private final String path;
        private long copied;

        private Output(ControllerClient client, Terminal terminal, String path) {
            super(client, terminal);
            this.path = path;
        }

        @Override
        InputStream open() throws InterruptedException {
            return client.open(path);
        }

        @Override
        boolean read(InputStream in) throws IOException {
            in.skipNBytes(copied);
            byte[] block = new byte[BLOCK_BYTES];
            // An error is a reader of this output that is gone, as with "| head".
            for (int n = in.read(block); n >= 0 && !closed && !terminal.out().checkError(); n = in.read(block)) {
                terminal.out().write(block, 0, n);
                copied += n;
            }
            terminal.out().flush();
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
        boolean heard(Event event);
    }

    static final class Events extends Follower {

        /** Three times as long as the controller is ever silent. */
        private static final Duration MAX_SILENCE = Duration.ofSeconds(45);

        private Listener listener;
        private volatile long lastHeard;
        private volatile boolean listenerIsBusy;
        private String lastId;

        private Events(ControllerClient client, Terminal terminal) {
            super(client, terminal);
        }

        void listen(Listener toEach) {
            listener = toEach;
            reader.start();
        }

        @Override
        InputStream open() throws InterruptedException {
            lastHeard = System.nanoTime();
            String[] headers = lastId == null ? new String[0] : new String[] {"Last-Event-ID", lastId};
            return client.open("/api/v1/events", headers);
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
            String data = "";
            for (String line = lines.readLine(); line != null && !closed; line = lines.readLine()) {
                lastHeard = System.nanoTime();
                if (line.startsWith("id: ")) {
                    id = line.substring(4);
                } else if (line.startsWith("event: ")) {
                    name = line.substring(7);
                } else if (line.startsWith("data: ")) {
                    data = line.substring(6);
                } else if (line.isEmpty() && !data.isEmpty()) {
                    listenerIsBusy = true;
                    if (listener.heard(new Event(id, name, Json.read(data.getBytes(StandardCharsets.UTF_8))))) {
                        return true;
                    }
                    lastHeard = System.nanoTime();
                    listenerIsBusy = false;
                    lastId = id == null ? lastId : id;
                    id = null;
                    data = "";
                }
            }
            return false;
        }
    }
}
