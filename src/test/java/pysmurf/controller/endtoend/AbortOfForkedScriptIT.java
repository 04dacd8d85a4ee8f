package pysmurf.controller.endtoend;

import org.junit.jupiter.api.BeforeEach;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.Setup;

/** The same with scripts that are forked from a launcher. */
class AbortOfForkedScriptIT extends AbortEndToEnd {

    AbortOfForkedScriptIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        super.configure(setup);
        setup.with("scripts.preload", "json");
    }

    @BeforeEach
    void awaitLauncher() {
        http.awaitLauncher();
    }
}
