package pysmurf.controller.launch;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.StringArray;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a virtual machine with the controller's own options in the place of one that was started without any, in the same
 * process: pid, environment, streams and limits stay. A plain {@code java -jar} cannot carry options, and the machine's defaults
 * take a quarter of its memory and most of the start for loading classes one by one. Whoever gives options of his own keeps them.
 */
public final class Relaunch {

    /** Says that this has happened, or is not to happen. */
    private static final String OPTIONS_GIVEN = "pysmurf.jvm-options";

    private static final List<String> VARIABLES = List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

    /** From this version on the machine makes the archive by itself when it ends (JDK-8261455). */
    private static final int MAKES_ARCHIVES = 19;

    /** From this version on the machine complains of how Netty reaches its buffers (JEP 498). */
    private static final int WARNS_OF_UNSAFE = 24;

    /** Where JNA looks for libraries. If it is not told, it runs ldconfig to find out; all that is called is in the process. */
    private static final String LIBRARIES = "jna.platform.library.path";

    private static final int F_SETFD = 2;
    private static final int FD_CLOEXEC = 1;
    private static final int FIRST_FD = 3;

    /** Two calls of the C library, apart from those for scripts: their class would load more than is needed here. */
    private static final class Exec {

        static {
            Native.register(Exec.class, NativeLibrary.getProcess());
        }

        private Exec() {}

        static native int execv(byte[] path, StringArray arguments);

        static native int fcntl(int descriptor, int command, int value);
    }

    private Relaunch() {}

    /**
     * Does not return if the machine was started without options; returns, and at most logs why, if it was started with some or
     * cannot be replaced.
     */
    public static void withOptions() {
        if (System.getProperty(OPTIONS_GIVEN) != null
                || VARIABLES.stream().anyMatch(name -> System.getenv(name) != null)) {
            return;
        }
        try {
            System.setProperty(LIBRARIES, "/");
            List<String> command = ownCommandLine();
            int firstArgument = 1;
            while (firstArgument < command.size() && command.get(firstArgument).startsWith("-D")) {
                firstArgument++;
            }
            if (firstArgument < command.size() && command.get(firstArgument).equals("-jar")) {
                Path jar = Path.of(command.get(firstArgument + 1)).toAbsolutePath();
                command.addAll(1, options(jar.resolveSibling("cds"), Files.getLastModifiedTime(jar)));
                replace(command);
            }
        } catch (IOException | UnsatisfiedLinkError e) {
            // the one place that logs, since loading the logger takes longer than all of this
            Logger log = LoggerFactory.getLogger(Relaunch.class);
            log.info("The virtual machine goes on with its default options: {}", e.toString());
        }
    }

    /**
     * The options the controller is meant to run with: a heap that begins small and grows when it has to, code that is quick to
     * be made rather than to run, and an end instead of half a controller when memory is out.
     *
     * @param archives where archives of loaded classes are
     * @param built    when the jar was made; an archive that is older was made of another one and would be refused, loudly
     */
    static List<String> options(Path archives, FileTime built) throws IOException {
        List<String> options = new ArrayList<>(List.of(
                "-D" + OPTIONS_GIVEN + "=own",
                "-Xms40m",
                "-Xmn16m",
                "-Xmx256m",
                "-Xss512k",
                "-XX:+UseSerialGC",
                "-XX:MinHeapFreeRatio=15",
                "-XX:MaxHeapFreeRatio=40",
                "-XX:TieredStopAtLevel=1",
                "-XX:+ExitOnOutOfMemoryError",
                "-XX:-UsePerfData",
                // Netty's buffers come from pieces of 512 KiB, not of 4 MiB: four threads each take one, and each is
                // zeroed
                "-Dio.netty.allocator.maxOrder=6",
                "-D" + LIBRARIES + "=/",
                "-Xlog:cds*=error"));
        if (Runtime.version().feature() >= WARNS_OF_UNSAFE) {
            options.add("--sun-misc-unsafe-memory-access=allow");
        }
        Path archive = archives.resolve(archiveName());
        if (Files.exists(archive) && Files.getLastModifiedTime(archive).compareTo(built) >= 0) {
            options.add("-XX:SharedArchiveFile=" + archive);
        } else if (Runtime.version().feature() >= MAKES_ARCHIVES && Files.isWritable(archives)) {
            // the machine would not put a new one in its place
            Files.deleteIfExists(archive);
            options.add("-XX:+AutoCreateSharedArchive");
            options.add("-XX:SharedArchiveFile=" + archive);
        }
        return options;
    }

    /** An archive is of use only to the very build of the machine that made it. */
    static String archiveName() {
        return "classes-" + System.getProperty("java.vm.version").replaceAll("[^0-9A-Za-z.+-]", "_") + ".jsa";
    }

    private static List<String> ownCommandLine() throws IOException {
        String line = Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.ISO_8859_1);
        List<String> words = new ArrayList<>(List.of(line.split("\0", -1)));
        words.remove(words.size() - 1);
        return words;
    }

    private static void replace(List<String> command) throws IOException {
        // what the old machine has open is of no use to the new one
        for (Path descriptor : openDescriptors()) {
            int number = Integer.parseInt(descriptor.getFileName().toString());
            if (number >= FIRST_FD) {
                Exec.fcntl(number, F_SETFD, FD_CLOEXEC);
            }
        }
        // the machine deletes its performance data when it ends, which this one never does
        String own = Long.toString(ProcessHandle.current().pid());
        Files.deleteIfExists(Path.of("/tmp", "hsperfdata_" + System.getProperty("user.name"), own));
        byte[] program = (Path.of("/proc/self/exe").toRealPath() + "\0").getBytes(StandardCharsets.ISO_8859_1);
        Exec.execv(program, new StringArray(command.toArray(String[]::new), "ISO-8859-1"));
        throw new IOException("execv: errno " + Native.getLastError());
    }

    private static List<Path> openDescriptors() throws IOException {
        try (Stream<Path> list = Files.list(Path.of("/proc/self/fd"))) {
            return list.toList();
        }
    }
}
