package pysmurf.controller.terminal;

import java.util.ArrayList;
import java.util.List;

/** A table in plain text: every column as wide as its widest cell. Not thread-safe. */
public final class TextTable {

    private static final String GAP = "  ";

    private final boolean toTheRight;
    private final List<List<String>> rows = new ArrayList<>();

    private TextTable(boolean toTheRight) {
        this.toTheRight = toTheRight;
    }

    /** A table of numbers: all columns end at the right. */
    public static TextTable ofNumbers() {
        return new TextTable(true);
    }

    /** A table of words: all columns begin at the left. */
    public static TextTable ofWords() {
        return new TextTable(false);
    }

    /** Adds a row; all rows have the same number of cells. */
    public TextTable row(List<String> cells) {
        rows.add(List.copyOf(cells));
        return this;
    }

    /** The lines, without blanks at their ends. */
    public List<String> lines() {
        return rows.stream().map(this::line).toList();
    }

    private String line(List<String> cells) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < cells.size(); i++) {
            String blanks = " ".repeat(width(i) - cells.get(i).length());
            line.append(i == 0 ? "" : GAP).append(toTheRight ? blanks + cells.get(i) : cells.get(i) + blanks);
        }
        return line.toString().stripTrailing();
    }

    private int width(int column) {
        return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
    }
}
