package pysmurf.controller.endtoend;

import pysmurf.controller.driver.ControllerOfClasses;

class HttpIT extends HttpEndToEnd {

    HttpIT() {
        super(ControllerOfClasses::start);
    }
}
