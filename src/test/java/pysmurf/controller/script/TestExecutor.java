package pysmurf.controller.script;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import pysmurf.controller.config.Leftovers;
import pysmurf.controller.publisher.PublisherInbox;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.session.Sessions;

/** An executor for tests, whose scripts start in the ordinary way. */
final class TestExecutor {

    private TestExecutor() {}

    /** @param folder where output goes, and logs may */
    static ScriptExecutor in(
            Path folder, Map<String, String> environment, Graces graces, Sessions sessions, PublisherInbox inbox)
            throws IOException {
        ScriptLimits limits = new ScriptLimits(
                environment, Files.createDirectories(folder.resolve("output")), graces, Leftovers.END, 1 << 20);
        return new ScriptExecutor(
                limits,
                new LogTargets(List.of(folder)),
                sessions,
                inbox,
                Clock.systemUTC(),
                session -> Duration.ZERO,
                RunningScript.Starter.NONE);
    }
}
