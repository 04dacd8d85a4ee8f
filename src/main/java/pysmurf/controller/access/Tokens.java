package pysmurf.controller.access;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
import java.util.function.Supplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.FollowedFile;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.config.TextFile;

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
    private final Supplier<Known> known;
    private final Supplier<Optional<String>> fault;

    private Tokens(Path file, Supplier<Known> known, Supplier<Optional<String>> fault) {
        this.file = file;
        this.known = known;
        this.fault = fault;
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
        Known none = new Known(TokenTable.empty());
        return new Tokens(null, () -> none, Optional::empty);
    }

    /**
     * Reads a file and follows it.
     *
     * @throws IOException              if it cannot be read
     * @throws IllegalArgumentException naming file and line, never the token, if a line is not understood or no token is
     *                                  there
     */
    public static Tokens read(FollowedFiles files, Path file) throws IOException {
        String text;
        try {
            text = TextFile.read(file);
        } catch (IOException e) {
            throw new IOException(file + " " + e.getMessage(), e);
        }
        FollowedFile<Known, String> followed = new FollowedFile<>(
                files,
                file,
                changed -> taken(file, changed),
                // a line that is not understood is named with its file, what cannot be read is not
                (changed, e) -> e instanceof IOException ? file + " " + e.getMessage() : e.getMessage(),
                new Known(TokenTable.of(file, text)));
        return new Tokens(file, followed, followed::fault);
    }

    private static Known taken(Path file, String text) throws IOException {
        if (text == null) {
            throw new IOException("is not there");
        }
        Known known = new Known(TokenTable.of(file, text));
        warning(file).ifPresent(LOG::warn);
        return known;
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

    /** Whether nobody needs a token. */
    public boolean open() {
        return file == null;
    }

    /** Who has this name now, without a look at any token. */
    public Optional<Holder> named(String name) {
        return known.get().table.named(name);
    }

    /** How many tokens are valid. */
    public int size() {
        return known.get().table.size();
    }

    /** Why the file as it is now cannot be used, so that what it held before is; empty if it can. */
    public Optional<String> fault() {
        return fault.get();
    }

    /** What is wrong with the file's permissions; empty if nothing is. */
    public Optional<String> warning() {
        return file == null ? Optional.empty() : warning(file);
    }

    /**
     * Whose token it is.
     *
     * @param  token may be null
     * @return       complete at once for a token that was seen before or where none is hashed slowly; fails with
     *               {@link TooManyGuesses}
     */
    public CompletableFuture<Optional<Holder>> holderOf(String token) {
        Known now = known.get();
        return find(now, "", token, () -> now.table.holderOf(token));
    }

    /**
     * Who has this name and this token, as {@link #holderOf(String)}.
     *
     * @param name may be null
     */
    public CompletableFuture<Optional<Holder>> holderOf(String name, String token) {
        Known now = known.get();
        return name == null || name.length() > MOST_CHARS
                ? CompletableFuture.completedFuture(Optional.empty())
                : find(now, name, token, () -> now.table.holderOf(name, token));
    }

    private CompletableFuture<Optional<Holder>> find(
            Known now, String name, String token, Supplier<Optional<Holder>> lookUp) {
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

    private static Optional<Holder> remembered(Known now, String print, Supplier<Optional<Holder>> lookUp) {
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
