package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import pysmurf.controller.access.Requester;

/** One agent behind the bridge. Implementations are thread-safe. */
interface OcsAgent {

    /** The answer to a word such as {@code get_api}; null for a word that is not known. */
    JsonNode describe(String word);

    /**
     * Decides about a request for one of its operations.
     *
     * @return           an {@link OcsReply}, a future of one, or the command that the request comes to
     * @throws CallFault if it raises
     */
    Object decide(OpsRequest request, Requester requester, CredLevel level);
}
