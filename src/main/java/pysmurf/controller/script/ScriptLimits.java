package pysmurf.controller.script;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Leftovers;
import pysmurf.controller.config.Settings;
import pysmurf.controller.script.process.AbortLadder.Graces;

/**
 * What every script runs with.
 *
 * @param environment  the whole environment, but for what belongs to the session
 * @param outputFolder where sessions' own output files are
 * @param graces       of the ladder that ends it
 * @param leftovers    what happens to children that outlive a normal exit
 * @param maxOutput    bytes; a script that writes more is ended
 */
public record ScriptLimits(
        Map<String, String> environment, Path outputFolder, Graces graces, Leftovers leftovers, long maxOutput) {

    /** @param publisher where the controller listens for the messages of scripts; the port belongs to the session */
    public static ScriptLimits of(Configuration configuration, InetAddress publisher) {
        Path dataDir = configuration.dataDir();
        Map<String, String> environment = new HashMap<>(configuration.environment());
        configuration.secretNames().forEach(environment::remove);
        environment.put("SMURFPUB_BACKEND", "udp");
        environment.put("SMURFPUB_ID", configuration.publisherId());
        environment.put("SMURFPUB_UDP_HOST", publisher.getHostAddress());
        environment.remove("SLOT");
        if (!configuration.get(Settings.SLOT).isEmpty()) {
            environment.put("SLOT", configuration.get(Settings.SLOT));
        }
        environment.put("OCS_CONFIG_DIR", configuration.ocsConfigDir().toString());
        environment.put("PYSMURF_DATA_DIR", dataDir.toString());
        environment.put("PYTHONUNBUFFERED", "1");
        return new ScriptLimits(
                Map.copyOf(environment),
                dataDir.resolve("output"),
                new Graces(
                        configuration.get(Settings.ABORT_INTERRUPT_GRACE),
                        configuration.get(Settings.ABORT_TERMINATE_GRACE)),
                configuration.get(Settings.SCRIPTS_LEFTOVERS),
                configuration.get(Settings.SCRIPTS_MAX_OUTPUT));
    }
}
