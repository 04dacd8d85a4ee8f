package pysmurf.controller.session;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * Publisher messages of a session's script that have arrived together, each list in their order.
 *
 * @param datagrams all of them, as they came
 * @param data      to be merged into the session's data
 * @param lines     for the session's messages
 * @param told      those of the datagrams that sinks are told of as messages, each one JSON object
 */
public record Published(List<byte[]> datagrams, List<ObjectNode> data, List<String> lines, List<byte[]> told) {}
