package pysmurf.controller.ctl;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;
import pysmurf.controller.config.TextFile;

/** The command line {@code pysmurf-ctl}: what all its commands have in common, and the start of the process. */
@Command(
        name = Ctl.NAME,
        description = "Starts, watches and aborts operations of a pysmurf controller.",
        scope = ScopeType.INHERIT,
        mixinStandardHelpOptions = true,
        versionProvider = Ctl.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        usageHelpAutoWidth = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:succeeded, or done what was asked for",
            "1:failed",
            "2:the command line is wrong; nothing was sent",
            "3:refused: busy, not valid, nothing to abort, not allowed, or not there",
            "4:aborted",
            "5:timed out",
            "6:partial: some of it succeeded",
            "7:interrupted: the controller died during the session",
            "8:the controller cannot be reached",
            "130:left by Ctrl-C; the session goes on"
        },
        subcommands = {
            RunCommand.class,
            TuneCommand.class,
            StartCommand.class,
            FleetCommand.class,
            AbortCommand.class,
            StopCommand.class,
            OperationsCommand.class,
            ScriptsCommand.class,
            SessionsCommand.class,
            ShowCommand.class,
            LogCommand.class,
            FilesCommand.class,
            WatchCommand.class,
            StatusCommand.class,
            HealthCommand.class,
            CompletionCommand.class
        })
public final class Ctl implements Runnable {

    static final String NAME = "pysmurf-ctl";
    static final String URL_VARIABLE = "PYSMURF_CTL_URL";
    static final String TOKEN_VARIABLE = "PYSMURF_CTL_TOKEN";

    private static final String DEFAULT_URL = "http://127.0.0.1:8080";

    private final Terminal terminal;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--url",
            paramLabel = "URL",
            scope = ScopeType.INHERIT,
            description = {"The controller; by default " + URL_VARIABLE + ", or", DEFAULT_URL})
    private String url;

    @Option(
            names = "--controller",
            paramLabel = "ID",
            scope = ScopeType.INHERIT,
            description = "One of several controllers at that URL.")
    private String controller;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description = "Take the token from the first line of FILE; without this option, from " + TOKEN_VARIABLE
                    + " (the token itself, not a path).")
    private Path tokenFile;

    @Option(names = "--json", scope = ScopeType.INHERIT, description = "Print what the controller answers, as it is.")
    private boolean json;

    private Ctl(Terminal terminal) {
        this.terminal = terminal;
    }

    static final class Version implements IVersionProvider {

        @Override
        public String[] getVersion() {
            String version = Ctl.class.getPackage().getImplementationVersion();
            return new String[] {NAME + " " + Objects.requireNonNullElse(version, "(unpackaged)")};
        }
    }

    /** {@code -Dctl.columns=N} says how wide the terminal is. */
    public static void main(String[] arguments) {
        Terminal terminal = Terminal.ofProcess();
        int exitCode = execute(terminal, arguments);
        terminal.out().flush();
        System.exit(exitCode);
    }

    static int execute(Terminal terminal, String... arguments) {
        Ctl ctl = new Ctl(terminal);
        CommandLine line = new CommandLine(ctl)
                .setOut(new PrintWriter(terminal.out(), true))
                .setErr(new PrintWriter(terminal.err(), true))
                // An argument of a script may begin with @.
                .setExpandAtFiles(false)
                .setParameterExceptionHandler((fault, words) -> explainUsage(fault))
                .setExecutionExceptionHandler((fault, failed, result) -> ctl.explain(fault));
        // What comes with the script and is not an option here is an argument of the script.
        line.getSubcommands()
                .get("run")
                .setUnmatchedOptionsArePositionalParams(true)
                .setPosixClusteredShortOptionsAllowed(false);
        return line.execute(arguments);
    }

    private static int explainUsage(ParameterException fault) {
        CommandLine failed = fault.getCommandLine();
        PrintWriter err = failed.getErr();
        err.println(fault.getMessage());
        if (!UnmatchedArgumentException.printSuggestions(fault, err)) {
            err.println("See: " + failed.getCommandSpec().qualifiedName() + " --help");
        }
        return ExitCode.USAGE;
    }

    private int explain(Exception fault) throws Exception {
        if (fault instanceof Failure failure) {
            terminal.err().println(json && failure.body() != null ? failure.body() : failure.getMessage());
            return failure.exitCode();
        }
        throw fault;
    }

    @Override
    public void run() {
        throw usage("Which command?");
    }

    Terminal terminal() {
        return terminal;
    }

    boolean json() {
        return json;
    }

    ControllerClient client() {
        String base = url != null ? url : terminal.environment().getOrDefault(URL_VARIABLE, DEFAULT_URL);
        ControllerClient all = new ControllerClient(checkedUrl(base), token());
        return controller == null ? all : all.below(controller);
    }

    private String checkedUrl(String text) {
        try {
            URI uri = new URI(text);
            if (Set.of("http", "https").contains(String.valueOf(uri.getScheme()))
                    && uri.getHost() != null
                    && uri.getUserInfo() == null
                    && uri.getQuery() == null
                    && uri.getFragment() == null) {
                return text.replaceAll("/+$", "");
            }
        } catch (URISyntaxException e) {
            // Said below, without the text itself: there may be a password in it.
        }
        throw usage("The URL of the controller is not like http://host:port");
    }

    /** Null for none. */
    private String token() {
        String token = tokenFile == null ? terminal.environment().get(TOKEN_VARIABLE) : firstLine(tokenFile);
        if (token == null || token.isBlank()) {
            if (tokenFile != null) {
                throw usage("There is no token in " + tokenFile);
            }
            return null;
        }
        // The characters of RFC 6750, 2.1, and others that pass in a header.
        if (!token.strip().matches("[!-~]+")) {
            throw usage("The token has characters that no token has");
        }
        return token.strip();
    }

    private String firstLine(Path file) {
        try {
            return TextFile.read(file).lines().findFirst().orElse("");
        } catch (IOException e) {
            throw usage("The token file " + file + " " + e.getMessage());
        }
    }

    private ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
