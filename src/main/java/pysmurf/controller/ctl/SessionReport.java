package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
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
    private static final String MISSING = "-";

    /** A time in unix seconds in the local zone; empty for none. */
    static String time(JsonNode seconds) {
        return seconds.isNumber()
                ? TIME.format(Instant.ofEpochSecond(seconds.longValue()).atZone(ZoneId.systemDefault()))
                : "";
    }

    static String joined(JsonNode list, String by) {
        return StreamSupport.stream(list.spliterator(), false)
                .map(JsonNode::asText)
                .collect(Collectors.joining(by));
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
        return end.isNumber()
                ? String.format(
                        Locale.ROOT,
                        format,
                        end.decimalValue()
                                .subtract(what.path("start_time").decimalValue())
                                .doubleValue())
                : "";
    }

    /** Such as {@code SIGINT, SIGTERM}. */
    String signals() {
        return joined(session.at("/abort/signals"), ", ").replaceAll("\\w+", "SIG$0");
    }

    String headline() {
        return session.path("op_name").asText() + " " + state() + " after " + took() + " (session "
                + session.path("session_id").asInt() + ")";
    }

    /** Results, stages, the last messages unless it succeeded, and plots. */
    void print(PrintStream out, String base) {
        results().printBlock(out);
        stages().printBlock(out);
        if (!succeeded()) {
            out.println("The last messages:");
            JsonNode messages = session.path("messages");
            TextTable last = new TextTable();
            for (int i = Math.max(0, messages.size() - MAX_LAST_MESSAGES); i < messages.size(); i++) {
                last.row(messages.get(i).path(1).asText());
            }
            last.printBlock(out);
        }
        printPlots(out, base);
    }

    /** The plots of each folder, with their addresses. */
    void printPlots(PrintStream out, String base) {
        Map<Path, TextTable> folders = new LinkedHashMap<>();
        Path here = Path.of("").toAbsolutePath();
        JsonNode files = session.path("files");
        for (int i = 0; i < files.size(); i++) {
            Path path = Path.of(files.get(i).path("path").asText());
            if (files.get(i).path("plot").asBoolean() && path.getParent() != null) {
                Path folder = path.getParent().toAbsolutePath().normalize();
                folders.computeIfAbsent(
                                folder.startsWith(here) ? here.relativize(folder) : folder, name -> new TextTable())
                        .row(
                                path.getFileName().toString(),
                                base + "/api/v1/sessions/"
                                        + session.path("session_id").asInt() + "/files/" + i);
            }
        }
        folders.forEach((folder, table) -> {
            out.println("  plots in " + folder);
            table.printBlock(out);
        });
    }

    /** What a tune found, a row a band; empty for a session that has no such stage. */
    TextTable results() {
        TextTable table = TextTable.ofNumbers();
        for (JsonNode stage : session.path("stages")) {
            String name = stage.path("name").asText();
            if (table.isEmpty()
                    && stage.path("start_time").isNumber()
                    && Arrays.stream(RESULTS).anyMatch(column -> column[1].equals(name))) {
                table.row(row("band", column -> column[0]));
                bands().forEach(band -> table.row(row(band.toString(), column -> number(band, column))));
            }
        }
        return table;
    }

    private static String[] row(String first, Function<String[], String> cell) {
        return Stream.concat(Stream.of(first), Arrays.stream(RESULTS).map(cell)).toArray(String[]::new);
    }

    private Set<Integer> bands() {
        Set<Integer> bands = new TreeSet<>();
        session.at("/params/bands").forEach(band -> bands.add(band.asInt()));
        for (JsonNode stage : session.path("stages")) {
            stage.path("numbers").fieldNames().forEachRemaining(name -> {
                if (name.matches("\\d{1,3}")) {
                    bands.add(Integer.valueOf(name));
                }
            });
        }
        return bands;
    }

    private String number(int band, String[] column) {
        String numbers = Arrays.stream(column[2].split("/"))
                .map(key -> number(column[1], "/numbers/" + band + "/" + key, column[3]))
                .collect(Collectors.joining("/"));
        return numbers.matches("[-/]+") ? MISSING : numbers;
    }

    private String number(String stage, String pointer, String format) {
        for (JsonNode each : session.path("stages")) {
            JsonNode value = each.at(pointer);
            if (each.path("name").asText().equals(stage) && value.isNumber()) {
                return String.format(Locale.ROOT, format, value.doubleValue());
            }
        }
        return MISSING;
    }

    /** The stages that were run, how each ended and how long it took. */
    TextTable stages() {
        TextTable table = new TextTable();
        for (JsonNode stage : session.path("stages")) {
            if (stage.path("start_time").isNumber()) {
                table.row(
                        stage.path("name").asText(),
                        stage.path("status").asText(),
                        took(stage, "%6.2f s"),
                        stage.path("detail").asText(""));
            }
        }
        return table;
    }
}
