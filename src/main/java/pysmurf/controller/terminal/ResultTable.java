package pysmurf.controller.terminal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/** What a tune found, a row a band; a number whose stage did not run is "-". Immutable. */
public final class ResultTable {

    private static final String MISSING = "-";
    private static final List<String> COLUMNS_OF =
            List.of("find_freq", "setup_notches", "tracking_setup", "take_noise");

    private final JsonNode stages;
    private final JsonNode params;

    /** @param session the session of a tune */
    public ResultTable(JsonNode session) {
        this.stages = session.path("stages");
        this.params = session.path("params");
    }

    /** Whether the session is of another kind: it has no stage whose numbers the table could show. */
    public boolean isEmpty() {
        return COLUMNS_OF.stream().noneMatch(this::wasRun);
    }

    private boolean wasRun(String stage) {
        for (JsonNode each : stages) {
            if (each.path("name").asText().equals(stage)
                    && each.path("start_time").isNumber()) {
                return true;
            }
        }
        return false;
    }

    /** The table, with its head. */
    public List<String> lines() {
        TextTable table = TextTable.ofNumbers()
                .row(List.of(
                        "band",
                        "resonators",
                        "assigned",
                        "good/all",
                        "median r2",
                        "f_ptp kHz",
                        "df_ptp kHz",
                        "noise pA/rtHz"));
        for (int band : bands()) {
            table.row(row(Integer.toString(band)));
        }
        return table.lines();
    }

    private TreeSet<Integer> bands() {
        TreeSet<Integer> bands = new TreeSet<>();
        params.path("bands").forEach(band -> bands.add(band.asInt()));
        for (JsonNode stage : stages) {
            stage.path("numbers").fieldNames().forEachRemaining(name -> {
                if (name.matches("\\d{1,3}")) {
                    bands.add(Integer.valueOf(name));
                }
            });
        }
        return bands;
    }

    private List<String> row(String band) {
        List<String> cells = new ArrayList<>();
        cells.add(band);
        cells.add(number("find_freq", band, "n_res", "%.0f"));
        cells.add(number("setup_notches", band, "n_assigned", "%.0f"));
        String good = number("tracking_setup", band, "n_good", "%.0f");
        String all = number("tracking_setup", band, "n_all", "%.0f");
        cells.add(good.equals(MISSING) && all.equals(MISSING) ? MISSING : good + "/" + all);
        cells.add(number("tracking_setup", band, "r2_median", "%.4f"));
        cells.add(number("tracking_setup", band, "f_ptp_khz", "%.1f"));
        cells.add(number("tracking_setup", band, "df_ptp_khz", "%.1f"));
        cells.add(number("take_noise", band, "median_pa_rthz", "%.1f"));
        return cells;
    }

    private String number(String stage, String band, String key, String format) {
        for (JsonNode each : stages) {
            JsonNode value = each.path("numbers").path(band).path(key);
            if (each.path("name").asText().equals(stage) && value.isNumber()) {
                return String.format(Locale.ROOT, format, value.doubleValue());
            }
        }
        return MISSING;
    }
}
