package pysmurf.controller.script.process;

import java.util.List;

/**
 * Some lines of a script's output, in the order they were written.
 *
 * @param seq   rises by one from batch to batch of a script, from 0
 * @param lines the text without line ends, at least one; not to be changed. A line that was given in pieces, see
 *              {@link OutputFollower}, is as many entries here. The next entry takes the place of one that ends with a
 *              carriage return
 */
public record OutputBatch(long seq, List<String> lines) {}
