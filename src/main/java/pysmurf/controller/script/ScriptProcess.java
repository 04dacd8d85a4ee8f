package pysmurf.controller.script;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import pysmurf.controller.script.process.ProcessGroup;
import pysmurf.controller.script.process.ProcessTree;

/** The process of a running script, as far as its end goes. Implementations are thread-safe. */
interface ScriptProcess {

    /** Waits for its end. @return false if the time was over first */
    boolean waitFor(long nanos) throws InterruptedException;

    /** Completes at its end, or some time after. */
    CompletableFuture<?> ended();

    /** Its exit code, when it has ended; null if that cannot be known. May wait for a moment. */
    Integer exitCode();

    /** One that this controller has started. */
    static ScriptProcess child(ProcessGroup process) {
        return new ScriptProcess() {
            @Override
            public boolean waitFor(long nanos) throws InterruptedException {
                try {
                    process.exit().get(nanos, TimeUnit.NANOSECONDS);
                    return true;
                } catch (TimeoutException e) {
                    return false;
                } catch (ExecutionException e) {
                    throw new IllegalStateException(e.getCause());
                }
            }

            @Override
            public CompletableFuture<?> ended() {
                return process.exit();
            }

            @Override
            public Integer exitCode() {
                // one that is dead for /proc may still have to be reaped
                return process.exit().join();
            }
        };
    }

    /** One that an earlier life of the controller has started: only its parent is told of the end and of the exit code. */
    static ScriptProcess found(ProcessTree tree) {
        return new ScriptProcess() {

            private static final long LOOK_EVERY_MS = 50;

            private final CompletableFuture<Void> ended = new CompletableFuture<>();

            @Override
            public boolean waitFor(long nanos) throws InterruptedException {
                long begin = System.nanoTime();
                while (tree.isMainAlive()) {
                    if (System.nanoTime() - begin >= nanos) {
                        return false;
                    }
                    Thread.sleep(LOOK_EVERY_MS);
                }
                ended.complete(null);
                return true;
            }

            @Override
            public CompletableFuture<?> ended() {
                return ended;
            }

            @Override
            public Integer exitCode() {
                return null;
            }
        };
    }
}
