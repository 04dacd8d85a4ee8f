package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.Setup;

/** Whatever editors, deployments and volumes do in the routes folder: what is served is what is there, at the start and live. */
class RouteFilesIT {

    @TempDir
    Path folder;

    private Setup setup;
    private Path routes;
    private Path operations;
    private ControllerUnderTest controller;

    /** The description of each operation that is to be there, and what is to be said of files that are not used. */
    private final Map<String, String> served = new TreeMap<>();

    private final Map<String, String> refused = new TreeMap<>();

    @BeforeEach
    void setUp() {
        setUp("controller");
    }

    private void setUp(String name) {
        setup = Setup.in(folder.resolve(name));
        routes = setup.routes();
        operations = routes.resolve("operations");
    }

    @AfterEach
    void stop() {
        if (controller != null) {
            controller.close();
        }
    }

    /** Something that is done to the files. */
    @FunctionalInterface
    private interface Deed {
        void run() throws Exception;
    }

    private static String text(String name, String description) {
        return "- route:\n    id: " + name + "\n    description: " + description
                + "\n    from:\n      uri: direct:operation-" + name + "\n      steps:\n        - log: x\n";
    }

    private static void write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private void serve(Path file, String name, String description) throws IOException {
        write(file, text(name, description));
        served.put(name, description);
    }

