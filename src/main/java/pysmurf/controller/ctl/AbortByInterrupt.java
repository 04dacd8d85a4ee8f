package pysmurf.controller.ctl;

import pysmurf.controller.session.Json;

/** Ctrl-C while a session is followed: the first has it aborted, the second leaves it to itself. Thread-safe. */
final class AbortByInterrupt {

    private static final int TRIES = 3;
    private static final long BETWEEN_TRIES_MS = 500;

    private final ControllerClient client;
    private final Terminal terminal;
    private Integer id;
    private boolean wanted;

    private AbortByInterrupt(ControllerClient client, Terminal terminal) {
        this.client = client;
        this.terminal = terminal;
    }

    /** From now on Ctrl-C does this. */
    static AbortByInterrupt install(ControllerClient client, Terminal terminal) {
        AbortByInterrupt abort = new AbortByInterrupt(client, terminal);
        terminal.interrupts().handleWith(abort::interrupted);
        return abort;
    }

    /** The session is known now; it is aborted if that was wanted meanwhile. */
    synchronized void started(int sessionId) {
        id = sessionId;
        if (wanted) {
            send();
        }
    }

    private synchronized void interrupted() {
        if (wanted) {
            terminal.note(id == null ? "Left; the operation may still start." : "Left to itself: session " + id + ".");
            terminal.interrupts().leave(ExitCode.LEFT);
        }
        wanted = true;
        if (id == null) {
            terminal.note(
                    "The session will be aborted as soon as its number is known; Ctrl-C again leaves it to itself.");
        } else {
            send();
        }
    }

    private void send() {
        terminal.note("Aborting session " + id + "; Ctrl-C again leaves it to itself.");
        int victim = id;
        Thread sender = new Thread(() -> send(victim), "abort");
        sender.setDaemon(true);
        sender.start();
    }

    private void send(int victim) {
        for (int left = TRIES - 1; left >= 0; left--) {
            try {
                client.abort(victim, Json.object());
                return;
            } catch (Refusal e) {
                // 409 is no news: it has ended by itself, which is seen as well
                if (e.status() != 409) {
                    e.lines().forEach(terminal::note);
                }
                return;
            } catch (Unreachable e) {
                if (left == 0) {
                    terminal.note("The abort could not be sent. " + e.getMessage());
                }
                pause();
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(BETWEEN_TRIES_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
