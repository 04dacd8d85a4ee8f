package pysmurf.controller.session;

/**
 * A file that a script registered through its Publisher.
 *
 * @param path   absolute
 * @param type   pysmurf's word for what it is, e.g. {@code tune}
 * @param format e.g. {@code npy}
 * @param plot   whether it is a picture for people
 * @param size   bytes; null if there is no such file
 * @param sha256 in hex; null as long as it is not known, and for files that are too large for it
 */
public record RegisteredFile(String path, String type, String format, boolean plot, Long size, String sha256) {}
