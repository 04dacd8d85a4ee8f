package pysmurf.controller.ctl;

import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A command line as somebody types it, run in this process: what it prints, its exit code, and Ctrl-C. */
final class TypedLine {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final CompletableFuture<Runnable> interrupt = new CompletableFuture<>();
    private final CompletableFuture<Integer> exitCode = new CompletableFuture<>();
    private final Map<String, String> environment = new HashMap<>();
    private final List<String> words;
    private int columns;
    private Thread thread;

    private TypedLine(List<String> words) {
        this.words = words;
    }

    static TypedLine of(String url, String... words) {
        TypedLine line = new TypedLine(new ArrayList<>(List.of(words)));
        line.environment.put("PYSMURF_CTL_URL", url);
        return line;
    }

    TypedLine with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    TypedLine onTerminal(int width) {
        columns = width;
        return this;
    }

    /** Runs it to its end. */
    TypedLine run() throws Exception {
        start().end();
        return this;
    }

    TypedLine start() {
        thread = new Thread(() -> exitCode.complete(Ctl.execute(terminal(), words.toArray(String[]::new))), "typed");
        thread.start();
        return this;
    }

    private Terminal terminal() {
        return new Terminal(print(out), print(err), columns, environment, interrupt::complete, exitCode::complete);
    }

    private static PrintStream print(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    /** Ctrl-C. */
    void interrupt() throws Exception {
        interrupt.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).run();
    }

    /** Ends what has no end of its own, as the end of the process would. */
    void leave() throws InterruptedException {
        thread.interrupt();
        thread.join(PATIENCE.toMillis());
    }

    /** The exit code, when it has ended. */
    int end() throws Exception {
        return exitCode.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    void awaitOut(String text) {
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(10)).until(() -> out().contains(text));
    }

    void awaitErr(String text) {
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(10)).until(() -> err().contains(text));
    }

    String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    byte[] outBytes() {
        return out.toByteArray();
    }

    String err() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
