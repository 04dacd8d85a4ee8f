package pysmurf.controller.endtoend;

import org.junit.jupiter.api.Tag;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.Setup;

@Tag("mosquitto")
class MqttOnMosquittoIT extends Mqtt5EndToEnd {

    MqttOnMosquittoIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        setup.with("mqtt.version", "5");
        withMosquitto(setup);
    }
}
