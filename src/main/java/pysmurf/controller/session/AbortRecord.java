package pysmurf.controller.session;

import java.math.BigDecimal;
import java.util.List;

/**
 * What is known of a session's abort.
 *
 * @param by        who asked
 * @param at        when, unix seconds
 * @param signals   short names in the order sent; complete once the session is done
 * @param survivors processes that even SIGKILL did not end
 */
public record AbortRecord(String by, BigDecimal at, List<String> signals, int survivors) {

    AbortRecord with(List<String> sent, int alive) {
        return new AbortRecord(by, at, List.copyOf(sent), alive);
    }
}
