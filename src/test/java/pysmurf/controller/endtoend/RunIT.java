package pysmurf.controller.endtoend;

import pysmurf.controller.driver.ControllerOfClasses;

class RunIT extends RunEndToEnd {

    RunIT() {
        super(ControllerOfClasses::start);
    }
}
