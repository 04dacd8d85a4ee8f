package pysmurf.controller.ctl;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A table in plain text: every column is as wide as its widest cell. */
final class TextTable {

    private static final String GAP = "  ";

    private final List<String[]> rows = new ArrayList<>();

    /** Control characters in the cells are replaced. All rows have the same number of cells. */
    TextTable row(String... cells) {
        rows.add(Stream.of(cells).map(Terminal::plain).toArray(String[]::new));
        return this;
    }

    /** Without blanks at the ends of the lines. */
    List<String> lines() {
        return rows.stream().map(this::line).toList();
    }

    private String line(String[] cells) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < cells.length; i++) {
            int column = i;
            int width =
                    rows.stream().mapToInt(row -> row[column].length()).max().orElse(0);
            line.append(cells[i]).append(" ".repeat(width - cells[i].length())).append(GAP);
        }
        return line.toString().stripTrailing();
    }

    void print(PrintStream out) {
        lines().forEach(out::println);
    }

    /** Indented, and set off from what is behind it; nothing if the table is empty. */
    void printBlock(PrintStream out) {
        lines().forEach(line -> out.println(GAP + line));
        out.print(rows.isEmpty() ? "" : System.lineSeparator());
    }
}
