package pysmurf.controller.session;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.List;

/**
 * All that a store keeps of a session, at one moment. Immutable; the JSON in it is not to be changed.
 *
 * @param id           the session's id
 * @param draft        what was known when the command was accepted
 * @param startTime    when that was, unix seconds
 * @param outcome      null until the session is done
 * @param endTime      unix seconds; null until the session is done
 * @param notKept      how much of what its scripts reported is in neither {@code data} nor {@code files}
 * @param trimmed      the fields that are not read whole, being too large for that
 * @param exitCode     of the last script that ended; null if none did, or if it is not known
 * @param pid          of the last script that started; null if none did
 * @param abort        null if nobody asked
 * @param log          where the output is; null if there is none
 * @param script       the script that runs; null if none does
 * @param firstMessage number of the first of the messages in the session, from 0
 * @param messages     from that one on
 */
public record SessionState(
        int id,
        Session.Draft draft,
        BigDecimal startTime,
        Status status,
        Outcome outcome,
        BigDecimal endTime,
        ObjectNode data,
        long notKept,
        List<String> trimmed,
        Integer exitCode,
        Long pid,
        AbortRecord abort,
        SessionLog log,
        ScriptMark script,
        List<Stage> stages,
        List<RegisteredFile> files,
        int firstMessage,
        List<Message> messages) {

    /**
     * A line for people.
     *
     * @param time unix seconds
     */
    public record Message(BigDecimal time, String text) {}
}
