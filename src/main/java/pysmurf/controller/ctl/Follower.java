package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Predicate;
import pysmurf.controller.ctl.ControllerClient.Reply;
import pysmurf.controller.session.Json;

/** Reads what a controller streams, on a thread of its own. It makes a lost connection again and goes on where it was. */
abstract class Follower extends Thread {

    private static final long BEFORE_RECONNECT_MS = 1000;
    private static final long BETWEEN_LOOKS_MS = 1000;
    private static final long MAX_REST_MS = 5000;

    final ControllerClient client;
    final Terminal terminal;
    private InputStream stream;
    private volatile Failure refusal;

    private Follower(ControllerClient client, Terminal terminal) {
        super("follower");
        this.client = client;
        this.terminal = terminal;
        setDaemon(true);
    }

    /** A server-sent event; the id is null for one that cannot be resumed from. */
    record Event(String id, String name, JsonNode data) {}

    abstract InputStream open();

    /** Reads until the connection ends; returns whether there is nothing left to read. */
    abstract boolean read(InputStream in) throws IOException;

    /** Reads what there is now, on the caller's thread. */
    void readOnce() {
        try (InputStream in = open()) {
            read(in);
        } catch (IOException e) {
            throw client.unreachable(e);
        }
    }

    @Override
    public void run() {
        boolean lost = false;
        boolean ended = false;
        while (!ended) {
            try (InputStream in = stream == null ? open() : stream) {
                if (lost) {
                    terminal.note("The controller answers again.");
                    lost = false;
                }
                ended = read(in);
            } catch (Failure e) {
                refusal = e.isPassing() ? null : e;
                ended = !e.isPassing();
            } catch (IOException e) {
                ended = isInterrupted();
            }
            stream = null;
            if (!ended) {
                if (!lost) {
                    terminal.note("The connection to the controller is lost; trying again.");
                    lost = true;
                }
                ended = pause();
            }
        }
    }

    private static boolean pause() {
        try {
            sleep(BEFORE_RECONNECT_MS);
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    /** Goes on until the session has ended, and what it wrote has arrived. */
    Reply untilEndOf(int id, String key) throws InterruptedException {
        Reply ended = client.awaitEnd(id, key, running -> join(BETWEEN_LOOKS_MS));
        join(MAX_REST_MS);
        interrupt();
        return ended;
    }

    /** Fails as the controller's answer did, if it refused the stream. */
    void check() {
        if (refusal != null) {
            throw refusal;
        }
    }

    /** Copies a session's output, byte for byte. */
    static final class Output extends Follower {

        private static final int BLOCK_BYTES = 64 * 1024;
        private static final int MAX_SILENCE_MS = 30_000;

        private final String path;
        private final int maxSilenceMs;
        private long copied;

        Output(ControllerClient client, Terminal terminal, int id, boolean follow) {
            super(client, terminal);
            path = "/api/v1/sessions/" + id + "/log?follow=" + follow;
            // A script may be silent for as long as it likes.
            maxSilenceMs = follow ? 0 : MAX_SILENCE_MS;
        }

        @Override
        InputStream open() {
            return client.open(path, Map.of(), maxSilenceMs);
        }

        @Override
        boolean read(InputStream in) throws IOException {
            byte[] block = new byte[BLOCK_BYTES];
            long position = 0;
            // An error is a reader of this output that is gone, as with "| head".
            for (int n = in.read(block);
                    n >= 0 && !isInterrupted() && !terminal.out().checkError();
                    n = in.read(block)) {
                position += n;
                int fresh = (int) Math.max(0, Math.min(n, position - copied));
                terminal.out().write(block, n - fresh, fresh);
                copied = Math.max(copied, position);
            }
            terminal.out().flush();
            return true;
        }
    }

    /** The server-sent events; HTML Living Standard, 9.2.6, as far as the controller makes use of it. */
    static final class Events extends Follower {

        /** Three times as long as the controller is ever silent. */
        private static final int MAX_SILENCE_MS = 45_000;

        private Predicate<Event> listener;
        private Map<String, String> resume = Map.of();

        /** The events that come from now on; they wait for a listener. */
        Events(ControllerClient client, Terminal terminal) {
            super(client, terminal);
            ((Follower) this).stream = open();
        }

        /** @param toEach returns whether this was the last event that is of interest */
        Events listen(Predicate<Event> toEach) {
            listener = toEach;
            start();
            return this;
        }

        @Override
        InputStream open() {
            return client.open("/api/v1/events", resume, MAX_SILENCE_MS);
        }

        @Override
        boolean read(InputStream in) throws IOException {
            BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
            String id = null;
            String name = "";
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("id: ")) {
                    id = line.substring(4);
                } else if (line.startsWith("event: ")) {
                    name = line.substring(7);
                } else if (line.startsWith("data: ")) {
                    byte[] data = line.substring(6).getBytes(StandardCharsets.UTF_8);
                    if (isInterrupted() || listener.test(new Event(id, name, Json.read(data)))) {
                        return true;
                    }
                    resume = id == null ? resume : Map.of("Last-Event-ID", id);
                    id = null;
                }
            }
            return false;
        }
    }
}
