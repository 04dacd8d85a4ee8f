package pysmurf.controller;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The packages as docs/architecture.md shows them. */
class ArchitectureTest {

    private static final String ROOT = "pysmurf.controller";
    private static final Path GUIDE =
            Path.of(System.getProperty("project.root", ".")).resolve("docs/architecture.md");

    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(ROOT);

    @Test
    void noTwoPackagesNeedEachOther() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void theGuideListsEveryPackage() throws Exception {
        Set<String> packages = classes.getPackage(ROOT).getSubpackages().stream()
                .map(JavaPackage::getRelativeName)
                .collect(Collectors.toCollection(TreeSet::new));
        String table = Files.readString(GUIDE)
                .replaceFirst("(?s).*\n## Packages\n", "")
                .replaceFirst("(?s)\n## .*", "");
        Set<String> listed = Pattern.compile("(?m)^\\|.*")
                .matcher(table)
                .results()
                .map(row -> row.group().split("\\|")[2])
                .flatMap(cell -> Pattern.compile("`([a-z]+)`").matcher(cell).results())
                .map(name -> name.group(1))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(listed).isEqualTo(packages);
    }
}
