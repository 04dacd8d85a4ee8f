package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintStream;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** A line for each member of a fleet: redrawn in place on a terminal, elsewhere written when it changes. */
final class FleetTable implements Display {

    /** More would scroll the top of the table away, where it cannot be redrawn. */
    private static final int MAX_LINES = 20;

    private final PrintStream out;
    private final int columns;
    private final Map<String, String> told = new HashMap<>();
    private int drawn;

    /** @param columns width of the terminal; 0 if there is none */
    FleetTable(PrintStream out, int columns) {
        this.out = out;
        this.columns = columns;
    }

    /** The members, how each stands or ended, and why. */
    static TextTable of(JsonNode session) {
        return table(session, SessionReport.each(session.path("stages")));
    }

    private static TextTable table(JsonNode session, Stream<JsonNode> members) {
        TextTable table = new TextTable();
        members.forEach(member -> table.row(
                member.path("name").asText(),
                state(session, member),
                number(member, "session_id", "session %d"),
                number(member, "took_s", "%.1f s"),
                number(member, "attempts", "tried %d times").replaceFirst("^tried 1 times$", ""),
                member.path("detail").asText("")));
        return table;
    }

    /** The list that it is in, which says more than its stage. */
    private static String state(JsonNode session, JsonNode member) {
        return session.at("/data/fleet").properties().stream()
                .filter(list -> SessionReport.each(list.getValue()).anyMatch(one -> one.equals(member.path("name"))))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(member.path("status").asText())
                .replace('_', ' ');
    }

    private static String number(JsonNode member, String name, String format) {
        JsonNode number = member.path("numbers").path(name);
        return number.isNumber() ? String.format(Locale.ROOT, format, number.numberValue()) : "";
    }

    @Override
    public void show(JsonNode session, double elapsed) {
        if (columns == 0) {
            tell(session, elapsed);
            return;
        }
        List<JsonNode> members = SessionReport.each(session.path("stages")).toList();
        List<JsonNode> first = Stream.concat(
                        members.stream().filter(FleetTable::isWorking),
                        members.stream().filter(m -> !isWorking(m)))
                .limit(MAX_LINES)
                .toList();
        List<JsonNode> shown = members.size() <= MAX_LINES ? members : first;
        long ended = members.stream()
                .filter(member -> member.path("end_time").isNumber())
                .count();
        List<String> lines = Stream.concat(
                        table(session, shown.stream()).lines().stream(),
                        Stream.of(String.format(
                                Locale.ROOT, "%d of %d have ended  %5.1f s", ended, members.size(), elapsed)))
                .toList();
        // at once, and each line over the one that was there, so that nothing flickers
        StringBuilder table = new StringBuilder(up());
        lines.forEach(line -> table.append(line.length() < columns ? line : line.substring(0, columns - 1))
                .append("\033[K\n"));
        out.print(table.append("\033[J"));
        out.flush();
        drawn = lines.size();
    }

    private String up() {
        return drawn > 0 ? "\033[" + drawn + "A\r" : "";
    }

    private static boolean isWorking(JsonNode member) {
        return member.path("status").asText().equals("running");
    }

    private void tell(JsonNode session, double elapsed) {
        for (JsonNode member : session.path("stages")) {
            String state = state(session, member);
            String name = member.path("name").asText();
            if (!state.equals(told.put(name, state)) && !state.equals("not run")) {
                out.println(String.format(Locale.ROOT, "%5.1f s  %s  %s", elapsed, name, state));
            }
        }
        out.flush();
    }

    /** Back to where the table begins, and nothing behind it. */
    @Override
    public void clear() {
        out.print(drawn > 0 ? up() + "\033[J" : "");
        out.flush();
        drawn = 0;
    }
}
