package pysmurf.controller.access;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.FollowedFile;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.config.TextFile;

/**
 * The secrets that open an interface: a file of lines {@code role name token}, the token plain or as {@code sha256:HEX}. The file
 * is followed: a change counts from then on, a broken file changes nothing.
 */
public final class Tokens {

    private static final Logger LOG = LoggerFactory.getLogger(Tokens.class);
    private static final String SHA256 = "sha256:";
    private static final Set<PosixFilePermission> OF_OTHERS = PosixFilePermissions.fromString("----w-rwx");

    private record Entry(TokenOwner owner, byte[] hash) {}

    /** Null for none. */
    private final Path file;

    /** By name. */
    private final Supplier<Map<String, Entry>> entries;

    private final Supplier<Optional<String>> fault;

    private Tokens(Path file, Supplier<Map<String, Entry>> entries, Supplier<Optional<String>> fault) {
        this.file = file;
        this.entries = entries;
        this.fault = fault;
    }

    /** No tokens: everybody is admin. */
    public static Tokens none() {
        return new Tokens(null, Map::of, Optional::empty);
    }

    /**
     * Reads a file and follows it.
     *
     * @throws IOException              if it cannot be read
     * @throws IllegalArgumentException naming file and line, never the token, if a line is wrong or there is no token
     */
    public static Tokens read(FollowedFiles files, Path file) throws IOException {
        String text;
        try {
            text = TextFile.read(file);
        } catch (IOException e) {
            throw new IOException(file + " " + e.getMessage(), e);
        }
        FollowedFile<Map<String, Entry>, String> followed = new FollowedFile<>(
                files,
                file,
                changed -> changed(file, changed),
                // a line that is wrong is named with its file, a file that cannot be read is not
                (changed, e) -> e instanceof IOException ? file + " " + e.getMessage() : e.getMessage(),
                entries(file, text));
        return new Tokens(file, followed, followed::fault);
    }

    private static Map<String, Entry> changed(Path file, String text) throws IOException {
        if (text == null) {
            throw new IOException("is not there");
        }
        Map<String, Entry> entries = entries(file, text);
        warning(file).ifPresent(LOG::warn);
        return entries;
    }

    private static Map<String, Entry> entries(Path file, String text) {
        Map<String, Entry> entries = new LinkedHashMap<>();
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (!line.isEmpty() && !line.startsWith("#")) {
                try {
                    Entry entry = entry(line.split("\\s+"));
                    if (entries.put(entry.owner().name(), entry) != null) {
                        throw new IllegalArgumentException(
                                "the name " + entry.owner().name() + " is there twice");
                    }
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException(file + " line " + (i + 1) + ": " + e.getMessage(), e);
                }
            }
        }
        if (entries.isEmpty()) {
            throw new IllegalArgumentException(file + " holds no token");
        }
        return entries;
    }

    private static Entry entry(String[] words) {
        if (words.length != 3) {
            throw new IllegalArgumentException("not 'role name token'");
        }
        return new Entry(new TokenOwner(words[1], Role.of(words[0])), hash(words[2]));
    }

    private static byte[] hash(String token) {
        if (token.startsWith("$pbkdf2")) {
            throw new IllegalArgumentException("PBKDF2 hashes are no longer taken; make a random token, and write"
                    + " sha256: and its SHA-256 here (docs/security.md)");
        }
        if (!token.startsWith(SHA256)) {
            return sha256(token);
        }
        String digits = token.substring(SHA256.length());
        if (!digits.matches("[0-9a-fA-F]{64}")) {
            throw new IllegalArgumentException("the hash is not 64 hexadecimal digits");
        }
        return HexFormat.of().parseHex(digits);
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static Optional<String> warning(Path file) {
        try {
            Set<PosixFilePermission> given = Files.getPosixFilePermissions(file);
            return Collections.disjoint(given, OF_OTHERS)
                    ? Optional.empty()
                    : Optional.of(file + " has the permissions " + PosixFilePermissions.toString(given)
                            + ", so others can read or change it; take them away: chmod 600 " + file);
        } catch (IOException | UnsupportedOperationException e) {
            // a file that is not there is a fault of its own, and a file system without permissions has none to warn of
            return Optional.empty();
        }
    }

    /** Whether requests need no token. */
    public boolean open() {
        return file == null;
    }

    /** How many tokens are valid. */
    public int size() {
        return entries.get().size();
    }

    /** Why the file as it is now cannot be used, so that what it held before is; empty if it can. */
    public Optional<String> fault() {
        return fault.get();
    }

    /** What is wrong with the file's permissions; empty if nothing is. */
    public Optional<String> warning() {
        return file == null ? Optional.empty() : warning(file);
    }

    /** Who has this name now, without a look at any token. */
    public Optional<TokenOwner> named(String name) {
        return Optional.ofNullable(entries.get().get(name)).map(Entry::owner);
    }

    /** Who has this token. All entries are compared, so the time says nothing about which one it is. */
    public Optional<TokenOwner> ownerOf(String token) {
        byte[] hash = sha256(token);
        return entries.get().values().stream()
                .filter(entry -> MessageDigest.isEqual(entry.hash(), hash))
                .reduce((first, last) -> last)
                .map(Entry::owner);
    }

    /**
     * Who has this name and this token.
     *
     * @param name  may be null
     * @param token may be null
     */
    public Optional<TokenOwner> ownerOf(String name, String token) {
        Entry entry = name == null || token == null ? null : entries.get().get(name);
        return Optional.ofNullable(entry)
                .filter(known -> MessageDigest.isEqual(known.hash(), sha256(token)))
                .map(Entry::owner);
    }
}
