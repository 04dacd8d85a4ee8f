package pysmurf.controller.access;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The secrets that open an interface: a file of lines {@code role name token}, the token in one of the forms of
 * {@link TokenHash}. The file is followed: a changed one counts from then on, a broken one changes nothing. Thread-safe.
 */
public final class Tokens {

    private static final Logger LOG = LoggerFactory.getLogger(Tokens.class);

    private static final int MOST_CHARS = 1000;
    /** Those that look up slow hashes, a quarter of a second each, and only for tokens not seen before. */
    private static final int MOST_WAITING = 64;

    private static final int MOST_REFUSED = 1000;
    private static final int IDLE_S = 10;
    private static final Set<PosixFilePermission> OF_OTHERS = PosixFilePermissions.fromString("----w-rwx");

    /** What tells one state of a file from another. */
    private record Stamp(Object modified, long size, Object key) {}

    /** A table, and what was found in it before: looking up a slow hash once is enough. */
    private static final class Known {

        final TokenTable table;
        final Map<String, Holder> taken = new ConcurrentHashMap<>();
        final Map<String, Boolean> refused = Collections.synchronizedMap(new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
                return size() > MOST_REFUSED;
            }
        });

        Known(TokenTable table) {
            this.table = table;
        }
    }

    /** Null for none. */
    private final Path file;

    private final SecretKeySpec key = randomKey();
    private final ThreadPoolExecutor worker;
    private volatile Known known;
    private volatile String fault;
    private volatile String warning;
    private Stamp read;
    private Stamp seen;

    private Tokens(Path file, TokenTable table) {
        this.file = file;
        this.known = new Known(table);
        worker =
                new ThreadPoolExecutor(1, 1, IDLE_S, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MOST_WAITING), task -> {
                    Thread thread = new Thread(task, "token-hashes");
                    thread.setDaemon(true);
                    return thread;
                });
        worker.allowCoreThreadTimeOut(true);
    }

    /** No tokens: everybody is admin. */
    public static Tokens none() {
        return new Tokens(null, TokenTable.empty());
    }

    /**
     * Reads a file.
     *
     * @throws IOException              if it cannot be read
     * @throws IllegalArgumentException naming file and line, never the token, if a line is not understood or no token is
     *                                  there
     */
    public static Tokens read(Path file) throws IOException {
        Stamp stamp = stamp(file);
        Tokens tokens = new Tokens(file, TokenTable.read(file));
        tokens.read = stamp;
        tokens.seen = stamp;
        tokens.lookAtPermissions();
        return tokens;
    }

    /**
     * Looks whether the file has changed; called again and again. A change is taken at the second look that finds it the same,
     * since an editor writes a file in steps.
     */
    public synchronized void follow() {
        if (file == null) {
            return;
        }
        Stamp now;
        try {
            now = stamp(file);
        } catch (IOException e) {
            now = null;
        }
        boolean settled = java.util.Objects.equals(now, seen);
        seen = now;
        if (!settled || now != null && now.equals(read) || now == null && fault != null) {
            return;
        }
        read = now;
        try {
            known = new Known(TokenTable.read(file));
            fault = null;
            LOG.info("{} was taken: {} tokens", file, known.table.size());
        } catch (IOException | IllegalArgumentException e) {
            fault = e.getMessage();
            LOG.error("{}; the tokens that were there before stay valid", fault);
        }
        lookAtPermissions();
    }

    private void lookAtPermissions() {
        String before = warning;
        try {
            Set<PosixFilePermission> given = Files.getPosixFilePermissions(file);
            warning = Collections.disjoint(given, OF_OTHERS)
                    ? null
                    : file + " has the permissions " + PosixFilePermissions.toString(given)
                            + ", so others can read or change it; take them away: chmod 600 " + file;
        } catch (IOException | UnsupportedOperationException e) {
            // a file that is not there is a fault of its own, and a file system without permissions has none to warn of
            warning = null;
        }
        if (warning != null && !warning.equals(before)) {
            LOG.warn(warning);
        }
    }

    private static Stamp stamp(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class, new LinkOption[0]);
        return new Stamp(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
    }

    /** Whether nobody needs a token. */
    public boolean open() {
        return file == null;
    }

    /** Who has this name now, without a look at any token. */
    public Optional<Holder> named(String name) {
        return known.table.named(name);
    }

    /** How many tokens are valid. */
    public int size() {
        return known.table.size();
    }

    /** Why the file as it is now cannot be used, so that what it held before is; empty if it can. */
    public Optional<String> fault() {
        return Optional.ofNullable(fault);
    }

    /** What is wrong with the file's permissions; empty if nothing is. */
    public Optional<String> warning() {
        return Optional.ofNullable(warning);
    }

    /**
     * Whose token it is.
     *
     * @param  token may be null
     * @return       complete at once for a token that was seen before or where none is hashed slowly; fails with
     *               {@link TooManyGuesses}
     */
    public CompletableFuture<Optional<Holder>> holderOf(String token) {
        Known now = known;
        return find(now, "", token, () -> now.table.holderOf(token));
    }

    /**
     * Who has this name and this token, as {@link #holderOf(String)}.
     *
     * @param name may be null
     */
    public CompletableFuture<Optional<Holder>> holderOf(String name, String token) {
        Known now = known;
        return name == null || name.length() > MOST_CHARS
                ? CompletableFuture.completedFuture(Optional.empty())
                : find(now, name, token, () -> now.table.holderOf(name, token));
    }

    private CompletableFuture<Optional<Holder>> find(
            Known now, String name, String token, java.util.function.Supplier<Optional<Holder>> lookUp) {
        if (token == null || token.isEmpty() || token.length() > MOST_CHARS) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        String print = print(name + "\0" + token);
        if (!now.table.isSlow() || now.taken.containsKey(print) || now.refused.containsKey(print)) {
            return CompletableFuture.completedFuture(remembered(now, print, lookUp));
        }
        try {
            return CompletableFuture.supplyAsync(() -> remembered(now, print, lookUp), worker);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(new TooManyGuesses());
        }
    }

    private static Optional<Holder> remembered(
            Known now, String print, java.util.function.Supplier<Optional<Holder>> lookUp) {
        Holder before = now.taken.get(print);
        if (before != null || now.refused.containsKey(print)) {
            return Optional.ofNullable(before);
        }
        Optional<Holder> found = lookUp.get();
        found.ifPresentOrElse(holder -> now.taken.put(print, holder), () -> now.refused.put(print, true));
        return found;
    }

    private static SecretKeySpec randomKey() {
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        return new SecretKeySpec(bytes, "HmacSHA256");
    }

    /** By a key that is nowhere but here, so that nobody who reads this memory later can guess at it without the key. */
    private String print(String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return Base64.getEncoder().encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has HmacSHA256", e);
        }
    }
}
