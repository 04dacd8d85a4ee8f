package pysmurf.controller.ctl;

import pysmurf.controller.session.Json;

/** Ctrl-C while a session is followed: the first aborts it, the second leaves it to itself. */
final class AbortByInterrupt {

    private static final int TRIES = 3;
    private static final long BEFORE_RETRY_MS = 500;
    private static final int CONFLICT = 409;

    private final ControllerClient client;
    private final Terminal terminal;
    private Integer id;
    private boolean wanted;

    AbortByInterrupt(ControllerClient client, Terminal terminal) {
        this.client = client;
        this.terminal = terminal;
        terminal.onInterrupt().accept(this::interrupted);
    }

    /** The session is known now. */
    synchronized void started(int sessionId) {
        id = sessionId;
        if (wanted) {
            send();
        }
    }

    private synchronized void interrupted() {
        if (wanted) {
            terminal.note(id == null ? "Left; the operation may still start." : "Left to itself: session " + id + ".");
            terminal.leave().accept(ExitCode.LEFT);
        }
        wanted = true;
        if (id != null) {
            send();
        } else {
            terminal.note("The session will be aborted once its number is known; Ctrl-C again leaves it to itself.");
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
        try {
            for (int left = TRIES - 1; left >= 0; left--) {
                try {
                    client.abort(victim, Json.object());
                    return;
                } catch (Failure e) {
                    if (e.status() == CONFLICT) {
                        // It has ended by itself, which is shown anyway.
                        return;
                    }
                    if (e.status() != 0 || left == 0) {
                        terminal.note("The abort was not taken. " + e.getMessage());
                        return;
                    }
                }
                Thread.sleep(BEFORE_RETRY_MS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
