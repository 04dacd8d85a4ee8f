package pysmurf.controller.endtoend;

import pysmurf.controller.driver.ControllerOfJar;

class AbortOfJarIT extends AbortEndToEnd {

    AbortOfJarIT() {
        super(ControllerOfJar::start);
    }
}
