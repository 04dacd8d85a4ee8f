package pysmurf.controller.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.time.Duration;
import java.util.UUID;
import org.eclipse.paho.mqttv5.common.MqttException;
import pysmurf.controller.demo.RemoteController.Message;
import pysmurf.controller.session.Json;
import pysmurf.controller.terminal.Progress;
import pysmurf.controller.terminal.ProgressDisplay;

/** Has a controller tune one simulated band, commanded and watched over MQTT 5 alone, and tells what came of it. */
public final class Demo {

    private static final int SUCCEEDED = 0;
    private static final int FAILED = 1;
    private static final int WRONG_ARGUMENTS = 2;

    private static final Duration UNTIL_UP = Duration.ofSeconds(60);
    private static final Duration UNTIL_REPLY = Duration.ofSeconds(15);
    private static final Duration UNTIL_TUNED = Duration.ofMinutes(15);
    private static final Duration BETWEEN_TRIES = Duration.ofMillis(100);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(200);

    private final Options options;
    private final PrintStream out;
    private final PrintStream err;

    private Demo(Options options, PrintStream out, PrintStream err) {
        this.options = options;
        this.out = out;
        this.err = err;
    }

    /** Runs it; the exit code is 0 only if the tune has succeeded. */
    public static void main(String[] arguments) throws InterruptedException {
        Options options;
        try {
            options = Options.parse(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "\n\n" + Options.USAGE);
            System.exit(WRONG_ARGUMENTS);
            return;
        }
        System.exit(new Demo(options, System.out, System.err).run());
    }

    private int run() throws InterruptedException {
        try (RemoteController controller = waitUntilUp()) {
            JsonNode session = tune(controller);
            Report report = new Report(session, options, out);
            report.print();
            return report.succeeded() ? SUCCEEDED : FAILED;
        } catch (DemoFailure | MqttException e) {
            err.println(e instanceof MqttException ? "MQTT: " + e.getMessage() : e.getMessage());
            return FAILED;
        }
    }

    private RemoteController waitUntilUp() throws DemoFailure, InterruptedException {
        long start = System.nanoTime();
        RemoteController controller = null;
        while (controller == null) {
            try {
                controller = RemoteController.connect(options.broker(), options.controller());
            } catch (MqttException e) {
                check(start, UNTIL_UP, "no MQTT broker answers at " + options.broker());
                Thread.sleep(BETWEEN_TRIES.toMillis());
            }
        }
        try {
            // the broker is there before the controller listens on it, and a command sent in between would be lost
            for (boolean online = false; !online; ) {
                check(start, UNTIL_UP, "the controller does not come online");
                Message message = controller.next(BETWEEN_LOOKS);
                online = message != null
                        && message.topic().equals("status")
                        && message.payload().path("online").asBoolean();
            }
        } catch (DemoFailure e) {
            controller.close();
            throw e;
        }
        return controller;
    }

    private JsonNode tune(RemoteController controller) throws DemoFailure, MqttException, InterruptedException {
        ObjectNode command = options.params().deepCopy();
        String commandId = "demo-" + UUID.randomUUID();
        command.put("command_id", commandId);
        out.println("tune_squids " + Json.text(options.params()) + " sent over MQTT to " + options.broker());
        long start = System.nanoTime();
        String correlation = controller.command("tune_squids", command);
        int id = accepted(controller, correlation, commandId, start);
        return watch(controller, id, start);
    }

    private int accepted(RemoteController controller, String correlation, String commandId, long start)
            throws DemoFailure, InterruptedException {
        while (true) {
            check(start, UNTIL_REPLY, "no reply to the command");
            Message message = controller.next(BETWEEN_LOOKS);
            if (message == null
                    || !message.topic().equals(controller.replyTopic())
                    || !message.correlation().equals(correlation)) {
                continue;
            }
            JsonNode reply = message.payload();
            if (!reply.path("command_id").asText().equals(commandId)) {
                throw new DemoFailure("The reply is to another command: " + reply);
            }
            if (!reply.path("accepted").asBoolean()) {
                throw new DemoFailure(
                        "The command is refused (" + reply.path("reason").asText() + "): "
                                + reply.path("detail").asText());
            }
            return reply.path("session").path("session_id").asInt();
        }
    }

    /** Shows the progress until the session is done. */
    private JsonNode watch(RemoteController controller, int id, long start) throws DemoFailure, InterruptedException {
        Progress progress = new Progress();
        ProgressDisplay display = new ProgressDisplay(progress, out, options.columns());
        try {
            while (true) {
                check(start, UNTIL_TUNED, "the tune does not end");
                Message message = controller.next(BETWEEN_LOOKS);
                if (message != null && message.payload().path("session_id").asInt(-1) == id) {
                    JsonNode payload = message.payload();
                    if (message.topic().equals("session")) {
                        display.session(progress.session(payload), since(start));
                        if (payload.path("status").asText().equals("done")) {
                            return payload;
                        }
                    } else if (message.topic().equals("data") && progress.data(payload)) {
                        display.advanced(since(start));
                    }
                }
                display.redraw(since(start));
            }
        } finally {
            display.clear();
        }
    }

    private void check(long start, Duration atMost, String fault) throws DemoFailure {
        if (options.controllerEnded()) {
            throw new DemoFailure("The controller has ended.");
        }
        if (since(start).compareTo(atMost) > 0) {
            throw new DemoFailure("Given up after " + atMost.toSeconds() + " s: " + fault + ".");
        }
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
