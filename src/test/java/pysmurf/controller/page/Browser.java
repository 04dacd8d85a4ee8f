package pysmurf.controller.page;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import pysmurf.controller.session.Json;

/** A real Chromium without a window, driven as the W3C's WebDriver says. */
final class Browser implements AutoCloseable {

    private static final Pattern STARTED = Pattern.compile("started successfully on port (\\d+)");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final HttpClient http = HttpClient.newHttpClient();
    private final Process driver;
    private final String session;

    /** @param profile an empty folder for the browser's files */
    Browser(Path profile) throws IOException, InterruptedException {
        driver = new ProcessBuilder("chromedriver", "--port=0")
                .redirectErrorStream(true)
                .start();
        int port = port(driver.inputReader());
        List<String> args = List.of(
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--user-data-dir=" + profile);
        Map<String, Object> capabilities =
                Map.of("capabilities", Map.of("alwaysMatch", Map.of("goog:chromeOptions", Map.of("args", args))));
        String root = "http://127.0.0.1:" + port + "/session";
        session =
                root + "/" + call("POST", root, capabilities).path("sessionId").asText();
    }

    private static int port(BufferedReader lines) throws IOException {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Matcher matcher = STARTED.matcher(line);
            if (matcher.find()) {
                drain(lines);
                return Integer.parseInt(matcher.group(1));
            }
        }
        throw new IOException("chromedriver did not start");
    }

    private static void drain(BufferedReader lines) {
        Thread thread = new Thread(() -> lines.lines().forEach(line -> {}), "chromedriver-output");
        thread.setDaemon(true);
        thread.start();
    }

    private JsonNode call(String method, String url, Object body) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                .timeout(PATIENCE)
                .method(method, HttpRequest.BodyPublishers.ofString(Json.text(body)))
                .build();
        HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        JsonNode value = Json.read(response.body()).path("value");
        if (response.statusCode() != 200) {
            throw new IOException(
                    value.path("message").asText().lines().findFirst().orElse("no message"));
        }
        return value;
    }

    void open(String url) throws IOException, InterruptedException {
        call("POST", session + "/url", Map.of("url", url));
    }

    /** Runs a function body in the page; the value that it returns, or that its promise resolves to. */
    JsonNode run(String script, Object... args) throws IOException, InterruptedException {
        return call("POST", session + "/execute/sync", Map.of("script", script, "args", List.of(args)));
    }

    /** Clicks as a user does: in sight, and covered by nothing. */
    void click(String css) throws IOException, InterruptedException {
        call("POST", element(css) + "/click", Map.of());
    }

    /** Types into a field, in place of what is there. */
    void type(String css, String text) throws IOException, InterruptedException {
        call("POST", element(css) + "/clear", Map.of());
        call("POST", element(css) + "/value", Map.of("text", text));
    }

    private String element(String css) throws IOException, InterruptedException {
        JsonNode found = call("POST", session + "/element", Map.of("using", "css selector", "value", css));
        return session + "/element/" + found.elements().next().asText();
    }

    /** The texts of all elements that match. */
    List<String> texts(String css) throws IOException, InterruptedException {
        List<String> texts = new ArrayList<>();
        run("return [...document.querySelectorAll(arguments[0])].map(one => one.textContent)", css)
                .forEach(text -> texts.add(text.asText()));
        return texts;
    }

    /** The text of the whole page. */
    String text() throws IOException, InterruptedException {
        return run("return document.body.innerText").asText();
    }

    /** Makes the window so large, and the page's wish for colours so. */
    void look(int width, int height, boolean dark) throws IOException, InterruptedException {
        command(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 700));
        command(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
    }

    private void command(String name, Map<String, Object> params) throws IOException, InterruptedException {
        call("POST", session + "/goog/cdp/execute", Map.of("cmd", name, "params", params));
    }

    /** Loads a script into the page, past its policy: a tool of the test, no part of the page. */
    void load(String script) throws IOException, InterruptedException {
        command("Runtime.evaluate", Map.of("expression", script));
    }

    static String resource(String path) throws IOException {
        try (var stream = Browser.class.getResourceAsStream(path)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            call("DELETE", session, Map.of());
            driver.destroy();
            driver.waitFor(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            driver.destroyForcibly();
        }
    }

    /** An empty folder below another. */
    static Path folder(Path parent, String name) throws IOException {
        return Files.createDirectories(parent.resolve(name));
    }
}
