package pysmurf.controller.endtoend;

import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.Setup;

class MqttIT extends Mqtt5EndToEnd {

    MqttIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        setup.with("mqtt.version", "5");
    }
}
