package pysmurf.controller.page;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.http.HttpProblem;
import pysmurf.controller.http.HttpReply;
import pysmurf.controller.http.HttpRequest;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.pipeline.Pipelines;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Sessions;

/** What the operator's page asks for beside sessions: the controller, its scripts, how pipelines are judged. */
public final class PageViews {

    private static final int MAX_SCRIPTS = 2000;
    private static final int MAX_DEPTH = 6;

    private final Assembly assembly;
    private final Configuration configuration;
    private final Supplier<Optional<String>> broker;
    private final Instant startTime;
    private final Sessions sessions;
    private final Operations operations;
    private final Pipelines pipelines;

    /** @param broker where the broker is, as soon as that is known */
    public PageViews(
            Assembly assembly,
            Supplier<Optional<String>> broker,
            Sessions sessions,
            Operations operations,
            Pipelines pipelines) {
        this.assembly = assembly;
        this.configuration = assembly.configuration();
        this.broker = broker;
        this.startTime = assembly.clock().instant();
        this.sessions = sessions;
        this.operations = operations;
        this.pipelines = pipelines;
    }

    /** {@code GET /api/v1/controller}: its name, where its topics are, its versions, what runs. */
    public HttpReply controller() {
        String id = configuration.get(Settings.CONTROLLER_ID);
        String slot = configuration.get(Settings.SLOT);
        ObjectNode view = Json.object()
                .put("id", id)
                .put("slot", slot.isEmpty() ? null : slot)
                .put("start_time", Json.seconds(startTime))
                .put("version", Assembly.version())
                .put("camel_version", assembly.camel().getVersion())
                .put("java_version", Runtime.version().toString())
                .put("mqtt_topic_root", "pysmurf/" + id)
                .put("broker", broker.get().orElse(null));
        view.set("status", sessions.statusJson(true));
        ArrayNode running = view.putArray("running");
        sessions.unfinished().forEach(session -> running.add(session.id()));
        return HttpReply.json(200, view);
    }

    /**
     * {@code GET /api/v1/operations/{op}/pipeline}: presets and, by stage, time limits, estimates and gates; both empty for an
     * operation without settings.
     *
     * @throws HttpProblem 404 if there is no such operation
     */
    public HttpReply pipeline(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        String name = request.pathParam("op");
        if (operations.find(name).isEmpty()) {
            throw new HttpProblem(404, "no operation \"" + name + "\"");
        }
        return HttpReply.json(200, pipelines.of(name));
    }

    /** {@code GET /api/v1/scripts}: as {@code run} takes them, relative to their root. */
    public HttpReply scripts() throws IOException {
        List<Path> roots = configuration.get(Settings.SCRIPTS_ROOTS);
        Set<String> found = new TreeSet<>();
        for (Path root : roots) {
            if (Files.isDirectory(root)) {
                Files.walkFileTree(root, EnumSet.noneOf(FileVisitOption.class), MAX_DEPTH, new Finder(root, found));
            }
        }
        return HttpReply.json(
                200, Map.of("roots", roots.stream().map(Path::toString).toList(), "scripts", found));
    }

    private static final class Finder extends SimpleFileVisitor<Path> {

        private final Path root;
        private final Set<String> found;

        Finder(Path root, Set<String> found) {
            this.root = root;
            this.found = found;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            boolean hidden =
                    !folder.equals(root) && folder.getFileName().toString().startsWith(".");
            // a package is what scripts import, not a script
            boolean imported = Files.exists(folder.resolve("__init__.py"));
            return hidden || imported ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            String name = file.getFileName().toString();
            if (name.endsWith(".py") && !name.startsWith(".") && Files.isRegularFile(file)) {
                found.add(root.relativize(file).toString());
            }
            return found.size() < MAX_SCRIPTS ? FileVisitResult.CONTINUE : FileVisitResult.TERMINATE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException fault) {
            return FileVisitResult.CONTINUE;
        }
    }
}
