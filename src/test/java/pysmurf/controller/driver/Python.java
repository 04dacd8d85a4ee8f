package pysmurf.controller.driver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Debian's Python, which the image runs, too, and which starts quickly; without it the one on the path, by its own file. */
public final class Python {

    private static final Path DEBIAN = Path.of("/usr/bin/python3");
    private static final String INTERPRETER = Files.isExecutable(DEBIAN)
            ? DEBIAN.toString()
            : run(List.of("python3", "-c", "import sys; print(sys.executable)"));

    private Python() {}

    /** The interpreter's file. */
    public static String interpreter() {
        return INTERPRETER;
    }

    /** What a program prints, without the last line's end. */
    public static String print(String program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(INTERPRETER, "-c", program));
        command.addAll(List.of(arguments));
        return run(command);
    }

    /** The bytes that a script writes when it is run without any controller, standard error among them. */
    public static byte[] bytesOf(Path script, String... arguments) {
        List<String> command = new ArrayList<>(List.of(INTERPRETER, "-u", script.toString()));
        command.addAll(List.of(arguments));
        return start(command);
    }

    private static String run(List<String> command) {
        return new String(start(command), StandardCharsets.UTF_8).stripTrailing();
    }

    private static byte[] start(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            byte[] output = process.getInputStream().readAllBytes();
            int exitCode = process.waitFor();
            if (exitCode != 0) {
                throw new IllegalStateException(
                        command + " ended with " + exitCode + ": " + new String(output, StandardCharsets.UTF_8));
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
