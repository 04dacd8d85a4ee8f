package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** A session in words and tables for people. */
record SessionReport(JsonNode session) {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);
    private static final Set<String> TRANSPORTS = Set.of("http", "mqtt", "ocs");
    private static final Set<String> STAGES_WITH_RESULTS =
            Set.of("find_freq", "setup_notches", "tracking_setup", "take_noise");
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
        plots(base).forEach((folder, table) -> {
            out.println("  plots in " + folder);
            table.printBlock(out);
        });
    }

    /** What a tune found, a row a band; empty for a session that has no such stage. */
    TextTable results() {
        TextTable table = TextTable.ofNumbers();
        if (StreamSupport.stream(session.path("stages").spliterator(), false)
                .noneMatch(
                        stage -> STAGES_WITH_RESULTS.contains(stage.path("name").asText())
                                && stage.path("start_time").isNumber())) {
            return table;
        }
        table.row(
                "band", "resonators", "assigned", "good/all", "median r2", "f_ptp kHz", "df_ptp kHz", "noise pA/rtHz");
        for (int band : bands()) {
            String key = Integer.toString(band);
            String goodOfAll = number("tracking_setup", key, "n_good", "%.0f") + "/"
                    + number("tracking_setup", key, "n_all", "%.0f");
            table.row(
                    key,
                    number("find_freq", key, "n_res", "%.0f"),
                    number("setup_notches", key, "n_assigned", "%.0f"),
                    goodOfAll.equals(MISSING + "/" + MISSING) ? MISSING : goodOfAll,
                    number("tracking_setup", key, "r2_median", "%.4f"),
                    number("tracking_setup", key, "f_ptp_khz", "%.1f"),
                    number("tracking_setup", key, "df_ptp_khz", "%.1f"),
                    number("take_noise", key, "median_pa_rthz", "%.1f"));
        }
        return table;
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

    private String number(String stage, String band, String key, String format) {
        for (JsonNode each : session.path("stages")) {
            JsonNode value = each.path("numbers").path(band).path(key);
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

    private Map<String, TextTable> plots(String base) {
        Map<String, TextTable> folders = new LinkedHashMap<>();
        JsonNode files = session.path("files");
        Path here = Path.of("").toAbsolutePath();
        for (int i = 0; i < files.size(); i++) {
            Path path =
                    Path.of(files.get(i).path("path").asText()).toAbsolutePath().normalize();
            if (files.get(i).path("plot").asBoolean() && path.getParent() != null) {
                Path folder = path.getParent();
                String url =
                        base + "/api/v1/sessions/" + session.path("session_id").asInt() + "/files/" + i;
                folders.computeIfAbsent(
                                (folder.startsWith(here) ? here.relativize(folder) : folder).toString(),
                                name -> new TextTable())
                        .row(path.getFileName().toString(), url);
            }
        }
        return folders;
    }
}
