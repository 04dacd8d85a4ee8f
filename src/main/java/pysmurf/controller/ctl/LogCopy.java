package pysmurf.controller.ctl;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Copies a session's output, byte for byte, while it is written. A lost connection is made again and goes on where it was.
 * Thread-safe.
 */
final class LogCopy implements Watching {

    private static final int BLOCK_BYTES = 64 * 1024;
    private static final Duration BEFORE_RECONNECT = Duration.ofSeconds(1);

    private final ControllerClient client;
    private final String path;
    private final PrintStream out;
    private final Consumer<String> notice;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread copier = new Thread(this::copy, "log");
    private volatile boolean closed;
    private volatile Refusal refusal;
    private long copied;

    private LogCopy(ControllerClient client, int id, boolean follow, PrintStream out, Consumer<String> notice) {
        this.client = client;
        this.path = "/api/v1/sessions/" + id + "/log?follow=" + follow;
        this.out = out;
        this.notice = notice;
        copier.setDaemon(true);
    }

    /**
     * Begins.
     *
     * @param follow whether to go on until the session is done; else what is there is copied
     * @param notice told in words when the connection goes and comes
     */
    static LogCopy start(ControllerClient client, int id, boolean follow, PrintStream out, Consumer<String> notice) {
        LogCopy copy = new LogCopy(client, id, follow, out, notice);
        copy.copier.start();
        return copy;
    }

    @Override
    public boolean awaitEnd(Duration atMost) throws InterruptedException {
        return ended.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Why nothing was copied; null if nothing was refused. */
    Refusal refusal() {
        return refusal;
    }

    private void copy() {
        boolean lost = false;
        while (!closed) {
            try (InputStream in = client.open(path)) {
                if (lost) {
                    notice.accept(EventFeed.BACK);
                    lost = false;
                }
                copy(in);
                ended.countDown();
                return;
            } catch (Refusal e) {
                refusal = e;
                ended.countDown();
                return;
            } catch (IOException | Unreachable e) {
                // for how long is a matter of whoever waits for the session
                if (!lost && !closed) {
                    notice.accept(EventFeed.LOST);
                    lost = true;
                }
                pause();
            } catch (InterruptedException e) {
                closed = true;
            }
        }
    }

    private void copy(InputStream in) throws IOException {
        in.skipNBytes(copied);
        byte[] block = new byte[BLOCK_BYTES];
        for (int length = in.read(block); length >= 0 && !closed; length = in.read(block)) {
            out.write(block, 0, length);
            copied += length;
            if (out.checkError()) {
                // nobody reads on, as with "| head"
                return;
            }
        }
    }

    private void pause() {
        try {
            Thread.sleep(BEFORE_RECONNECT.toMillis());
        } catch (InterruptedException e) {
            closed = true;
        }
    }

    @Override
    public void close() {
        closed = true;
        copier.interrupt();
    }
}
