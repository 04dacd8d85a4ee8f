package pysmurf.controller.endtoend;

import pysmurf.controller.driver.ControllerOfClasses;

class UdpIT extends UdpEndToEnd {

    UdpIT() {
        super(ControllerOfClasses::start);
    }
}
