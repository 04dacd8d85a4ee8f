package pysmurf.controller.pipeline;

import java.util.List;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import pysmurf.controller.operation.RouteFault;

/**
 * Where in a YAML text something is.
 *
 * @param name  the keys that lead there
 * @param line  of the last of them, from 1
 * @param value what is there, in words
 */
record YamlPlace(String name, int line, String value) {

    /** The place that keys lead to, as far as they lead; in a list a key is an index from 0. */
    static YamlPlace of(String yaml, List<String> keys) {
        Node node =
                new Compose(LoadSettings.builder().build()).composeString(yaml).orElseThrow();
        int line = line(node);
        for (String key : keys) {
            Node inside = null;
            if (node instanceof MappingNode mapping) {
                for (NodeTuple entry : mapping.getValue()) {
                    if (entry.getKeyNode() instanceof ScalarNode name
                            && name.getValue().equals(key)) {
                        line = line(name);
                        inside = entry.getValueNode();
                    }
                }
            } else if (node instanceof SequenceNode list) {
                inside = list.getValue().get(Integer.parseInt(key));
                line = line(inside);
            }
            if (inside == null) {
                break;
            }
            node = inside;
        }
        return new YamlPlace(String.join(".", keys), line, value(node));
    }

    private static int line(Node node) {
        return node.getStartMark().map(Mark::getLine).orElse(0) + 1;
    }

    private static String value(Node node) {
        if (node instanceof ScalarNode scalar) {
            return "'" + scalar.getValue() + "'";
        }
        return node instanceof SequenceNode ? "a list" : "a block of keys with values";
    }

    RouteFault.InLine fault(String detail) {
        return new RouteFault.InLine(line, (name.isEmpty() ? "" : name + ": ") + detail, null);
    }
}
