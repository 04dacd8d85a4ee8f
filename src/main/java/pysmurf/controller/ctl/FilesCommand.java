package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "files", description = "Lists the files of a session, or fetches them.")
final class FilesCommand extends Subcommand {

    private static final int MAX_SILENCE_MS = 30_000;

    @Parameters(paramLabel = "SESSION", description = "Its number.")
    private int session;

    @Option(names = "--download", paramLabel = "DIR", description = "Fetch them all into this folder.")
    private Path folder;

    @Override
    public Integer call() {
        ControllerClient client = client();
        JsonNode files = client.session(session).json().path("files");
        if (json()) {
            out().println(files);
        }
        int exitCode = ExitCode.SUCCEEDED;
        Set<String> taken = new HashSet<>();
        TextTable table = new TextTable().row("n", "type", "format", "bytes", "path");
        for (int n = 0; n < files.size(); n++) {
            JsonNode file = files.get(n);
            if (folder != null && !download(client, n, file, folder.resolve(name(file, n, taken)))) {
                exitCode = ExitCode.FAILED;
            }
            table.row(
                    Integer.toString(n),
                    file.path("type").asText(),
                    file.path("format").asText(),
                    file.path("size").asText(),
                    file.path("path").asText());
        }
        if (folder == null && !json()) {
            table.print(out());
        }
        return exitCode;
    }

    /** The file's own name, never a path; with its number before it where two are alike. */
    private static String name(JsonNode file, int n, Set<String> taken) {
        String name = file.path("path").asText().replaceAll("(?s)^.*/|\0", "");
        boolean usable = !Set.of("", ".", "..").contains(name);
        return usable && taken.add(name) ? name : n + "-" + (usable ? name : "file");
    }

    /** Returns whether the file is there now. */
    private boolean download(ControllerClient client, int n, JsonNode file, Path target) {
        try {
            Files.createDirectories(folder);
            Path part = Files.createTempFile(folder, ".pysmurf-ctl-", ".part");
            try {
                MessageDigest digest = MessageDigest.getInstance("SHA-256");
                String path = "/api/v1/sessions/" + session + "/files/" + n;
                try (InputStream in = new DigestInputStream(client.open(path, Map.of(), MAX_SILENCE_MS), digest)) {
                    Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
                }
                String expected = file.path("sha256").asText("");
                if (!expected.isEmpty() && !expected.equals(HexFormat.of().formatHex(digest.digest()))) {
                    err().println(target + " is left out: the file has changed since the script registered it.");
                    return false;
                }
                if (!Files.exists(target)) {
                    Files.move(part, target);
                } else if (Files.mismatch(part, target) >= 0) {
                    err().println(target + " exists already and differs; it is kept.");
                    return false;
                }
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException | NoSuchAlgorithmException e) {
            throw Failure.here(target + " cannot be written: " + e.getMessage(), ExitCode.FAILED);
        }
        if (!json()) {
            out().println(target);
        }
        return true;
    }
}
