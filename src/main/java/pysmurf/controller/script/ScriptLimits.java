package pysmurf.controller.script;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import pysmurf.controller.config.Leftovers;

/**
 * What every script is run with.
 *
 * @param environment    the whole environment, but for what belongs to the session
 * @param outputFolder   where sessions' own output files are
 * @param interruptGrace how long after SIGINT
 * @param terminateGrace how long after SIGTERM
 * @param leftovers      what happens to children that outlive a normal exit
 * @param maxOutput      bytes; a script that writes more is ended
 */
public record ScriptLimits(
        Map<String, String> environment,
        Path outputFolder,
        Duration interruptGrace,
        Duration terminateGrace,
        Leftovers leftovers,
        long maxOutput) {}
