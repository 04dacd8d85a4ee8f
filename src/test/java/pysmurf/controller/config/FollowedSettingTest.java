package pysmurf.controller.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FollowedSettingTest {

    @TempDir
    Path folder;

    private final FollowedFiles files = new FollowedFiles(Clock.systemUTC());
    private FollowedFile<List<HostPort>, String> setting;

    @BeforeEach
    void read() throws Exception {
        Files.createDirectories(folder.resolve("routes"));
        write("publisher.destinations = one:1");
        setting = Configuration.load(
                        Map.of(
                                "CONTROLLER_CONFIG_DIR",
                                folder.toString(),
                                "CONTROLLER_ROUTES_DIR",
                                folder.resolve("routes").toString()),
                        new Properties())
                .follow(files, Settings.PUBLISHER_DESTINATIONS);
    }

    private void write(String line) throws Exception {
        Files.writeString(folder.resolve("application.properties"), line);
        // a change is taken when it is found twice
        files.look();
        files.look();
    }

    @Test
    void followsItsFile() throws Exception {
        assertThat(setting.get()).containsExactly(new HostPort("one", 1));

        write("publisher.destinations = one:1, two:2");
        assertThat(setting.get()).containsExactly(new HostPort("one", 1), new HostPort("two", 2));
    }

    @Test
    void keepsTheLastGoodValueWhileTheFileHasAFault() throws Exception {
        write("publisher.destinations = nonsense");
        assertThat(setting.get()).containsExactly(new HostPort("one", 1));
        assertThat(setting.fault())
                .hasValueSatisfying(fault -> assertThat(fault).contains("line 1: publisher.destinations"));

        write("publisher.destinations = two:2");
        assertThat(setting.get()).containsExactly(new HostPort("two", 2));
        assertThat(setting.fault()).isEmpty();
    }

    @Test
    void takesTheDefaultWhenTheFileIsGone() throws Exception {
        Files.delete(folder.resolve("application.properties"));
        files.look();
        files.look();

        assertThat(setting.get()).isEmpty();
    }
}
