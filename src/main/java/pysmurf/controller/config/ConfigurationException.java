package pysmurf.controller.config;

import java.util.List;

/** The configuration cannot be used; the message, one line, names every fault. */
public class ConfigurationException extends Exception {

    private static final long serialVersionUID = 1L;

    public ConfigurationException(List<String> faults) {
        super(String.join("; ", faults));
    }
}
