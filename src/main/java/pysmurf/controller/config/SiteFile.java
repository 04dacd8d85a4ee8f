package pysmurf.controller.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.util.InetAddressUtil;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * What OCS's site file says of the router: {@code hub}, and over it what {@code hosts} has for this host, as in ocs/site_config.py.
 */
final class SiteFile {

    static final String NAME = "default.yaml";

    private SiteFile() {}

    /**
     * Reads {@code wamp_server}, {@code wamp_realm} and {@code address_root}.
     *
     * @param  host        whose entry counts; empty for this machine's name
     * @return             what there is; nothing without a file
     * @throws IOException that says what is wrong with the file
     */
    static Map<String, String> hub(Path folder, String host) throws IOException {
        Path file = folder.resolve(NAME);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return Map.of();
        }
        try {
            // as OCS's own reader does, of two equal keys it takes the last
            LoadSettings settings =
                    LoadSettings.builder().setAllowDuplicateKeys(true).build();
            Object site = new Load(settings).loadFromString(TextFile.read(file));
            if (!(site instanceof Map<?, ?> parts) || !(parts.get("hub") instanceof Map<?, ?> hub)) {
                throw new IOException("has no hub");
            }
            Map<String, String> values = new HashMap<>();
            put(hub, "address_root", values);
            List<Map<?, ?>> sources = List.of(
                    hub, entry(parts.get("hosts"), host.isEmpty() ? InetAddressUtil.getLocalHostNameSafe() : host));
            for (Map<?, ?> source : sources) {
                put(source, "wamp_server", values);
                put(source, "wamp_realm", values);
            }
            return values;
        } catch (YamlEngineException e) {
            throw new IOException(
                    file + " is no YAML: " + e.getMessage().lines().findFirst().orElse(""), e);
        } catch (IOException e) {
            throw new IOException(file + " " + e.getMessage(), e);
        }
    }

    private static Map<?, ?> entry(Object hosts, String name) {
        if (hosts instanceof Map<?, ?> entries) {
            Object own = entries.containsKey(name) ? entries.get(name) : entries.get("localhost");
            return own instanceof Map<?, ?> entry ? entry : Map.of();
        }
        return Map.of();
    }

    private static void put(Map<?, ?> source, String key, Map<String, String> values) {
        if (source.get(key) != null) {
            values.put(key, source.get(key).toString());
        }
    }
}
