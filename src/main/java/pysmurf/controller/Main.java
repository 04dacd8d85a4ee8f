package pysmurf.controller;

import java.util.Properties;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.ConfigurationException;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;
import pysmurf.controller.observe.EscapedLog;
import pysmurf.controller.store.ScratchFolder;

/** Starts one controller from the environment, the {@code -D} properties and the configuration file. */
public final class Main {

    private Main() {}

    /** Runs until the process is told to stop; exit code 1 if it could not start, with one line that says why. */
    public static void main(String[] arguments) throws Exception {
        Properties system = System.getProperties();
        try {
            Configuration configuration = Configuration.load(System.getenv(), system);
            // before the first logger is there, which reads it
            system.setProperty(
                    Settings.LOGGING_FORMAT.key(),
                    configuration.get(Settings.LOGGING_FORMAT).word());
            StartFailure.named(Settings.DATA_DIR, () -> {
                ScratchFolder.useFor(configuration.dataDir());
                return configuration.dataDir();
            });
            new Host(configuration).run();
        } catch (ConfigurationException | StartFailure e) {
            System.err.println("pysmurf-controller cannot start: " + EscapedLog.escaped(e.getMessage()));
            System.exit(1);
        }
    }
}
