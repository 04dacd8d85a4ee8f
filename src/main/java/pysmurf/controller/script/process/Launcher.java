package pysmurf.controller.script.process;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Python that has imported modules, and forks a process for each script that is to find them imported: {@code launcher.py}.
 *
 * <p>A script begins in steps, so that it is certain at each moment whether it ever runs. The child tells its pid when all is ready,
 * then waits; told to go it says that it runs, and its first line follows. One that was not told, or whose launcher died before, ends
 * itself.
 */
final class Launcher {

    /** What the launcher tells its owner, on a thread of its own. */
    interface Owner {

        void ready(Launcher launcher);

        /**
         * No script is started by it any more.
         *
         * @param why null if it did its duty and only has to be made anew
         */
        void over(Launcher launcher, String why);
    }

    /** A script that was asked for. */
    private static final class Script {

        /** Its process, which waits to be told to go; null if it has to be started otherwise. */
        private final CompletableFuture<ProcessId> offered = new CompletableFuture<>();

        /** Whether it runs; false if it never will. */
        private final CompletableFuture<Boolean> running = new CompletableFuture<>();

        private final CompletableFuture<Integer> exit = new CompletableFuture<>();
        private final String mark;
        private final Path exitFile;

        Script(String mark, Path exitFile) {
            this.mark = mark;
            this.exitFile = exitFile;
        }

        /** A Python within a container of its own has pids of its own. */
        boolean isItself(ProcessEntry process) {
            return ProcFiles.SYSTEM.findInEnvironment(process, OFFERED + mark) == ProcFiles.Finding.PRESENT;
        }

        void neverRuns() {
            offered.complete(null);
            running.complete(false);
        }

