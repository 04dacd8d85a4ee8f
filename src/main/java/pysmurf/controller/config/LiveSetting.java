package pysmurf.controller.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * One value of the configuration that is followed while the controller runs. A file with any fault in it leaves the last good
 * value in force. Thread-safe.
 */
public final class LiveSetting<T> implements Supplier<T> {

    private final Path file;
    private final FollowedFile<T, String> followed;

    /** @param configuration as it was read at the start */
    public LiveSetting(FollowedFiles files, Configuration configuration, Setting<T> setting) {
        file = configuration.file();
        followed = new FollowedFile<>(
                files,
                file,
                text -> configuration.readAgain().get(setting),
                (text, fault) -> file + line(text, fault.getMessage()) + ": " + fault.getMessage(),
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
    private static String line(String text, String complaint) {
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            String key = lines.get(i).strip().split("[=:\\s]", 2)[0];
            if (!key.isEmpty() && !key.startsWith("#") && complaint.contains(key)) {
                return " line " + (i + 1);
            }
        }
        return "";
    }
}
