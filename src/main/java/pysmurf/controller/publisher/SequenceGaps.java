package pysmurf.controller.publisher;

import java.util.HashMap;
import java.util.Map;

/**
 * Counts numbered messages that did not arrive. Each Publisher numbers its messages from 0, also those that it failed to send
 * (pysmurf, util/pub.py), and has a socket of its own.
 */
final class SequenceGaps {

    /** @param sender where its datagrams come from */
    record Source(String host, String script, Object sender) {}

    private final Map<Source, Long> expected = new HashMap<>();
    private long counted;
    private long lost;
    private long gaps;

    /** @param counted messages counted before, of Publishers that continue: their numbers do not begin with 0 here */
    SequenceGaps(long counted) {
        this.counted = counted;
    }

    synchronized void note(Source source, long number) {
        long next = expected.computeIfAbsent(source, newcomer -> {
            long before = Math.min(number, counted);
            counted -= before;
            return before;
        });
        if (number >= next) {
            lost += number - next;
            gaps += number > next ? 1 : 0;
            expected.put(source, number + 1);
        } else if (number == 0) {
            // another Publisher has the port now
            expected.put(source, 1L);
        } else {
            // late: it was counted as lost when the next one came
            lost--;
        }
    }

    /** How often numbers were left out, however many each time. */
    synchronized long gaps() {
        return gaps;
    }

    synchronized long lost() {
        return lost;
    }
}
