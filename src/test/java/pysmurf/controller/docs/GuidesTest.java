package pysmurf.controller.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the guides in docs point at is there, and what they show of a file is in it. */
class GuidesTest {

    private static final Path DOCS =
            Path.of(System.getProperty("project.root", ".")).resolve("docs");
    /** An example's name as a link, a colon, and the example itself; inside a list both are indented. */
    private static final Pattern SHOWN = Pattern.compile(
            "^( *)\\[[^]]+]\\((examples/[^)]+)\\):\\n\\n *```\\w+\\n(.*?\\n) *```$",
            Pattern.MULTILINE | Pattern.DOTALL);

    private static final Pattern LINK = Pattern.compile("]\\(([^)#\\s]*)(?:#([^)\\s]*))?\\)");
    private static final Pattern HEADING = Pattern.compile("^#+ (.*)$", Pattern.MULTILINE);

    private static List<Path> guides() throws IOException {
        try (Stream<Path> files = Files.list(DOCS)) {
            return files.filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void showExamplesAsTheyAre() throws IOException {
        List<String> shown = new ArrayList<>();
        Matcher matcher = SHOWN.matcher(Files.readString(DOCS.resolve("integrator.md")));
        while (matcher.find()) {
            String block = matcher.group(3)
                    .lines()
                    .map(String::stripTrailing)
                    .map(line -> line.isEmpty()
                            ? line
                            : line.substring(matcher.group(1).length()))
                    .collect(Collectors.joining("\n"));
            assertThat(Files.readString(DOCS.resolve(matcher.group(2)))).contains(block);
            shown.add(matcher.group(2));
        }

        try (Stream<Path> examples = Files.walk(DOCS.resolve("examples/routes"))) {
            assertThat(shown)
                    .containsAll(examples.filter(file -> file.toString().endsWith(".yaml"))
                            .map(file -> DOCS.relativize(file).toString())
                            .toList());
        }
    }

    @Test
    void pointAtWhatIsThere() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path guide : guides()) {
            Matcher matcher = LINK.matcher(Files.readString(guide));
            while (matcher.find()) {
                if (!matcher.group(1).contains("://") && !isThere(guide, matcher.group(1), matcher.group(2))) {
                    broken.add(guide.getFileName() + ": " + matcher.group());
                }
            }
        }

        assertThat(broken).isEmpty();
    }

    private static boolean isThere(Path guide, String file, String heading) throws IOException {
        Path target = file.isEmpty() ? guide : guide.resolveSibling(file).normalize();
        return Files.exists(target) && (heading == null || anchors(target).contains(heading));
    }

    /** As the usual viewers make them: small letters, blanks as hyphens, the rest left out. */
    private static Set<String> anchors(Path file) throws IOException {
        return HEADING.matcher(Files.readString(file))
                .results()
                .map(result -> result.group(1)
                        .toLowerCase()
                        .replaceAll("[^\\w\\- ]", "")
                        .replace(' ', '-'))
                .collect(Collectors.toSet());
    }
}
