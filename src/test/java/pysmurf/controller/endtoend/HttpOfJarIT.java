package pysmurf.controller.endtoend;

import pysmurf.controller.driver.ControllerOfJar;

class HttpOfJarIT extends HttpEndToEnd {

    HttpOfJarIT() {
        super(ControllerOfJar::start);
    }
}
