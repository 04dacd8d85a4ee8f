package pysmurf.controller.session;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A session's JSON without its messages, made once for each change that shows in it, and the newest views of it. Thread-safe. */
final class Document {

    /** Status polls, lists and events, clients of OCS, the page: each has a number of messages that it asks for. */
    private static final int MAX_VIEWS = 5;

    private static final int DIGEST_BYTES = 16;

    private final Session session;
    private final String json;
    /** By the number of messages asked for. */
    private final Map<Integer, View> views = new ConcurrentHashMap<>();

    private volatile String digest;

    Document(Session session) {
        this.session = session;
        json = Json.text(session);
    }

    Session session() {
        return session;
    }

    String json() {
        return json;
    }

    /** Differs where the JSON does. Of the text and no counter, which would begin anew with each life of the controller. */
    String digest() {
        if (digest == null) {
            try {
                byte[] hash = MessageDigest.getInstance("SHA-256").digest(json.getBytes(StandardCharsets.UTF_8));
                digest = HexFormat.of().formatHex(hash, 0, DIGEST_BYTES);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java has SHA-256", e);
            }
        }
        return digest;
    }

    /** The newest one with so many messages; null for none. */
    View view(int maxMessages) {
        return views.get(maxMessages);
    }

    View newView(int maxMessages, long history, List<Message> messages) {
        View view = new View(this, history, messages);
        if (views.size() >= MAX_VIEWS) {
            views.clear();
        }
        views.put(maxMessages, view);
        return view;
    }
}
