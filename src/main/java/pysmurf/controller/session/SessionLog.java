package pysmurf.controller.session;

import java.nio.file.Path;

/**
 * Where a session's output is: a part of a file.
 *
 * @param file   the file
 * @param from   offset of the session's first byte
 * @param to     offset behind its last byte; -1 while the session runs
 * @param kept   whether it can be read when the session is done
 */
public record SessionLog(Path file, long from, long to, boolean kept) {}
