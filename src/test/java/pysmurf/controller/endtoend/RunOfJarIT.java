package pysmurf.controller.endtoend;

import pysmurf.controller.driver.ControllerOfJar;

class RunOfJarIT extends RunEndToEnd {

    RunOfJarIT() {
        super(ControllerOfJar::start);
    }
}
