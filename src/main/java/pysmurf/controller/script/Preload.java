package pysmurf.controller.script;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
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
        if (!isScript(python, ofScripts.getOrDefault("PATH", ""))) {
            OWN.forEach(environment::remove);
        }
    }

    /** A script that stands in front of Python may make something of what is the slot's own; then no other slot can use it. */
    private static boolean isScript(String command, String path) {
        Path program = Stream.of(path.split(File.pathSeparator))
                .map(folder -> Path.of(folder, command))
                .filter(file -> !command.contains(File.separator) && Files.isExecutable(file))
                .findFirst()
                .orElse(Path.of(command));
        try (InputStream in = Files.newInputStream(program)) {
            return Arrays.equals(in.readNBytes(2), new byte[] {'#', '!'});
        } catch (IOException e) {
            // the launcher will say so
            return false;
        }
    }

    /** From now on the modules are imported; scripts start in the ordinary way until they are. */
    void begin() {
        launcher = launchers.use(python, modules, environment);
    }

    @Override
    public Optional<ProcessGroup> start(List<String> words, Map<String, String> all, Path output, Path exitFile)
            throws IOException {
        Launchers.Kept now = launcher;
        return now == null ? Optional.empty() : now.start(words, all, output, exitFile);
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
            data.put("signals", found.signals());
            data.put("descriptors", found.descriptors());
        });
        Optional<String> fault = ready.flatMap(Preload::fault).or(() -> Optional.ofNullable(now)
                .flatMap(Launchers.Kept::fault)
                .map(why -> "scripts start without any of the modules: " + why));
        return Check.degradedBy(fault, data);
    }

    private static Optional<String> fault(Launchers.Ready found) {
        List<String> faults = new ArrayList<>();
        if (!found.signals().isEmpty()) {
            faults.add("the modules changed what these signals do in every script: " + found.signals());
        }
        if (!found.threads().isEmpty()) {
            faults.add("the modules began Python threads, which no script has: " + found.threads());
        }
        return faults.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", faults));
    }

    @Override
    public void close() {
        if (launcher != null) {
            launcher.close();
        }
    }
}
