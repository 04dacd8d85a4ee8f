package pysmurf.controller.endtoend;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import pysmurf.controller.driver.TestBroker;

@Tag("mosquitto")
class MosquittoComesAndGoesIT extends BrokerComesAndGoes {

    MosquittoComesAndGoesIT() {
        super("3.1.1");
    }

    @Override
    TestBroker broker(Path brokerFolder) {
        return TestBroker.mosquitto(brokerFolder);
    }
}
