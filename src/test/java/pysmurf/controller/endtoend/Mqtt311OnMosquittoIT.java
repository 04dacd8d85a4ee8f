package pysmurf.controller.endtoend;

import org.junit.jupiter.api.Tag;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.Setup;

@Tag("mosquitto")
class Mqtt311OnMosquittoIT extends MqttEndToEnd {

    Mqtt311OnMosquittoIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        setup.with("mqtt.version", "3.1.1");
        withMosquitto(setup);
    }
}
