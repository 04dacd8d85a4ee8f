package pysmurf.controller.sink;

import pysmurf.controller.session.SessionEvent;

/** Counts the output lines that did not reach one sink, by the numbers the lines carry. Not thread-safe. */
public final class OutputGaps {

    private int sessionId = -1;
    private long nextLine;

    /**
     * Takes note of an event that reached the sink.
     *
     * @return how many lines before it, in its session, did not; 0 for events other than output
     */
    public long before(SessionEvent event) {
        SessionEvent.Output output = event.getOutput();
        if (output == null || event.getSessionId() < sessionId) {
            return 0;
        }
        if (event.getSessionId() > sessionId) {
            sessionId = event.getSessionId();
            nextLine = 0;
        }
        long lost = Math.max(0, output.firstLine() - nextLine);
        nextLine = output.firstLine() + output.lines().size();
        return lost;
    }
}
