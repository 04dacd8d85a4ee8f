package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.EventsWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.UdpEar;

/** The environment variables that the original had. */
class SeedEnvironmentIT {

    @TempDir
    Path folder;

    /** Two controllers live in one process here, one that sends and one that does not. */
    @Test
    void sendsByBackendUdpAndNothingByBackendNull() throws Exception {
        try (UdpEar silence = new UdpEar();
                UdpEar ear = new UdpEar()) {
            String[] quiet = silence.address().split(":");
            String[] loud = ear.address().split(":");
            Setup nullSetup = Setup.in(folder.resolve("null"))
                    .withEnvironment("SMURFPUB_BACKEND", "null")
                    .withEnvironment("SMURFPUB_UDP_HOST", quiet[0])
                    .withEnvironment("SMURFPUB_UDP_PORT", quiet[1]);
            Setup udpSetup = Setup.in(folder.resolve("udp"))
                    .withEnvironment("SMURFPUB_BACKEND", "udp")
                    .withEnvironment("SMURFPUB_UDP_HOST", loud[0])
                    .withEnvironment("SMURFPUB_UDP_PORT", loud[1]);
            try (ControllerUnderTest one = ControllerOfClasses.start(nullSetup);
                    ControllerUnderTest other = ControllerOfClasses.start(udpSetup)) {
                int quietId = one.http()
                        .run("publish.py", "all_types")
                        .path("session_id")
                        .asInt();
                int loudId = other.http()
                        .run("publish.py", "all_types")
                        .path("session_id")
                        .asInt();

                ear.await(message -> message.path("payload").path("session_id").asInt(-1) == loudId
                        && message.path("script").asText().equals("controller:run"));
                assertThat(ear.messages())
                        .allMatch(message -> message.path("id").asText().equals(udpSetup.id()));
                assertThat(one.http().session(quietId).path("data").path("a").asInt())
                        .as("what the script says is taken in all the same")
                        .isEqualTo(1);
                assertThat(silence.heard()).isEmpty();
            }
        }
    }

    /** A browser comes back with the last id it saw; that may be of an earlier life of the controller. */
    @Test
    void resumesEventsOfAnEarlierLifeBeforeThereAreAny() throws Exception {
        try (ControllerUnderTest controller = ControllerOfClasses.start(Setup.in(folder));
                EventsWatcher watcher = EventsWatcher.after(controller, 7)) {
            int id = controller.http().run("exit_with.py", 0).path("session_id").asInt();

            watcher.awaitDone(id);
        }
    }
}
