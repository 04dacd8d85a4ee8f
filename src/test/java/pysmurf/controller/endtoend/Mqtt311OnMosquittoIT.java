package pysmurf.controller.endtoend;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.TestBroker;

@Tag("mosquitto")
class Mqtt311OnMosquittoIT extends MqttEndToEnd {

    @TempDir
    static Path brokerFolder;

    private TestBroker broker;

    Mqtt311OnMosquittoIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        setup.with("mqtt.version", "3.1.1");
        broker = TestBroker.mosquitto(brokerFolder);
        broker.start();
        setup.withBroker(broker.url());
    }

    @AfterAll
    void stopBroker() {
        broker.close();
    }
}
