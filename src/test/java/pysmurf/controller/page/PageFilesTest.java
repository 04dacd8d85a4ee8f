package pysmurf.controller.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import pysmurf.controller.driver.Setup;

/** The page's files as they are in the jar. */
class PageFilesTest {

    private static final Pattern IMPORT = Pattern.compile("from '\\./([^']+)'");
    private static final Pattern PRELOAD = Pattern.compile("modulepreload\" href=\"(?:\\.\\./)?page/([^\"]+)\"");
    private static final Pattern SCRIPT = Pattern.compile("script type=\"module\" src=\"(?:\\.\\./)?page/([^\"]+)\"");
    private static final List<String> PAGES = List.of("index.html", "controllers.html");

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

    /** What a module needs, itself included. */
    private static Set<String> needed(String module, Set<String> found) throws IOException {
        if (found.add(module)) {
            for (String other : all(IMPORT, read(module))) {
                needed(other, found);
            }
        }
        return found;
    }

    @Test
    void eachPageLoadsAtOnceEveryModuleThatItNeeds() throws IOException {
        Set<String> used = new HashSet<>();
        for (String page : PAGES) {
            String html = read(page);
            Set<String> named = all(PRELOAD, html);
            Set<String> scripts = all(SCRIPT, html);
            named.addAll(scripts);

            assertThat(named).as(page).isEqualTo(needed(scripts.iterator().next(), new HashSet<>()));
            used.addAll(named);
        }
        assertThat(used).isEqualTo(modules());
    }

    @Test
    void nothingIsInlineAndNothingComesFromElsewhere() throws IOException {
        for (String page : PAGES) {
            assertThat(read(page)).doesNotContainPattern("(?i)<script(?![^>]*src=)|\\son\\w+=|<style|\\sstyle=");
        }
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
