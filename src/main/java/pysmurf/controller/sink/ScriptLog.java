package pysmurf.controller.sink;

import org.apache.camel.Body;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.LogMark;
import pysmurf.controller.session.SessionEvent;

/** Writes scripts' output lines to the controller's own log. Not thread-safe: one route calls it. */
public final class ScriptLog {

    private static final Logger LOG = LoggerFactory.getLogger("script");

    private final OutputGaps gaps = new OutputGaps();

    /** Writes one batch, if its session wants that. */
    public void write(@Body SessionEvent event) {
        long lost = gaps.before(event);
        if (!event.getOutput().toLog() || !LOG.isInfoEnabled()) {
            return;
        }
        LogMark.around(event, () -> write(event, lost));
    }

    private static void write(SessionEvent event, long lost) {
        String session = event.getOpName() + ":" + event.getSessionId();
        if (lost > 0) {
            LOG.warn("{} … {} lines left out here, the session's log has them", session, lost);
        }
        for (String line : event.getOutput().lines()) {
            // a log has no line that changes: a progress bar is in it as it ends
            if (!line.endsWith("\r")) {
                LOG.info("{} {}", session, line);
            }
        }
    }
}
