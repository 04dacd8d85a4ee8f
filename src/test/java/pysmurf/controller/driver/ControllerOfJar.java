package pysmurf.controller.driver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A controller as a process of its own, from the jar that was built. */
public final class ControllerOfJar implements ControllerUnderTest {

    private static final Path LAUNCHER = Setup.PROJECT.resolve("bin/pysmurf-controller");
    private static final long STOP_S = PATIENCE.toSeconds();

    private final Setup setup;
    private final Process process;

    private ControllerOfJar(Setup setup, Process process) {
        this.setup = setup;
        this.process = process;
    }

    /** Starts one and waits until it is ready. */
    public static ControllerOfJar start(Setup setup) throws IOException {
        ControllerOfJar started = launch(setup);
        try {
            ControllerUnderTest.awaitReady(started, started.process::isAlive);
        } catch (RuntimeException e) {
            started.close();
            throw new IllegalStateException("not started:\n" + started.log(), e);
        }
        return started;
    }

    /** Starts one that may end by itself. */
    public static ControllerOfJar launch(Setup setup, String... systemProperties) throws IOException {
        setup.write();
        List<String> command = new ArrayList<>(setup.prefix());
        command.add(LAUNCHER.toString());
        command.addAll(List.of(systemProperties));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().putAll(setup.environment());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.directory(setup.folder().toFile());
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        builder.redirectErrorStream(true);
        builder.redirectOutput(logFile(setup).toFile());
        return new ControllerOfJar(setup, builder.start());
    }

    private static Path logFile(Setup setup) {
        return setup.folder().resolve("controller.log");
    }

    @Override
    public Setup setup() {
        return setup;
    }

    /** Everything it has written to standard error and standard output. */
    public String log() {
        try {
            return Files.readString(logFile(setup));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Its exit code, once it has ended. */
    public int exitCode() throws InterruptedException {
        if (!process.waitFor(STOP_S, TimeUnit.SECONDS)) {
            throw new IllegalStateException("still running:\n" + log());
        }
        return process.exitValue();
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /**
     * From now on no file can grow beyond this, whoever runs the controller; what runs already is not concerned.
     *
     * @param bytes or {@code unlimited}, which it was before
     */
    public void limitFileSize(String bytes) throws IOException, InterruptedException {
        // the soft limit only: the hard one could not be raised again
        run("prlimit", "--pid=" + process.pid(), "--fsize=" + bytes + ":");
    }

    /**
     * From now on it can open no more files than this, beyond those that are open.
     *
     * @param left how many; negative for as many as before
     */
    public void limitDescriptors(int left) throws IOException, InterruptedException {
        // a limit is about numbers, and among those in use there are some that are free
        Set<Integer> used = new HashSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc", "" + process.pid(), "fd"))) {
            entries.forEach(
                    entry -> used.add(Integer.parseInt(entry.getFileName().toString())));
        }
        int limit = 0;
        for (int free = 0; free < left || used.contains(limit); limit++) {
            free += used.contains(limit) ? 0 : 1;
        }
        run("prlimit", "--pid=" + process.pid(), "--nofile=" + (left < 0 ? "4096" : limit) + ":");
    }

    /** The bytes of its heap that are in use, found out by collecting the garbage. */
    public long usedHeap() throws IOException, InterruptedException {
        String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        String last = run(jcmd, Long.toString(process.pid()), "GC.class_histogram")
                .lines()
                .filter(line -> line.startsWith("Total"))
                .findFirst()
                .orElseThrow();
        return Long.parseLong(last.trim().split("\\s+")[2]);
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + said);
        }
        return said;
    }

    /** Sends SIGTERM and returns at once. */
    public void terminate() {
        process.destroy();
    }

    /** Sends SIGKILL; nothing of it has a chance to say goodbye. */
    public void kill() {
        process.destroyForcibly();
        waitForEnd();
    }

    @Override
    public void stop() {
        terminate();
        if (!waitForEnd()) {
            kill();
            throw new IllegalStateException("SIGTERM did not end it in " + STOP_S + " s:\n" + log());
        }
    }

    private boolean waitForEnd() {
        try {
            return process.waitFor(STOP_S, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        try {
            if (process.isAlive()) {
                stop();
            }
        } finally {
            setup.scriptProcesses().kill();
        }
    }
}
