package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** A session in words and tables for people. */
record SessionReport(JsonNode session) {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);
    private static final Set<String> TRANSPORTS = Set.of("http", "mqtt", "ocs");
    /** The columns of a tune's results: heading, stage, keys of its numbers, format. */
    private static final String[][] RESULTS = {
        {"resonators", "find_freq", "n_res", "%.0f"},
        {"assigned", "setup_notches", "n_assigned", "%.0f"},
        {"good/all", "tracking_setup", "n_good/n_all", "%.0f"},
        {"median r2", "tracking_setup", "r2_median", "%.4f"},
        {"f_ptp kHz", "tracking_setup", "f_ptp_khz", "%.1f"},
        {"df_ptp kHz", "tracking_setup", "df_ptp_khz", "%.1f"},
        {"noise pA/rtHz", "take_noise", "median_pa_rthz", "%.1f"}
    };

    private static final int MAX_LAST_MESSAGES = 5;

    /** A time in unix seconds in the local zone; empty for none. */
    static String time(JsonNode seconds) {
        return seconds.isNumber()
                ? TIME.format(Instant.ofEpochSecond(seconds.longValue()).atZone(ZoneId.systemDefault()))
                : "";
    }

    static Stream<JsonNode> each(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false);
    }

    static String joined(JsonNode list, String by) {
        return each(list).map(JsonNode::asText).collect(Collectors.joining(by));
    }

    /** "http 127.0.0.1" as "127.0.0.1 over HTTP"; MQTT does not say who it was. Any other text stays as it is. */
    static String requester(String by) {
        String[] parts = by.split(" ", 2);
        if (parts.length < 2 || !TRANSPORTS.contains(parts[0])) {
            return by.strip();
        }
        String over = "over " + parts[0].toUpperCase(Locale.ROOT);
        return parts[0].equals(parts[1]) ? over : parts[1] + " " + over;
    }

    String requester() {
        JsonNode by = session.path("requested_by");
        return requester(by.path("transport").asText() + " " + by.path("client").asText());
    }

    boolean succeeded() {
        return session.path("outcome").asText().equals("succeeded");
    }

    /** Its number and operation. */
    String name() {
        return "session " + session.path("session_id").asText() + " of "
                + session.path("op_name").asText();
    }

    /** The same, as the beginning of a sentence. */
    String title() {
        return "S" + name().substring(1);
    }

    /** Its outcome, or its status as long as it has none. */
    String state() {
        return session.path("outcome").asText(session.path("status").asText()).replace('_', ' ');
    }

    String started() {
        return time(session.path("start_time"));
    }

    /** How long it took; empty while it runs. */
    String took() {
        return took(session, "%.1f s");
    }

    private static String took(JsonNode what, String format) {
        JsonNode end = what.path("end_time");
        double seconds = end.asDouble() - what.path("start_time").asDouble();
        return end.isNumber() ? String.format(Locale.ROOT, format, seconds) : "";
    }

    /** Such as {@code SIGINT, SIGTERM}. */
    String signals() {
        return joined(session.at("/abort/signals"), ", ").replaceAll("\\w+", "SIG$0");
    }

    /** What a tune found, its stages, and its plots with their addresses. */
    void print(PrintStream out, String base) {
        results().printBlock(out);
        stages().printBlock(out);
        TextTable plots = new TextTable();
        JsonNode files = session.path("files");
        for (int n = 0; n < files.size(); n++) {
            Path name = Path.of(files.get(n).path("path").asText()).getFileName();
            if (files.get(n).path("plot").asBoolean() && name != null) {
                String id = session.path("session_id").asText();
                plots.row(name.toString(), base + "/api/v1/sessions/" + id + "/files/" + n);
            }
        }
        plots.printBlock(out);
    }

    void printLastMessages(PrintStream out) {
        out.println("The last messages:");
        TextTable last = new TextTable();
        JsonNode messages = session.path("messages");
        each(messages)
                .skip(Math.max(0, messages.size() - MAX_LAST_MESSAGES))
                .forEach(message -> last.row(message.path(1).asText()));
        last.printBlock(out);
    }

    /** What a tune found, a row a band; empty for a session that has begun no such stage. */
    TextTable results() {
        TextTable table = new TextTable();
        Set<String> bands = new TreeSet<>();
        each(session.path("stages"))
                .filter(stage -> stage.path("start_time").isNumber())
                .filter(stage -> Stream.of(RESULTS)
                        .anyMatch(column -> column[1].equals(stage.path("name").asText())))
                .forEach(stage -> {
                    each(session.at("/params/bands")).forEach(band -> bands.add(band.asText()));
                    stage.path("numbers").fieldNames().forEachRemaining(bands::add);
                });
        if (!bands.isEmpty()) {
            table.row(row("band", column -> column[0]));
        }
        bands.forEach(band -> table.row(row(band, column -> number(band, column))));
        return table;
    }

    private static String[] row(String first, Function<String[], String> cell) {
        Stream<String> others =
                Stream.of(RESULTS).map(column -> ("%" + column[0].length() + "s").formatted(cell.apply(column)));
        return Stream.concat(Stream.of("%4s".formatted(first)), others).toArray(String[]::new);
    }

    private String number(String band, String[] column) {
        JsonNode numbers = each(session.path("stages"))
                .filter(stage -> stage.path("name").asText().equals(column[1]))
                .findFirst()
                .map(stage -> stage.path("numbers").path(band))
                .orElse(MissingNode.getInstance());
        return Stream.of(column[2].split("/"))
                .map(numbers::path)
                .map(number -> number.isNumber() ? String.format(Locale.ROOT, column[3], number.asDouble()) : "-")
                .collect(Collectors.joining("/"))
                .replace("-/-", "-");
    }

    /** The stages that were run, how each ended and how long it took; of a fleet all its members. */
    TextTable stages() {
        if (session.at("/data/fleet").isObject()) {
            return FleetTable.of(session);
        }
        TextTable table = new TextTable();
        each(session.path("stages"))
                .filter(stage -> stage.path("start_time").isNumber())
                .forEach(stage -> table.row(
                        stage.path("name").asText(),
                        stage.path("status").asText(),
                        took(stage, "%6.2f s"),
                        stage.path("detail").asText("")));
        return table;
    }
}
