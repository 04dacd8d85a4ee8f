package pysmurf.controller.page;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.http.HttpProblem;
import pysmurf.controller.http.HttpRequest;
import pysmurf.controller.http.ResponseStream;

/**
 * The operator's page: the files of the folder {@code page} on the class path, read once at the start. Nothing else can be
 * asked for, so no path leads anywhere. Immutable.
 */
public final class PageFiles {

    private static final String FOLDER = "/page";
    private static final String INDEX = "index.html";
    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "svg", "image/svg+xml");
    /** Own files only; pictures also from memory, since an image tag cannot send a token. */
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            + "img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private record PageFile(String type, byte[] plain, byte[] zipped, String tag) {}

    private final Map<String, PageFile> files = new TreeMap<>();

    private PageFiles() {}

    /**
     * Reads the files.
     *
     * @throws IOException if they are not there or cannot be read
     */
    public static PageFiles load() throws IOException {
        URL index = PageFiles.class.getResource(FOLDER + "/" + INDEX);
        if (index == null) {
            throw new IOException("the page's files are not on the class path");
        }
        PageFiles page = new PageFiles();
        try {
            URI uri = index.toURI();
            if (uri.getScheme().equals("jar")) {
                try (FileSystem jar = FileSystems.newFileSystem(uri, Map.of())) {
                    page.read(jar.getPath(FOLDER));
                }
            } else {
                page.read(Path.of(uri).getParent());
            }
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
        return page;
    }

    private void read(Path folder) throws IOException {
        try (Stream<Path> found = Files.list(folder)) {
            for (Path file : found.filter(Files::isRegularFile).toList()) {
                String name = file.getFileName().toString();
                String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
                if (type == null) {
                    throw new IOException("page/" + name + ": no content type is known for it");
                }
                byte[] plain = Files.readAllBytes(file);
                files.put(name, new PageFile(type, plain, zip(plain), tag(plain)));
            }
        }
    }

    private static byte[] zip(byte[] plain) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(bytes)) {
            zip.write(plain);
        }
        return bytes.toByteArray();
    }

    private static String tag(byte[] plain) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(plain);
            return "W/\"" + HexFormat.of().formatHex(digest, 0, 16) + "\"";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The names of the files. */
    public Set<String> names() {
        return Set.copyOf(files.keySet());
    }

    /** {@code GET /}. */
    public ResponseStream index() {
        return reply(files.get(INDEX));
    }

    /**
     * {@code GET /page/{file}}.
     *
     * @throws HttpProblem 404 if the page has no such file
     */
    public ResponseStream file(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        return reply(Optional.ofNullable(files.get(request.pathParam("file")))
                .orElseThrow(() -> new HttpProblem(404, "the page has no such file")));
    }

    private static ResponseStream reply(PageFile file) {
        return (context, response) -> send(file, context.request(), response);
    }

    private static void send(PageFile file, HttpServerRequest request, HttpServerResponse response) {
        response.putHeader("Content-Type", file.type())
                .putHeader("Cache-Control", "no-cache")
                .putHeader("ETag", file.tag())
                .putHeader("Vary", "Accept-Encoding")
                .putHeader("Content-Security-Policy", POLICY)
                .putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Referrer-Policy", "no-referrer");
        if (matches(request.getHeader("If-None-Match"), file.tag())) {
            response.setStatusCode(304).end();
            return;
        }
        byte[] body = file.plain();
        String encodings = request.getHeader("Accept-Encoding");
        if (encodings != null && encodings.matches("(?i).*\\bgzip\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$)).*")) {
            response.putHeader("Content-Encoding", "gzip");
            body = file.zipped();
        }
        response.putHeader("Content-Length", Integer.toString(body.length)).end(Buffer.buffer(body));
    }

    private static boolean matches(String known, String tag) {
        return known != null
                && (known.strip().equals("*")
                        || Stream.of(known.split(",")).map(String::strip).anyMatch(one -> bare(one)
                                .equals(bare(tag))));
    }

    private static String bare(String tag) {
        return tag.startsWith("W/") ? tag.substring(2) : tag;
    }
}
