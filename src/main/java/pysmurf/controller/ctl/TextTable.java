package pysmurf.controller.ctl;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** A table in plain text: every column is as wide as its widest cell. */
final class TextTable {

    private static final String GAP = "  ";

    private final boolean toTheRight;
    private final List<String[]> rows = new ArrayList<>();

    TextTable() {
        this(false);
    }

    private TextTable(boolean toTheRight) {
        this.toTheRight = toTheRight;
    }

    static TextTable ofNumbers() {
        return new TextTable(true);
    }

    /** Control characters in the cells are replaced. All rows have the same number of cells. */
    TextTable row(String... cells) {
        String[] row = cells.clone();
        for (int i = 0; i < row.length; i++) {
            row[i] = Terminal.plain(row[i]);
        }
        rows.add(row);
        return this;
    }

    boolean isEmpty() {
        return rows.isEmpty();
    }

    /** Without blanks at the ends of the lines. */
    List<String> lines() {
        return rows.stream().map(this::line).toList();
    }

    void print(PrintStream out) {
        lines().forEach(out::println);
    }

    void printIndented(PrintStream out) {
        lines().forEach(line -> out.println(GAP + line));
    }

    /** Set off from what is before and behind it; nothing if the table is empty. */
    void printBlock(PrintStream out) {
        if (!isEmpty()) {
            printIndented(out);
            out.println();
        }
    }

    private String line(String[] cells) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < cells.length; i++) {
            int column = i;
            int width =
                    rows.stream().mapToInt(row -> row[column].length()).max().orElse(0);
            String blanks = " ".repeat(width - cells[i].length());
            line.append(i == 0 ? "" : GAP).append(toTheRight ? blanks + cells[i] : cells[i] + blanks);
        }
        return line.toString().stripTrailing();
    }
}
