package pysmurf.controller.endtoend;

import pysmurf.controller.driver.ControllerOfJar;

class UdpOfJarIT extends UdpEndToEnd {

    UdpOfJarIT() {
        super(ControllerOfJar::start);
    }
}
