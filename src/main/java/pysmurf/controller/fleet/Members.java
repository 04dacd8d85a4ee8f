package pysmurf.controller.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which controllers a name stands for: a group, a pattern, or one alone.
 *
 * @param known  the ids that patterns are compared with, in order
 * @param groups by name; each is a list of ids and patterns
 */
record Members(Collection<String> known, Map<String, List<String>> groups) {

    /** The ids that a text, or a list of texts, stands for: in the order of the list, and each once. */
    Set<String> of(JsonNode names) {
        Set<String> ids = new LinkedHashSet<>();
        Stream<String> entries = names.isTextual()
                ? Stream.of(names.textValue())
                : Stream.iterate(0, n -> n < names.size(), n -> n + 1)
                        .map(n -> names.get(n).asText());
        entries.flatMap(entry -> groups.getOrDefault(entry, List.of(entry)).stream())
                .flatMap(this::matching)
                .forEach(ids::add);
        return ids;
    }

    /** What a group and a controller are called; empty if there is no such name. */
    Optional<String> ambiguous() {
        return groups.keySet().stream().filter(known::contains).findFirst();
    }

    private Stream<String> matching(String name) {
        if (!name.contains("*")) {
            return Stream.of(name);
        }
        Pattern pattern = Pattern.compile(
                Stream.of(name.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")));
        return known.stream().filter(id -> pattern.matcher(id).matches());
    }
}
