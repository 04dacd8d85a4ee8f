package pysmurf.controller.access;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The lines {@code role name token} of one file, as they were when it was read. Immutable. */
final class TokenTable {

    private record Entry(Holder holder, TokenHash hash) {}

    private final List<Entry> entries;

    private TokenTable(List<Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    static TokenTable empty() {
        return new TokenTable(List.of());
    }

    /**
     * Reads a file's text.
     *
     * @param  file                     for messages
     * @throws IllegalArgumentException naming file and line, never the token, if a line is not understood, a name is there
     *                                  twice or no token is there
     */
    static TokenTable of(Path file, String text) {
        List<Entry> entries = new ArrayList<>();
        Set<String> names = new HashSet<>();
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (!line.isEmpty() && !line.startsWith("#")) {
                String where = file + " line " + (i + 1);
                Entry entry = entry(line.split("\\s+"), where);
                if (!names.add(entry.holder().name())) {
                    throw new IllegalArgumentException(
                            where + ": the name " + entry.holder().name() + " is there twice");
                }
                entries.add(entry);
            }
        }
        if (entries.isEmpty()) {
            throw new IllegalArgumentException(file + " holds no token");
        }
        return new TokenTable(entries);
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
        try {
            return new Entry(new Holder(words[1], role), TokenHash.of(words[2]));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(where + ": " + e.getMessage(), e);
        }
    }

    Optional<Holder> named(String name) {
        return entries.stream()
                .map(Entry::holder)
                .filter(holder -> holder.name().equals(name))
                .findFirst();
    }

    int size() {
        return entries.size();
    }

    /** Whether a look-up may take long. */
    boolean isSlow() {
        return entries.stream().anyMatch(entry -> entry.hash().isSlow());
    }

    /** Whose token it is; every entry is compared, so that the time tells nothing of which. The quick ones first. */
    Optional<Holder> holderOf(String token) {
        Optional<Holder> quick = holderOf(token, false);
        return quick.isPresent() ? quick : holderOf(token, true);
    }

    private Optional<Holder> holderOf(String token, boolean slow) {
        Optional<Holder> found = Optional.empty();
        for (Entry entry : entries) {
            if (entry.hash().isSlow() == slow && entry.hash().matches(token)) {
                found = Optional.of(entry.holder());
            }
        }
        return found;
    }

    /** Who has this name and this token. */
    Optional<Holder> holderOf(String name, String token) {
        return entries.stream()
                .filter(entry -> entry.holder().name().equals(name))
                .filter(entry -> entry.hash().matches(token))
                .map(Entry::holder)
                .findFirst();
    }
}
