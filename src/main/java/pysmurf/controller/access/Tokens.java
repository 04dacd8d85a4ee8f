package pysmurf.controller.access;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The bearer tokens that open the HTTP interface: lines of {@code role name token}, where the token is plain or
 * {@code sha256:HEX}. Immutable.
 */
public final class Tokens {

    private static final String HASHED = "sha256:";

    /**
     * Who a token belongs to.
     *
     * @param name for logs and sessions
     */
    public record Holder(String name, Role role) {}

    private record Entry(Holder holder, byte[] sha256) {}

    private final List<Entry> entries;

    private Tokens(List<Entry> entries) {
        this.entries = entries;
    }

    /** No tokens: everybody is admin. */
    public static Tokens none() {
        return new Tokens(List.of());
    }

    /**
     * Reads a file.
     *
     * @throws IOException              if it cannot be read
     * @throws IllegalArgumentException naming file and line, never the token, if a line is not understood or no token is
     *                                  there
     */
    public static Tokens read(Path file) throws IOException {
        List<Entry> entries = new ArrayList<>();
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (!line.isEmpty() && !line.startsWith("#")) {
                entries.add(entry(line.split("\\s+"), file + " line " + (i + 1)));
            }
        }
        if (entries.isEmpty()) {
            throw new IllegalArgumentException(file + " holds no token");
        }
        return new Tokens(List.copyOf(entries));
    }

    private static Entry entry(String[] words, String where) {
        if (words.length != 3) {
            throw new IllegalArgumentException(where + ": not 'role name token'");
        }
        Role role;
        try {
            role = Role.of(words[0]);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(where + ": the role is not viewer, operator or admin", e);
        }
        byte[] hash;
        try {
            hash = words[2].startsWith(HASHED)
                    ? HexFormat.of().parseHex(words[2].substring(HASHED.length()))
                    : sha256(words[2]);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(where + ": the hash is not hexadecimal", e);
        }
        if (hash.length != 32) {
            throw new IllegalArgumentException(where + ": the hash is not 64 hexadecimal digits");
        }
        return new Entry(new Holder(words[1], role), hash);
    }

    /** Whether nobody needs a token. */
    public boolean open() {
        return entries.isEmpty();
    }

    /** Whose token it is; every entry is compared, in constant time. */
    public Optional<Holder> holderOf(String token) {
        byte[] hash = sha256(token);
        Optional<Holder> found = Optional.empty();
        for (Entry entry : entries) {
            if (MessageDigest.isEqual(entry.sha256(), hash)) {
                found = Optional.of(entry.holder());
            }
        }
        return found;
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
