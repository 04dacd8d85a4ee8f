package pysmurf.controller.ctl;

import java.util.Iterator;
import java.util.List;

/** Stand for names that only the controller knows, until the completion script asks it for them. */
final class NamesOnController {

    private NamesOnController() {}

    /** The names of its operations. */
    static final class Operations implements Iterable<String> {

        static final String MARK = "NAMES_OF_OPERATIONS";

        @Override
        public Iterator<String> iterator() {
            return List.of(MARK).iterator();
        }
    }

    /** The scripts that it can run. */
    static final class Scripts implements Iterable<String> {

        static final String MARK = "NAMES_OF_SCRIPTS";

        @Override
        public Iterator<String> iterator() {
            return List.of(MARK).iterator();
        }
    }
}
