package pysmurf.controller.endtoend;

import pysmurf.controller.driver.ControllerOfClasses;

class AbortIT extends AbortEndToEnd {

    AbortIT() {
        super(ControllerOfClasses::start);
    }
}
