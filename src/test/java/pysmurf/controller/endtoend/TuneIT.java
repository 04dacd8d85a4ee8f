package pysmurf.controller.endtoend;

import pysmurf.controller.driver.ControllerOfClasses;

class TuneIT extends TuneEndToEnd {

    TuneIT() {
        super(ControllerOfClasses::start);
    }
}
