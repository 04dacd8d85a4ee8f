package pysmurf.controller.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One value of the configuration that is followed while the controller runs: the file is read again when it has changed. A file
 * with any fault in it leaves the last good value in force. Thread-safe.
 */
public final class LiveSetting<T> implements Supplier<T> {

    private static final Logger LOG = LoggerFactory.getLogger(LiveSetting.class);
    private static final FileTime NONE = FileTime.fromMillis(0);

    private final Configuration configuration;
    private final Setting<T> setting;
    private FileTime seen;
    private T value;
    private volatile String fault;

    /** @param configuration as it was read at the start */
    public LiveSetting(Configuration configuration, Setting<T> setting) {
        this.configuration = configuration;
        this.setting = setting;
        this.value = configuration.get(setting);
        this.seen = time();
    }

    /** The value as of now. */
    @Override
    public synchronized T get() {
        FileTime now = time();
        if (now.equals(seen)) {
            return value;
        }
        seen = now;
        try {
            T next = configuration.readAgain().get(setting);
            if (!next.equals(value)) {
                LOG.info("{} was taken from {}", setting.key(), configuration.file());
            }
            value = next;
            fault = null;
        } catch (ConfigurationException e) {
            fault = configuration.file() + line(e.getMessage()) + ": " + e.getMessage();
            LOG.error("{}; what was there before stays", fault);
        }
        return value;
    }

    /** Why the file is not followed at the moment; empty if it is. */
    public Optional<String> fault() {
        return Optional.ofNullable(fault);
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

    private FileTime time() {
        try {
            return Files.getLastModifiedTime(configuration.file());
        } catch (NoSuchFileException e) {
            return NONE;
        } catch (IOException e) {
            LOG.warn("{} cannot be looked at: {}", configuration.file(), e.toString());
            return seen;
        }
    }
}