        /** The launcher tells its end, unless it hangs or dies: then nobody does. */
        void runs() {
            if (running.complete(true)) {
                ProcessEnd.of(offered.join(), exitFile).thenAccept(exit::complete);
            }
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(Launcher.class);

    private static final String PROGRAM = program();

    /** Room for the environment of a script, which is shown in place of the launcher's own. */
    private static final Map.Entry<String, String> ROOM = Map.entry("PYSMURF_LAUNCHER_ROOM", "-".repeat(16 * 1024));

    /** The mark has another name until the script is told to go: before that its process belongs to nobody. */
    private static final String OFFERED = "OFFERED_";

    private static final long MAX_ANSWER_SECONDS = 2;
    private static final long MAX_END_MILLIS = 500;

    private final Owner owner;
    private final Process process;
    private final OutputStream requests;
    /** A launcher that hangs would hold up whoever writes to it. */
    private final ExecutorService writer = Executors.newSingleThreadExecutor(task -> daemon(task, "launcher-requests"));

    private final Map<Integer, Script> scripts = new ConcurrentHashMap<>();
    private final AtomicInteger numbers = new AtomicInteger();
    private volatile Launchers.Ready ready;
    private volatile boolean over;

    private static String program() {
        try (InputStream in = Launcher.class.getResourceAsStream("/pysmurf/controller/script/launcher.py")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Starts it, and returns while it still imports.
     *
     * @param environment all of it, for the imports
     */
    Launcher(String python, List<String> modules, Map<String, String> environment, Owner owner) throws IOException {
        this.owner = owner;
        List<String> command = new ArrayList<>(List.of(python, "-u", "-c", PROGRAM));
        command.addAll(modules);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.environment().put(ROOM.getKey(), ROOM.getValue());
        process = builder.start();
        requests = process.getOutputStream();
        daemon(this::logOutput, "launcher-output").start();
        daemon(this::readAnswers, "launcher-answers").start();
        send(variables(builder.environment()));
    }

    private static List<String> variables(Map<String, String> environment) {
        List<String> variables = new ArrayList<>();
        environment.forEach((name, value) -> variables.add(name + "=" + value));
        return variables;
    }

    Optional<Launchers.Ready> ready() {
        return Optional.ofNullable(ready);
    }

    /**
     * Starts a script: {@code python -u SCRIPT ARGUMENT...}
     *
     * @param  words       the script and its arguments
     * @param  environment all of it, with the mark of the script's processes first
     * @param  exitFile    where its exit code is left
     * @return             empty if it did not start and never will
     * @throws IOException if it was ended, since it is not known whether it began
     */
    Optional<ProcessGroup> start(List<String> words, Map<String, String> environment, Path output, Path exitFile)
            throws IOException {
        if (ready == null || over) {
            return Optional.empty();
        }
        int number = numbers.incrementAndGet();
        List<String> variables = variables(environment);
        Script script = new Script(variables.get(0), exitFile);
        scripts.put(number, script);
        List<String> request = new ArrayList<>(List.of(
                "start",
                Integer.toString(number),
                output.toString(),
                exitFile.toString(),
                Integer.toString(words.size())));
        request.addAll(words);
        request.addAll(variables);
        send(request);
        if (over) {
            // it may have died before the script was noted
            script.offered.complete(null);
        }
        try {
            ProcessId id = script.offered
                    .orTimeout(MAX_ANSWER_SECONDS, TimeUnit.SECONDS)
                    .join();
            if (id == null) {
                return Optional.empty();
            }
            send(List.of("go", Integer.toString(number)));
            boolean runs = script.running
                    .orTimeout(MAX_ANSWER_SECONDS, TimeUnit.SECONDS)
                    .join();
            return runs ? Optional.of(new ProcessGroup(id.pid(), script.exit)) : Optional.empty();
        } catch (CompletionException e) {
            scripts.remove(number);
            end("the launcher does not answer");
            if (scripts.isEmpty()) {
                // nothing but itself waits for it to wake up
                process.destroyForcibly();
            }
            if (script.offered.isCompletedExceptionally()) {
                return Optional.empty();
            }
            // It waits to be told to go, or has just been told.
            script.offered.thenAccept(id -> Signal.kill(-id.pid(), Signal.KILL));
            throw new IOException("its launcher does not answer", e);
        }
    }

    private void send(List<String> fields) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        fields.forEach(field -> body.writeBytes(Libc.text(field)));
        byte[] message = ByteBuffer.allocate(Integer.BYTES + body.size())
                .putInt(body.size())
                .put(body.toByteArray())
                .array();
        write(() -> {
            requests.write(message);
            requests.flush();
        });
    }

    private interface Writing {
        void run() throws IOException;
    }

    private void write(Writing writing) {
        try {
            writer.execute(() -> {
                try {
                    writing.run();
                } catch (IOException e) {
                    LOG.debug("A launcher takes no request", e);
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("A launcher is gone", e);
        }
    }

    /** Starts no script any more. The process ends when its scripts have, or at once if it is still importing. */
    void end(String why) {
        synchronized (this) {
            if (over) {
                return;
            }
            over = true;
        }
        write(requests::close);
        owner.over(this, why);
    }

    /** The same, and sees to it that one that hangs is not left behind, unless a script depends on it. */
    void endNow() {
        end(null);
        try {
            if (scripts.isEmpty() && !process.waitFor(MAX_END_MILLIS, TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private void logOutput() {
        try (BufferedReader lines = process.errorReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                log(line);
            }
        } catch (IOException e) {
            LOG.debug("The launcher's output broke off", e);
        }
    }

    private static void log(String line) {
        LOG.info("While modules are preloaded: {}", line);
    }

    private void readAnswers() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                answer(line.split("\t", -1));
            }
        } catch (IOException | RuntimeException e) {
            LOG.error("The launcher's answers broke off", e);
        }
        // No child is left that could still begin: each holds this pipe until it has said that it runs.
        end(ready == null ? "the launcher ended before it was ready" : "the launcher died");
        writer.shutdown();
        scripts.values().forEach(Script::neverRuns);
    }

    private void answer(String[] words) {
        switch (words[0]) {
            case "ready" -> {
                ready = new Launchers.Ready(
                        Long.parseLong(words[1]),
                        Integer.parseInt(words[2]),
                        list(words[3]),
                        list(words[4]),
                        list(words[5]));
                owner.ready(this);
            }
            case "failed" -> end(words[1]);
            case "stale" -> end(null);
            case "pid", "run", "cold", "exit" -> answerOf(words, Integer.parseInt(words[1]));
            // of a wrapper in front of Python
            default -> log(String.join("\t", words));
        }
    }

    private static List<String> list(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(", "));
    }

    private void answerOf(String[] words, int number) {
        Script script = scripts.get(number);
        if (script == null) {
            // it is not waited for any more, and was not told to go
            return;
        }
        switch (words[0]) {
            case "pid" ->
                script.offered.complete(ProcFiles.SYSTEM
                        .stat(Long.parseLong(words[2]))
                        .filter(script::isItself)
                        .map(ProcessEntry::id)
                        .orElse(null));
            case "run" -> script.runs();
            case "cold" -> {
                LOG.debug("A script is started without its launcher: {}", words[2]);
                script.neverRuns();
                scripts.remove(number);
            }
            default -> {
                script.neverRuns();
                script.exit.complete(Integer.valueOf(words[2]));
                scripts.remove(number);
            }
        }
    }
}
