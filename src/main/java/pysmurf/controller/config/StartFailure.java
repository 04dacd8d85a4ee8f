package pysmurf.controller.config;

import java.io.IOException;
import org.apache.camel.util.ObjectHelper;

/** The controller cannot start; the message is one line that says why, and which setting it is about. */
public final class StartFailure extends Exception {

    private static final long serialVersionUID = 1L;

    /** Opens something that a setting names. */
    public interface Opening<T> {

        T open() throws IOException;
    }

    public StartFailure(String message, Throwable cause) {
        super(message, cause);
    }

    /** What a start was stopped by, under whatever it is wrapped in. */
    public static StartFailure of(Throwable fault) {
        StartFailure failure = ObjectHelper.getException(StartFailure.class, fault);
        if (failure != null) {
            return failure;
        }
        Throwable cause = fault;
        for (Throwable inner : ObjectHelper.createExceptionIterable(fault)) {
            cause = inner;
        }
        return new StartFailure(String.valueOf(cause.getMessage()), fault);
    }

    /**
     * What a setting asks for.
     *
     * @throws StartFailure with the setting's name, if it cannot be had
     */
    public static <T> T named(Setting<?> setting, Opening<T> opening) throws StartFailure {
        return named(setting.key(), opening);
    }

    public static <T> T named(String settings, Opening<T> opening) throws StartFailure {
        try {
            return opening.open();
        } catch (IOException | IllegalArgumentException e) {
            throw new StartFailure(settings + ": " + e.getMessage(), e);
        }
    }
}
