package pysmurf.controller.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.Setup;

/** How bin/pysmurf-controller starts Java, by a program in place of Java that tells its command line. */
class LauncherTest {

    private static final FileTime BUILT = FileTime.fromMillis(1_700_000_000_000L);
    private static final FileTime LATER = FileTime.fromMillis(BUILT.toMillis() + 1000);
    private static final FileTime EARLIER = FileTime.fromMillis(BUILT.toMillis() - 1000);

    @TempDir
    Path folder;

    private Path home;
    private Path jar;
    private Path launcher;

    @BeforeEach
    void install() throws Exception {
        home = Files.createDirectory(folder.toRealPath().resolve("a home"));
        for (String name : List.of("bin", "config", "routes", "target", "target/cds")) {
            Files.createDirectory(home.resolve(name));
        }
        jar = Files.setLastModifiedTime(Files.createFile(home.resolve("target/pysmurf-controller.jar")), BUILT);
        launcher = Files.copy(Setup.PROJECT.resolve("bin/pysmurf-controller"), home.resolve("bin/pysmurf-controller"));
    }

    private Path java(String version) throws Exception {
        Path jdk = Files.createDirectories(folder.resolve("jdk-" + version + "/bin"));
        Path java = Files.writeString(jdk.resolve("java"), """
                #!/bin/sh
                printf '%s\\n' "config=$CONTROLLER_CONFIG_DIR" "routes=$CONTROLLER_ROUTES_DIR" "pid=$$" "$@"
                """);
        assertThat(java.toFile().setExecutable(true)).isTrue();
        Files.writeString(jdk.resolveSibling("release"), "JAVA_RUNTIME_VERSION=\"" + version + "\"\n");
        return jdk.getParent();
    }

    private Path archive(String version, FileTime made) throws Exception {
        return archive(version, "jsa", made);
    }

    private Path archive(String version, String suffix, FileTime made) throws Exception {
        Path archive = home.resolve("target/cds/classes-" + version + "." + suffix);
        return Files.setLastModifiedTime(Files.createFile(archive), made);
    }

    private static List<String> lines(Process process) throws Exception {
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(text).isZero();
        return text.lines().toList();
    }

    private Process start(Map<String, String> environment, Path program, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("JAVA_") || name.startsWith("CONTROLLER_"));
        builder.environment().putAll(environment);
        return builder.redirectErrorStream(true).start();
    }

    @Test
    void startsFromAnyFolderAndByALinkInTheSameProcess() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), launcher);

        Process process = start(Map.of("JAVA_HOME", java("17.0.1+1").toString()), link, "-Dhttp.port=1", "-Dx=a b");

        assertThat(lines(process))
                .contains("config=" + home.resolve("config"), "routes=" + home.resolve("routes"), "-Dx=a b")
                .contains("pid=" + process.pid())
                .endsWith("-Dhttp.port=1", "-Dx=a b", "-jar", jar.toString());
    }

    @Test
    void leavesWhatTheEnvironmentSays() throws Exception {
        Map<String, String> environment = Map.of(
                "JAVA_HOME", java("17.0.1+1").toString(), "CONTROLLER_CONFIG_DIR", "c", "CONTROLLER_ROUTES_DIR", "r");

        assertThat(lines(start(environment, launcher))).contains("config=c", "routes=r");
    }

    @Test
    void letsOptionsOfTheUserWin() throws Exception {
        Map<String, String> environment =
                Map.of("JAVA_HOME", java("17.0.1+1").toString(), "JAVA_OPTS", "-Xmx512m -Dx=y");

        assertThat(lines(start(environment, launcher))).containsSubsequence("-Xmx256m", "-Xmx512m", "-Dx=y", "-jar");
    }

    @Test
    void refusesWhatIsNoSetting() throws Exception {
        Process process = start(Map.of("JAVA_HOME", java("17.0.1+1").toString()), launcher, "--port=1");

        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(process.inputReader().readLine()).contains("--port=1 is not like -Dkey=value");
    }

    @Test
    void saysThatThereIsNoJava() throws Exception {
        Process process = start(Map.of("JAVA_HOME", "/nowhere"), launcher);

        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(process.inputReader().readLine()).contains("no java in /nowhere");
    }

    @Test
    void passesTheArchiveThatThisJavaMadeOfThisJar() throws Exception {
        archive("17.0.2+1", LATER);
        Path archive = archive("17.0.1+1", LATER);

        assertThat(lines(start(Map.of("JAVA_HOME", java("17.0.1+1").toString()), launcher)))
                .contains("-XX:SharedArchiveFile=" + archive)
                .doesNotContain("-XX:+AutoCreateSharedArchive", "--sun-misc-unsafe-memory-access=allow");
    }

    @Test
    void passesTheCacheThatANewerJavaMadeOfThisJar() throws Exception {
        archive("25.0.3+9-LTS", LATER);
        Path cache = archive("25.0.3+9-LTS", "aot", LATER);

        assertThat(lines(start(Map.of("JAVA_HOME", java("25.0.3+9-LTS").toString()), launcher)))
                .contains("-XX:AOTCache=" + cache)
                .noneMatch(option -> option.contains("SharedArchive"));
    }

    @Test
    void leavesTheArchiveToAUserWhoSaysWhich() throws Exception {
        archive("25.0.3+9-LTS", "aot", LATER);
        Map<String, String> environment =
                Map.of("JAVA_HOME", java("25.0.3+9-LTS").toString(), "JAVA_OPTS", "-Xshare:off");

        assertThat(lines(start(environment, launcher)))
                .contains("-Xshare:off", "--sun-misc-unsafe-memory-access=allow")
                .noneMatch(option -> option.contains("Archive") || option.contains("AOTCache"));
    }

    @Test
    void passesNoArchiveOfAnOlderJar() throws Exception {
        archive("17.0.1+1", EARLIER);

        assertThat(lines(start(Map.of("JAVA_HOME", java("17.0.1+1").toString()), launcher)))
                .noneMatch(option -> option.contains("Archive"));
    }

    @Test
    void hasANewerJavaKeepItsOwnArchiveWhereNoneWasMade() throws Exception {
        Path archive = archive("25.0.3+9-LTS", LATER);

        assertThat(lines(start(Map.of("JAVA_HOME", java("25.0.3+9-LTS").toString()), launcher)))
                .contains("-XX:+AutoCreateSharedArchive", "-XX:SharedArchiveFile=" + archive);
        assertThat(archive).exists();
    }

    /** Java would not put a new archive in the place of one that is there. */
    @Test
    void hasANewerJavaReplaceAnArchiveOfAnOlderJar() throws Exception {
        Path archive = archive("25.0.3+9-LTS", EARLIER);

        assertThat(lines(start(Map.of("JAVA_HOME", java("25.0.3+9-LTS").toString()), launcher)))
                .contains("-XX:+AutoCreateSharedArchive", "-XX:SharedArchiveFile=" + archive)
                .contains("--sun-misc-unsafe-memory-access=allow");
        assertThat(archive).doesNotExist();
    }
}
