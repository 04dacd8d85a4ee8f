package pysmurf.controller.access;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.config.Setting;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;
import pysmurf.controller.observe.Health.Check;

/** Who may ask for what: the tokens of HTTP and OCS, and the users of the embedded broker. */
public final class AccessPart {

    private final Tokens tokens;
    private final Tokens users;

    /** @throws StartFailure if one of the files cannot be used */
    public AccessPart(Configuration configuration, FollowedFiles files) throws StartFailure {
        tokens = read(configuration, files, Settings.AUTH_TOKENS_FILE);
        users = configuration.get(Settings.MQTT_BROKER_URL).isEmpty()
                ? read(configuration, files, Settings.MQTT_EMBEDDED_USERS_FILE)
                : Tokens.none();
    }

    private static Tokens read(Configuration configuration, FollowedFiles files, Setting<String> key)
            throws StartFailure {
        String file = configuration.get(key);
        return file.isEmpty() ? Tokens.none() : StartFailure.named(key, () -> Tokens.read(files, Path.of(file)));
    }

    /** Tells each controller's health of it. */
    public void join(Assembly assembly) {
        assembly.health().add("access", this::health);
    }

    private Check health(boolean whole) {
        Map<String, Object> data = new LinkedHashMap<>(Map.of("guarded", !tokens.open()));
        if (whole) {
            data.put("tokens", tokens.size());
            data.put("users", users.size());
            List<String> warnings = Stream.of(tokens.warning(), users.warning())
                    .flatMap(Optional::stream)
                    .toList();
            if (!warnings.isEmpty()) {
                data.put("warning", String.join("; ", warnings));
            }
        }
        String faults = faults().collect(Collectors.joining("; "));
        return faults.isEmpty()
                ? Check.up(data)
                : Check.degraded(
                        (whole ? faults : "a file of tokens or users cannot be used; an admin sees why")
                                + "; what it held before stays valid",
                        data);
    }

    /** Why a changed file of tokens or users is not used. */
    public Stream<String> faults() {
        return Stream.of(tokens.fault(), users.fault()).flatMap(Optional::stream);
    }

    public Tokens tokens() {
        return tokens;
    }

    public Tokens users() {
        return users;
    }
}
