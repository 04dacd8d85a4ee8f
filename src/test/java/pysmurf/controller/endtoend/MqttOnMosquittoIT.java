package pysmurf.controller.endtoend;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.TestBroker;

@Tag("mosquitto")
class MqttOnMosquittoIT extends Mqtt5EndToEnd {

    @TempDir
    static Path brokerFolder;

    private TestBroker broker;

    MqttOnMosquittoIT() {
        super(ControllerOfJar::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        setup.with("mqtt.version", "5");
        broker = TestBroker.mosquitto(brokerFolder);
        broker.start();
        setup.withBroker(broker.url());
    }

    @AfterAll
    void stopBroker() {
        broker.close();
    }
}
