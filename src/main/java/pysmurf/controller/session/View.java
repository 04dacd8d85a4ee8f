package pysmurf.controller.session;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.ref.Reference;
import java.lang.ref.SoftReference;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What clients see of a session at a moment: its document and its newest messages. Immutable and thread-safe; its JSON is made by the
 * first who asks, and stays as long as there is memory for it.
 */
public final class View {

    /** As many as a list may have of these are 8 MB. */
    public static final int LISTED_BYTES = 16 * 1024;

    private final Document document;
    private final long history;
    private final List<Message> messages;
    private Reference<byte[]> json = new SoftReference<>(null);
    private Reference<byte[]> listed = new SoftReference<>(null);

    /** @param history says which messages there were */
    View(Document document, long history, List<Message> messages) {
        this.document = document;
        this.history = history;
        this.messages = messages;
    }

    long history() {
        return history;
    }

    /** Without its messages. */
    public Session session() {
        return document.session();
    }

    /** Oldest first. */
    public List<Message> messages() {
        return messages;
    }

    /** Its JSON up to the first message. */
    public String head() {
        String text = document.json();
        return text.substring(0, text.length() - 1) + ",\"messages\":[";
    }

    /** The session object; not to be changed. */
    public synchronized byte[] json() {
        byte[] known = json.get();
        if (known == null) {
            known = (head() + Json.text(messages).substring(1) + "}").getBytes(StandardCharsets.UTF_8);
            json = new SoftReference<>(known);
        }
        return known;
    }

    /** The same as text. */
    public String text() {
        return new String(json(), StandardCharsets.UTF_8);
    }

    /** The same as a tree, for those who change it. */
    public ObjectNode toJson() {
        return Json.<ObjectNode>tree(document.session()).set("messages", Json.tree(messages));
    }

    /** The session object as a list has it; not to be changed. */
    public synchronized byte[] listed() {
        byte[] known = listed.get();
        if (known == null) {
            known = json();
            if (known.length > LISTED_BYTES) {
                ObjectNode trimmed = toJson();
                Trimming.fit(trimmed, LISTED_BYTES);
                known = Trimming.bytes(trimmed);
            }
            listed = new SoftReference<>(known);
        }
        return known;
    }

    /** Another one whenever what is seen is another, also in another life of the controller. */
    public String tag() {
        return document.digest() + Long.toHexString(messages.isEmpty() ? 0 : history) + "." + messages.size();
    }
}
