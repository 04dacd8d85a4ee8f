package pysmurf.controller;

import java.io.IOException;
import pysmurf.controller.config.Setting;
import pysmurf.controller.session.StoreUnavailable;

/** The controller cannot start; the message is one line that says why, and which setting it is about. */
public final class StartFailure extends Exception {

    private static final long serialVersionUID = 1L;

    /** Opens something that a setting names. */
    interface Opening<T> {

        T open() throws IOException;
    }

    StartFailure(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * What a setting asks for.
     *
     * @throws StartFailure with the setting's name, if it cannot be had
     */
    static <T> T named(Setting<?> setting, Opening<T> opening) throws StartFailure {
        return named(setting.key(), opening);
    }

    static <T> T named(String settings, Opening<T> opening) throws StartFailure {
        try {
            return opening.open();
        } catch (IOException | IllegalArgumentException | StoreUnavailable e) {
            throw new StartFailure(settings + ": " + e.getMessage(), e);
        }
    }
}
