package pysmurf.controller.script;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import pysmurf.controller.observe.Health.Check;
import pysmurf.controller.script.process.Launchers;
import pysmurf.controller.script.process.ProcessGroup;

/** Starts scripts by a launcher that has imported {@code scripts.preload}, which this controller may share with others. */
final class Preload implements RunningScript.Starter, AutoCloseable {

    /** What differs between slots and between sessions. */
    private static final List<String> OWN = List.of(
            "SLOT",
            "SMURFPUB_ID",
            "SMURFPUB_UDP_HOST",
            "SMURFPUB_UDP_PORT",
            "PYSMURF_DATA_DIR",
            "PYSMURF_SESSION_ID",
            "PYSMURF_RESULT_FILE");

    private final Launchers launchers;
    private final String python;
    private final List<String> modules;
    private final Map<String, String> environment;
    private volatile Launchers.Kept launcher;

    Preload(Launchers launchers, String python, List<String> modules, Map<String, String> ofScripts) {
        this.launchers = launchers;
        this.python = python;
        this.modules = modules;
        environment = new HashMap<>(ofScripts);
        OWN.forEach(environment::remove);
    }

    /** From now on the modules are imported; scripts start in the ordinary way until they are. */
    void begin() {
        launcher = launchers.use(python, modules, environment);
    }

    @Override
    public ProcessGroup start(List<String> words, Map<String, String> all, Path output, Path exitFile)
            throws IOException {
        Launchers.Kept now = launcher;
        return (now == null ? COLD : (RunningScript.Starter) now::start).start(words, all, output, exitFile);
    }

    Check check() {
        Launchers.Kept now = launcher;
        Optional<Launchers.Ready> ready = Optional.ofNullable(now).flatMap(Launchers.Kept::ready);
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("modules", modules);
        data.put("ready", ready.isPresent());
        ready.ifPresent(found -> {
            data.put("pid", found.pid());
            data.put("threads", found.threads());
            data.put("native_threads", found.tasks());
            data.put("descriptors", found.descriptors());
        });
        Optional<String> fault = ready.filter(found -> !found.threads().isEmpty())
                .map(found -> "the modules began Python threads, which no script has: " + found.threads())
                .or(() -> Optional.ofNullable(now)
                        .flatMap(Launchers.Kept::fault)
                        .map(why -> "scripts start without the modules: " + why));
        return Check.degradedBy(fault, data);
    }

    @Override
    public void close() {
        if (launcher != null) {
            launcher.close();
        }
    }
}
