package pysmurf.controller.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import pysmurf.controller.session.Json;

/**
 * What the demo is told on its command line.
 *
 * @param broker     URL of the MQTT broker
 * @param http       URL of the controller's HTTP server
 * @param controller id of the controller; part of the topics
 * @param pid        process of the controller; 0 if it is not known
 * @param log        the controller's own log; null if it is not known
 * @param params     parameters of the tune
 * @param columns    width of the terminal; 0 where the output is none
 */
record Options(String broker, String http, String controller, long pid, Path log, ObjectNode params, int columns) {

    /** The options and their meanings. */
    static final String USAGE = """
            Tunes one simulated band over MQTT and shows how it goes.

              --broker URL       the MQTT broker (tcp://127.0.0.1:1883)
              --http URL         the controller's HTTP server (http://127.0.0.1:8080)
              --controller ID    the controller's id (pysmurf-controller)
              --params JSON      parameters of tune_squids, beside {"bands":[0],"simulate":true}
              --pid N            process of the controller, whose end is then noticed at once
              --log FILE         the controller's own log, to be named at the end
              --columns N        draw a bar on a terminal of this width, instead of plain lines
            """;

    /**
     * Reads a command line.
     *
     * @throws IllegalArgumentException saying what is wrong with it
     */
    static Options parse(String... arguments) {
        String broker = "tcp://127.0.0.1:1883";
        String http = "http://127.0.0.1:8080";
        String controller = "pysmurf-controller";
        long pid = 0;
        Path log = null;
        ObjectNode params = object("{\"bands\":[0],\"simulate\":true}");
        int columns = 0;
        for (int i = 0; i < arguments.length; i += 2) {
            String name = arguments[i];
            if (i + 1 == arguments.length) {
                throw new IllegalArgumentException(name + ": not an option with a value");
            }
            String value = arguments[i + 1];
            switch (name) {
                case "--broker" -> broker = value;
                case "--http" -> http = value.replaceAll("/+$", "");
                case "--controller" -> controller = value;
                case "--params" -> params.setAll(object(value));
                case "--pid" -> pid = number(name, value);
                case "--log" -> log = Path.of(value);
                case "--columns" -> columns = number(name, value);
                default -> throw new IllegalArgumentException(name + ": unknown option");
            }
        }
        return new Options(broker, http, controller, pid, log, params, columns);
    }

    private static ObjectNode object(String text) {
        try {
            if (Json.read(text.getBytes(StandardCharsets.UTF_8)) instanceof ObjectNode object) {
                return object;
            }
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("--params: " + e.getOriginalMessage(), e);
        }
        throw new IllegalArgumentException("--params: not a JSON object");
    }

    private static int number(String name, String value) {
        try {
            return Integer.parseUnsignedInt(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(name + ": " + value + " is not a number", e);
        }
    }

    /** Whether the controller's process is known and gone. */
    boolean controllerEnded() {
        return pid != 0 && !ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }
}
