package pysmurf.controller.ctl;

import pysmurf.controller.session.Json;

/** Ctrl-C while a session is followed: the first aborts it, the second leaves it to itself. */
final class AbortByInterrupt {

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
        int target = id;
        Thread sender = new Thread(() -> send(target), "abort");
        sender.setDaemon(true);
        sender.start();
    }

    private void send(int target) {
        try {
            client.abort(target, Json.object());
        } catch (Failure e) {
            // At a conflict it has ended by itself, which is shown anyway.
            if (e.status() != CONFLICT) {
                terminal.note("The abort was not taken. " + e.getMessage());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