    private static void link(Path link, Path target) throws IOException {
        Path beside = link.resolveSibling("beside");
        Files.createSymbolicLink(beside, target);
        Files.move(beside, link, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void copy(Path from, Path to) throws Exception {
        Process process = new ProcessBuilder("cp", "-a", from.toString(), to.toString())
                .inheritIO()
                .start();
        assertThat(process.waitFor()).isZero();
    }

    private List<Deed> deeds() {
        return List.of(
                // an editor's lock
                () -> {
                    Files.createSymbolicLink(operations.resolve(".#run.camel.yaml"), Path.of("me@host.123:1"));
                    serve(operations.resolve("added.camel.yaml"), "added", "Beside a lock.");
                },
                // a backup of the folder, and of a file
                () -> {
                    copy(operations, routes.resolve("operations.bak"));
                    for (String backup : List.of(
                            "operations.bak/added.camel.yaml",
                            ".operations/added.camel.yaml",
                            "operations/.added.camel.yaml",
                            "operations/added.camel.yaml~",
                            "operations/old.orig/added.camel.yaml")) {
                        write(routes.resolve(backup), text("added", "From a backup."));
                    }
                },
                // another folder in its place
                () -> {
                    copy(operations, folder.resolve("new"));
                    serve(folder.resolve("new/moved.camel.yaml"), "moved", "With its folder.");
                    serve(folder.resolve("new/added.camel.yaml"), "added", "In another folder.");
                    Files.move(operations, folder.resolve("old"));
                    Files.move(folder.resolve("new"), operations);
                },
                // a link in its place, which is swapped
                () -> {
                    Files.move(operations, folder.resolve("v1"));
                    link(operations, folder.resolve("v1"));
                },
                () -> {
                    copy(folder.resolve("v1"), folder.resolve("v2"));
                    serve(folder.resolve("v2/swapped.camel.yaml"), "swapped", "With its link.");
                    link(operations, folder.resolve("v2"));
                },
                // a volume of Kubernetes in a new folder, and its update
                () -> {
                    Path volume = operations.resolve("volume");
                    serve(volume.resolve("..2026_1/mounted.camel.yaml"), "mounted", "First.");
                    link(volume.resolve("..data"), Path.of("..2026_1"));
                    link(volume.resolve("mounted.camel.yaml"), Path.of("..data/mounted.camel.yaml"));
                },
                () -> {
                    Path volume = operations.resolve("volume");
                    serve(volume.resolve("..2026_2/mounted.camel.yaml"), "mounted", "Second.");
                    link(volume.resolve("..data"), Path.of("..2026_2"));
                },
                // a file that is a link
                () -> {
                    serve(folder.resolve("target"), "linked", "First.");
                    link(operations.resolve("linked.camel.yaml"), folder.resolve("target"));
                },
                () -> {
                    Files.delete(folder.resolve("target"));
                    serve(folder.resolve("target"), "linked", "Second.");
                },
                // one name twice: the file nearer to the routes has it
                () -> serve(operations.resolve("deep/twice.camel.yaml"), "twice", "Deep."),
                () -> {
                    serve(operations.resolve("twice.camel.yaml"), "twice", "Near.");
                    refused.put(
                            "operations/deep/twice.camel.yaml",
                            "the route id twice is taken by operations/twice.camel");
                },
                // a byte order mark
                () -> {
                    write(operations.resolve("marked.schema.json"), "\uFEFF{\"type\": \"object\"}");
                    write(operations.resolve("marked.camel.yaml"), "\uFEFF" + text("marked", "With a mark."));
                    served.put("marked", "With a mark.");
                    Path kamelet = routes.resolve("kamelets/script.kamelet.yaml");
                    write(kamelet, "\uFEFF" + Files.readString(kamelet));
                },
                // what is refused
                () -> {
                    for (String name : List.of("a.b", "a b", "a#b")) {
                        write(operations.resolve(name + ".camel.yaml"), text("strange", "Strange."));
                        refused.put("operations/" + name + ".camel.yaml", "letters, digits");
                    }
                    Files.createSymbolicLink(operations.resolve("dangling.camel.yaml"), Path.of("nowhere"));
                    refused.put("operations/dangling.camel.yaml", "is a link to nothing");
                    write(routes.resolve("misplaced.camel.yaml"), text("misplaced", "Elsewhere."));
                    refused.put("misplaced.camel.yaml", "the folder operations alone");
                    write(operations.resolve("misnamed.camel.yaml"), text("other", "Under another name."));
                    refused.put("operations/misnamed.camel.yaml", "id misnamed");
                    write(operations.resolve("k.kamelet.yaml"), "kind: Kamelet\n");
                    refused.put("operations/k.kamelet.yaml", "the folder kamelets alone");
                    write(operations.resolve("endless.camel.yaml"), "- route: &a\n    from: *a\n");
                    refused.put("operations/endless.camel.yaml", "");
                });
    }

    /** Each description of an operation that the project does not bring along. */
    private Map<String, String> operationsNow() throws Exception {
        Map<String, String> found = new TreeMap<>();
        for (JsonNode operation : controller.http().get("/api/v1/operations").json()) {
            found.put(
                    operation.path("name").asText(),
                    operation.path("description").asText());
        }
        for (String name : broughtAlong()) {
            assertThat(found.remove(name)).isNotNull();
        }
        return found;
    }

    private static List<String> broughtAlong() throws IOException {
        try (Stream<Path> files = Files.list(Setup.PROJECT.resolve("routes/operations"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".camel.yaml"))
                    .map(file -> file.replace(".camel.yaml", ""))
                    .toList();
        }
    }

    /** It has looked at the files since. */
    private void awaitServed(String when) {
        double since = System.currentTimeMillis() / 1000.0;
        await(when).atMost(PATIENCE).untilAsserted(() -> assertServed(since));
    }

    private void assertServed(double since) throws Exception {
        assertThat(operationsNow()).isEqualTo(served);
        Map<String, String> broken = new TreeMap<>();
        JsonNode checks =
                controller.http().get("/observe/health").expect(200).json().path("checks");
        checks.at("/routes/broken")
                .forEach(fault -> broken.put(
                        fault.path("file").asText(), fault.path("detail").asText()));
        assertThat(broken).containsOnlyKeys(refused.keySet());
        refused.forEach((file, why) -> assertThat(broken.get(file)).contains(why));
        assertThat(checks.at("/files/looked_at").asDouble()).isGreaterThan(since);
    }

    @Test
    void servesWhatIsThereWhileItRuns() throws Exception {
        controller = ControllerOfClasses.start(setup);
        List<Deed> deeds = deeds();
        for (int i = 0; i < deeds.size(); i++) {
            deeds.get(i).run();
            awaitServed("deed " + i);
        }
        assertThat(controller.http().run("exit_with.py", 0).path("outcome").asText())
                .isEqualTo("succeeded");

        // all gone, which may be a volume that is not mounted: what was there stays
        Files.move(routes, folder.resolve("unmounted"));
        refused.put(routes.toString(), "is not there");
        awaitServed("gone");
        assertThat(controller.http().run("exit_with.py", 0).path("outcome").asText())
                .isEqualTo("succeeded");
        Files.move(folder.resolve("unmounted"), routes);
        refused.remove(routes.toString());
        awaitServed("back");
    }

    /** Also where the folder itself is a link, and has a name that could be taken for something else. */
    @Test
    void servesTheSameFromTheStart() throws Exception {
        setUp("a controller #1.2 100%");
        for (Deed deed : deeds()) {
            deed.run();
        }
        Files.move(routes, folder.resolve("routes 2"));
        Files.createSymbolicLink(routes, folder.resolve("routes 2"));

        controller = ControllerOfClasses.start(setup);

        assertServed(0);
        assertThat(controller.http().run("exit_with.py", 0).path("outcome").asText())
                .isEqualTo("succeeded");
        copy(folder.resolve("routes 2"), folder.resolve("routes 3"));
        serve(folder.resolve("routes 3/operations/last.camel.yaml"), "last", "With all.");
        link(routes, folder.resolve("routes 3"));
        awaitServed("after a swap");
    }

    /** The kernel gives each user so many, and other programs may have them all. */
    @Test
    void needsNoInotify() throws Exception {
        String[] within = {
            "unshare",
            "--user",
            "--map-root-user",
            "sh",
            "-c",
            "echo 0 >/proc/sys/user/max_inotify_instances; exec \"$@\"",
            "sh"
        };
        Process possible = new ProcessBuilder("unshare", "--user", "--map-root-user", "true").start();
        Assumptions.assumeTrue(possible.waitFor() == 0, "a user may make a namespace");
        controller = ControllerOfJar.start(setup.within(within));

        serve(operations.resolve("added.camel.yaml"), "added", "Without inotify.");

        awaitServed("without inotify");
        assertThat(controller.http().run("exit_with.py", 0).path("outcome").asText())
                .isEqualTo("succeeded");
    }
}
