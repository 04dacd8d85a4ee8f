package pysmurf.controller.ctl;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonInclude.Include;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import pysmurf.controller.session.Json;

@Command(
        name = "fleet",
        description = {
            "Starts one operation on many controllers, and shows how far each is.",
            "Ctrl-C aborts what it has started; a second Ctrl-C leaves it to itself."
        },
        footer = {
            "",
            "  pysmurf-ctl fleet tune_squids bands=0,1 --members 'crate1*' --concurrency 4",
            "  pysmurf-ctl fleet tune_squids bands=0,1 --failed-of 12"
        })
final class FleetCommand extends StartingCommand {

    @Parameters(
            index = "0",
            paramLabel = "OPERATION",
            completionCandidates = CompletionCommand.Operations.class,
            description = "What each of them does.")
    private String operation;

    @Parameters(index = "1..*", paramLabel = "name=value", arity = "0..*", description = "Its parameters.")
    private List<String> assignments = List.of();

    @Option(
            names = "--member-params",
            paramLabel = "JSON",
            description = "Parameters of single controllers, such as {\"crate1\": {\"bands\": [0]}}.")
    private String memberParams;

    @Option(
            names = "--at-least",
            paramLabel = "N",
            description = "How many have to succeed: all, a number, or a part such as 80%%.")
    private String atLeast;

    @Mixin
    private final Params params = new Params();

    /** As fleet takes them. */
    @JsonAutoDetect(fieldVisibility = Visibility.ANY)
    @JsonInclude(Include.NON_NULL)
    static final class Params {

        @Option(
                names = "--members",
                paramLabel = "WHO",
                split = ",",
                description = "Controllers, in the order of their turns: ids, patterns with *, groups. By default all.")
        private List<String> members;

        @Option(names = "--exclude", paramLabel = "WHO", split = ",", description = "Controllers to leave out.")
        private List<String> exclude;

        @Option(names = "--concurrency", paramLabel = "N", description = "How many work at a time.")
        private Integer concurrency;

        @Option(names = "--stagger", paramLabel = "SECONDS", description = "Between two starts.")
        private BigDecimal stagger;

        @Option(names = "--settle", paramLabel = "SECONDS", description = "Between an end and the next start.")
        private BigDecimal settle;

        @Option(
                names = "--on-failure",
                paramLabel = "WHAT",
                description = "Once too few can succeed: continue, stop, abort.")
        private String onFailure;

        @Option(names = "--offline", paramLabel = "WHAT", description = "Controllers that are offline: fail, skip.")
        private String offline;

        @Option(names = "--retries", paramLabel = "N", description = "How often a busy or lost one is tried again.")
        private Integer retries;

        @Option(names = "--timeout", paramLabel = "SECONDS", description = "Abort each that takes longer.")
        private BigDecimal timeout;

        @Option(
                names = "--failed-of",
                paramLabel = "SESSION",
                description = "Those that did not succeed in this fleet session.")
        private Integer failedOf;
    }

    @Override
    public Integer call() throws InterruptedException {
        ObjectNode all = Json.tree(params);
        all.put("op", operation).set("params", assigned(operation, assignments));
        if (memberParams != null) {
            all.set("member_params", json(memberParams));
        }
        if (atLeast != null) {
            if (atLeast.matches("\\d{1,9}")) {
                all.put("at_least", Integer.parseInt(atLeast));
            } else {
                all.put("at_least", atLeast);
            }
        }
        return start("fleet", all, true);
    }

    private JsonNode json(String text) {
        try {
            return Json.read(text.getBytes(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw usage("--member-params is no JSON: " + e.getOriginalMessage());
        }
    }

    /** It takes no lock, so of several controllers at an address the first that is there will do. */
    @Override
    ControllerClient client() {
        ControllerClient given = super.client();
        if (given.look("/api/v1/controller").status() != 404) {
            return given;
        }
        for (JsonNode row : given.get("/controllers").json()) {
            if (row.hasNonNull("health")) {
                return given.below(row.path("id").asText());
            }
        }
        return given;
    }

    @Override
    Display display(PrintStream out, int columns) {
        return new FleetTable(out, columns);
    }
}
