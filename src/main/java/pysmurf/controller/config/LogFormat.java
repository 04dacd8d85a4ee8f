package pysmurf.controller.config;

import java.util.Locale;

/** How the controller writes its own log. */
public enum LogFormat {
    /** A line for people. */
    TEXT,
    /** A JSON object a line. */
    JSON;

    /** The word used in the configuration, and the name of the part of the logging configuration. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
