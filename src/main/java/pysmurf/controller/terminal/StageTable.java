package pysmurf.controller.terminal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;

/** The stages of a session that were run, how each ended and how long it took. Immutable. */
public final class StageTable {

    private final JsonNode stages;

    /** @param session a session */
    public StageTable(JsonNode session) {
        this.stages = session.path("stages");
    }

    /** A line a stage. */
    public List<String> lines() {
        TextTable table = TextTable.ofWords();
        for (JsonNode stage : stages) {
            if (stage.path("start_time").isNumber()) {
                table.row(List.of(
                        stage.path("name").asText(),
                        stage.path("status").asText(),
                        seconds(stage),
                        stage.path("detail").asText("")));
            }
        }
        return table.lines();
    }

    private static String seconds(JsonNode stage) {
        if (!stage.path("end_time").isNumber()) {
            return "";
        }
        double seconds = stage.path("end_time")
                .decimalValue()
                .subtract(stage.path("start_time").decimalValue())
                .doubleValue();
        return String.format(Locale.ROOT, "%6.2f s", seconds);
    }
}
