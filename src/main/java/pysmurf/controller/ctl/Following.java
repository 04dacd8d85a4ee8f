package pysmurf.controller.ctl;

import java.time.Duration;

/** Waits for a session's end, also over a lost connection. Stateless. */
final class Following {

    /** How often the session is asked for by itself; what is seen of it may not come through. */
    private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(5);

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long BEFORE_ANOTHER_TRY_MS = 500;
    private static final long UNTIL_DONE_MS = 50;

    private Following() {}

    /**
     * The session when it is done.
     *
     * @param commandId of the command that started it; null if that is not known
     * @throws Unreachable if the controller does not come back, or came back without the session
     */
    static Reply toEnd(ControllerClient client, int id, String commandId, Watching watching)
            throws Refusal, Unreachable, InterruptedException {
        long lastAnswer = System.nanoTime();
        boolean endSeen = false;
        while (true) {
            if (endSeen) {
                Thread.sleep(UNTIL_DONE_MS);
            } else {
                endSeen = watching.awaitEnd(BETWEEN_LOOKS);
            }
            Reply session;
            try {
                session = client.session(id);
            } catch (Refusal e) {
                if (e.status() == 404) {
                    throw forgotten(id);
                }
                throw e;
            } catch (Unreachable e) {
                if (System.nanoTime() - lastAnswer > PATIENCE.toNanos()) {
                    throw new Unreachable(e.getMessage() + "\nThe outcome of session " + id + " is not known.", e);
                }
                Thread.sleep(BEFORE_ANOTHER_TRY_MS);
                continue;
            }
            lastAnswer = System.nanoTime();
            if (commandId != null
                    && !commandId.equals(session.json().path("command_id").asText())) {
                throw forgotten(id);
            }
            if (session.isDone()) {
                if (!endSeen) {
                    // it is over, but what came before the end may still be on its way
                    watching.awaitEnd(BETWEEN_LOOKS);
                }
                return session;
            }
        }
    }

    private static Unreachable forgotten(int id) {
        return new Unreachable("The controller was restarted and no longer knows session " + id + ".");
    }
}
