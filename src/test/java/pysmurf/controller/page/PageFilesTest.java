package pysmurf.controller.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import pysmurf.controller.driver.Setup;

/** The page's files as they are in the jar. */
class PageFilesTest {

    private static final Pattern IMPORT = Pattern.compile("from '\\./([^']+)'");
    private static final Pattern PRELOAD = Pattern.compile("modulepreload\" href=\"page/([^\"]+)\"");

    private static String read(String name) throws IOException {
        try (InputStream file = PageFilesTest.class.getResourceAsStream("/pysmurf/controller/page/" + name)) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static Set<String> all(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(found -> found.group(1)).collect(Collectors.toSet());
    }

    private static Set<String> names() throws IOException {
        try (Stream<Path> files = Files.list(Setup.PROJECT.resolve("src/main/resources/pysmurf/controller/page"))) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
        }
    }

    private static Set<String> modules() throws IOException {
        return names().stream().filter(name -> name.endsWith(".js")).collect(Collectors.toSet());
    }

    @Test
    void everyModuleIsLoadedWithThePageAndEveryImportIsThere() throws IOException {
        String index = read("index.html");
        Set<String> named = all(PRELOAD, index);
        named.add("main.js");

        assertThat(named).isEqualTo(modules());
        for (String module : modules()) {
            assertThat(modules()).as(module).containsAll(all(IMPORT, read(module)));
        }
    }

    @Test
    void nothingIsInlineAndNothingComesFromElsewhere() throws IOException {
        String index = read("index.html");

        assertThat(index).doesNotContainPattern("(?i)<script(?![^>]*src=)|\\son\\w+=|<style|\\sstyle=");
        for (String name : names()) {
            assertThat(read(name)).as(name).doesNotContainPattern("https?://(?!www\\.w3\\.org/2000/svg)\\w");
        }
    }

    @Test
    void noTextBecomesMarkup() throws IOException {
        for (String module : modules()) {
            assertThat(read(module)).as(module).doesNotContainPattern("innerHTML|outerHTML|insertAdjacentHTML|eval\\(");
        }
    }
}
