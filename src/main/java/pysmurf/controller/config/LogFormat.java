package pysmurf.controller.config;

import java.util.Locale;

/** The format of the controller's own log. */
public enum LogFormat {
    TEXT,
    JSON;

    /** Also the name of the part of the logging configuration. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
