package pysmurf.controller.endtoend;

import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.Setup;

class Mqtt311IT extends MqttEndToEnd {

    Mqtt311IT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        setup.with("mqtt.version", "3.1.1");
    }
}
