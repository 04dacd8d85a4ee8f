package pysmurf.controller.config;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One value of the configuration that is followed while the controller runs. A file with any fault in it leaves the last good
 * value in force. Thread-safe.
 */
public final class LiveSetting<T> implements Supplier<T> {

    private static final Logger LOG = LoggerFactory.getLogger(LiveSetting.class);

    private final Configuration configuration;
    private final FollowedFile<T, String> followed;

    /** @param configuration as it was read at the start */
    public LiveSetting(Configuration configuration, Setting<T> setting) {
        this.configuration = configuration;
        this.followed = FollowedFile.readBefore(
                configuration.file(),
                file -> configuration.readAgain().get(setting),
                fault -> configuration.file() + line(fault.getMessage()) + ": " + fault.getMessage(),
                configuration.get(setting));
    }

    /** The value as of now. */
    @Override
    public T get() {
        return followed.get();
    }

    /** Why the file is not followed at the moment; empty if it is. */
    public Optional<String> fault() {
        return followed.fault();
    }

    /** The line of the first key that is complained of; nothing if it comes from elsewhere. */
    private String line(String complaint) {
        try {
            List<String> lines = Files.readAllLines(configuration.file());
            for (int i = 0; i < lines.size(); i++) {
                String key = lines.get(i).strip().split("[=:\\s]", 2)[0];
                if (!key.isEmpty() && !key.startsWith("#") && complaint.contains(key)) {
                    return " line " + (i + 1);
                }
            }
        } catch (IOException e) {
            LOG.debug("{} cannot be looked at", configuration.file(), e);
        }
        return "";
    }
}
