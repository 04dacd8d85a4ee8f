package pysmurf.controller.publisher;

import java.util.HashMap;
import java.util.Map;

/**
 * Counts messages that Publishers numbered and that did not arrive. Each Publisher numbers its messages from 0, also those that
 * it could not send itself (pysmurf, util/pub.py), and has a socket of its own. Thread-safe.
 */
final class SequenceGaps {

    /**
     * One Publisher.
     *
     * @param sender where its datagrams come from
     */
    record Source(String host, String script, String sender) {}

    private final Map<Source, Long> expected = new HashMap<>();
    private long counted;
    private long lost;
    private long gaps;

    /** @param counted how many messages of Publishers that go on were counted before: their numbers do not begin with 0 here */
    SequenceGaps(long counted) {
        this.counted = counted;
    }

    /** Notes a message. */
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
            // the port was given to another Publisher
            expected.put(source, 1L);
        } else {
            // late: it was counted as lost when its successor came
            lost--;
        }
    }

    /** How often a number was not the one expected, however many were left out. */
    synchronized long gaps() {
        return gaps;
    }

    synchronized long lost() {
        return lost;
    }
}
