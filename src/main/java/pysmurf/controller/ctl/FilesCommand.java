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
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "files", description = "Lists the files of a session, or fetches them.")
final class FilesCommand extends Subcommand {

    @Parameters(index = "0", paramLabel = "SESSION", description = "Its number.")
    private int session;

    @Option(
            names = "--download",
            paramLabel = "DIR",
            description = "Fetch them all into this folder. A different file of the same name is kept (exit code 1).")
    private Path folder;

    @Override
    public Integer call() throws InterruptedException {
        ControllerClient client = client();
        JsonNode files = client.session(session).json().path("files");
        if (json()) {
            out().println(files);
        } else if (folder == null) {
            list(files);
        }
        return folder == null ? ExitCode.SUCCEEDED : download(client, files);
    }

    private void list(JsonNode files) {
        TextTable table = new TextTable().row("n", "type", "format", "bytes", "path");
        for (int n = 0; n < files.size(); n++) {
            JsonNode file = files.get(n);
            table.row(
                    Integer.toString(n),
                    file.path("type").asText(),
                    file.path("format").asText(),
                    file.path("size").asText(),
                    file.path("path").asText());
        }
        table.print(out());
    }

    private int download(ControllerClient client, JsonNode files) throws InterruptedException {
        int exitCode = ExitCode.SUCCEEDED;
        Set<String> taken = new HashSet<>();
        for (int n = 0; n < files.size(); n++) {
            Path target = folder.resolve(name(files.get(n), n, taken));
            try {
                Files.createDirectories(folder);
                String fault = download(client, n, files.get(n), target);
                if (fault != null) {
                    err().println(fault);
                    exitCode = ExitCode.FAILED;
                } else if (!json()) {
                    out().println(target);
                }
            } catch (IOException e) {
                throw Failure.here(target + " cannot be written: " + e.getMessage(), e);
            }
        }
        return exitCode;
    }

    /** The file's own name, never a path; with its number before it where two are alike. */
    private static String name(JsonNode file, int n, Set<String> taken) {
        String path = file.path("path").asText();
        String name = path.substring(path.lastIndexOf('/') + 1);
        boolean usable = !name.isEmpty() && !name.equals(".") && !name.equals("..") && name.indexOf('\0') < 0;
        if (usable && taken.add(name)) {
            return name;
        }
        return n + "-" + (usable ? name : "file");
    }

    /** Returns what went wrong; null if nothing did. */
    private String download(ControllerClient client, int n, JsonNode file, Path target)
            throws IOException, InterruptedException {
        Path part = Files.createTempFile(folder, ".pysmurf-ctl-", ".part");
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            String path = "/api/v1/sessions/" + session + "/files/" + n;
            try (InputStream in = new DigestInputStream(client.open(path), digest)) {
                Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
            }
            String expected = file.path("sha256").asText("");
            if (!expected.isEmpty() && !expected.equals(HexFormat.of().formatHex(digest.digest()))) {
                return target + " is left out: the file has changed since the script registered it.";
            }
            if (Files.exists(target)) {
                return Files.mismatch(part, target) < 0 ? null : target + " exists already and differs; it is kept.";
            }
            Files.move(part, target);
            return null;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        } finally {
            Files.deleteIfExists(part);
        }
    }
}
