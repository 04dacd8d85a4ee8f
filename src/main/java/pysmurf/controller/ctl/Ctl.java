package pysmurf.controller.ctl;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
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
            AbortCommand.class,
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
            names = "--token-file",
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description = "Take the token from the first line of this file; without it, from " + TOKEN_VARIABLE
                    + " (the token itself, not a path).")
    private Path tokenFile;

    @Option(names = "--json", scope = ScopeType.INHERIT, description = "Print what the controller answers, as it is.")
    private boolean json;

    private Ctl(Terminal terminal) {
        this.terminal = terminal;
    }

    /** Its version, which is the controller's. */
    static final class Version implements IVersionProvider {

        @Override
        public String[] getVersion() {
            String version = Ctl.class.getPackage().getImplementationVersion();
            return new String[] {NAME + " " + Objects.requireNonNullElse(version, "(unpackaged)")};
        }
    }

    /** Runs one command line. {@code -Dctl.columns=N} says how wide the terminal is. */
    public static void main(String[] arguments) {
        Terminal terminal = new Terminal(
                stream(FileDescriptor.out),
                stream(FileDescriptor.err),
                Integer.getInteger("ctl.columns", 0),
                System.getenv(),
                Interrupts.ofProcess());
        int exitCode = execute(terminal, arguments);
        terminal.out().flush();
        System.exit(exitCode);
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        // as the terminal's locale has it, which is not Java's default charset from 18 on
        String charset = System.getProperty("sun.stdout.encoding", System.getProperty("native.encoding"));
        return new PrintStream(
                new FileOutputStream(descriptor),
                true,
                charset == null ? StandardCharsets.UTF_8 : Charset.forName(charset));
    }

    /** Runs one command line; its exit code. */
    static int execute(Terminal terminal, String... arguments) {
        return commandLine(terminal).execute(arguments);
    }

    static CommandLine commandLine(Terminal terminal) {
        CommandLine line = new CommandLine(new Ctl(terminal))
                .setOut(new PrintWriter(terminal.out(), true))
                .setErr(new PrintWriter(terminal.err(), true))
                // an argument of a script may begin with @
                .setExpandAtFiles(false)
                .setParameterExceptionHandler((fault, arguments) -> explainUsage(fault))
                .setExecutionExceptionHandler((fault, failed, result) -> explain(fault, failed));
        // what comes with the script and is not an option here is an argument of the script
        line.getSubcommands()
                .get("run")
                .setUnmatchedOptionsArePositionalParams(true)
                .setPosixClusteredShortOptionsAllowed(false);
        return line;
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

    private static int explain(Exception fault, CommandLine failed) throws Exception {
        PrintWriter err = failed.getErr();
        if (fault instanceof Refusal refusal) {
            boolean raw = failed.getCommandSpec().userObject() instanceof Subcommand command && command.json();
            if (raw) {
                err.println(refusal.body());
            } else {
                refusal.lines().forEach(err::println);
            }
            return ExitCode.of(refusal.status());
        }
        if (fault instanceof Unreachable) {
            err.println(fault.getMessage());
            return ExitCode.UNREACHABLE;
        }
        if (fault instanceof Failure) {
            err.println(fault.getMessage());
            return ExitCode.FAILED;
        }
        throw fault;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Which command?");
    }

    Terminal terminal() {
        return terminal;
    }

    boolean json() {
        return json;
    }

    /** @throws ParameterException if the URL or the token is none */
    ControllerClient client() {
        String base = url != null ? url : terminal.environment().getOrDefault(URL_VARIABLE, DEFAULT_URL);
        return new ControllerClient(checkedUrl(base), token());
    }

    private String checkedUrl(String text) {
        try {
            URI uri = URI.create(text);
            boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            if (http
                    && uri.getHost() != null
                    && uri.getUserInfo() == null
                    && uri.getQuery() == null
                    && uri.getFragment() == null) {
                return text.replaceAll("/+$", "");
            }
        } catch (IllegalArgumentException e) {
            throw notAUrl();
        }
        throw notAUrl();
    }

    private ParameterException notAUrl() {
        // without the text itself: there may be a password in it
        return new ParameterException(spec.commandLine(), "The URL of the controller is not like http://host:port");
    }

    /** Null for none. */
    private String token() {
        String token = tokenFile == null ? terminal.environment().get(TOKEN_VARIABLE) : firstLine(tokenFile);
        if (token == null || token.isBlank()) {
            if (tokenFile != null) {
                throw new ParameterException(spec.commandLine(), "There is no token in " + tokenFile);
            }
            return null;
        }
        // the characters of RFC 6750, 2.1, and others that pass in a header
        if (!token.strip().matches("[!-~]+")) {
            throw new ParameterException(spec.commandLine(), "The token has characters that no token has");
        }
        return token.strip();
    }

    private String firstLine(Path file) {
        try {
            return TextFile.read(file).lines().findFirst().orElse("");
        } catch (IOException e) {
            throw new ParameterException(spec.commandLine(), "The token file " + file + " " + e.getMessage());
        }
    }
}
