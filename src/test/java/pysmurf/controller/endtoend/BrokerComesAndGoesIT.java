package pysmurf.controller.endtoend;

import java.nio.file.Path;
import pysmurf.controller.driver.TestBroker;

class BrokerComesAndGoesIT extends BrokerComesAndGoes {

    BrokerComesAndGoesIT() {
        super("5");
    }

    @Override
    TestBroker broker(Path brokerFolder) {
        return TestBroker.embedded(brokerFolder);
    }
}
