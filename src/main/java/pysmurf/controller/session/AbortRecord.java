package pysmurf.controller.session;

import java.math.BigDecimal;
import java.util.List;
import java.util.stream.Stream;

/**
 * What is known of a session's abort.
 *
 * @param by        who asked
 * @param at        when, unix seconds
 * @param signals   short names in the order sent; complete once the session is done
 * @param survivors processes that even SIGKILL did not end
 */
public record AbortRecord(String by, BigDecimal at, List<String> signals, int survivors) {

    AbortRecord plus(String signal) {
        return new AbortRecord(
                by, at, Stream.concat(signals.stream(), Stream.of(signal)).toList(), survivors);
    }

    AbortRecord withSurvivors(int alive) {
        return new AbortRecord(by, at, signals, alive);
    }
}
