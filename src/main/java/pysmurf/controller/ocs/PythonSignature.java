package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import pysmurf.controller.wamp.Call;
import pysmurf.controller.wamp.CallFault;

/**
 * The parameters of a Python method, and how the arguments of a call are bound to them: what does not fit is refused in
 * the words of Python's TypeError, which is what clients of the original see.
 *
 * @param function    qualified name of the method
 * @param required    how many of the parameters have no default
 * @param names       the parameters in order, without self
 * @param anyKeywords whether other keywords are taken as well ({@code **kwargs})
 */
record PythonSignature(String function, int required, List<String> names, boolean anyKeywords) {

    /**
     * Binds the arguments of a call.
     *
     * @return           value by parameter; only what was given
     * @throws CallFault if they do not fit
     */
    Map<String, JsonNode> bind(Call call) {
        Map<String, JsonNode> bound = new HashMap<>();
        List<JsonNode> args = call.args();
        for (int i = 0; i < Math.min(args.size(), names.size()); i++) {
            bound.put(names.get(i), args.get(i));
        }
        call.kwargs().properties().forEach(entry -> bindKeyword(bound, entry.getKey(), entry.getValue()));
        if (args.size() > names.size()) {
            throw tooMany(args.size());
        }
        List<String> missing = names.subList(0, required).stream()
                .filter(name -> !bound.containsKey(name))
                .toList();
        if (!missing.isEmpty()) {
            throw fault("missing " + missing.size() + " required positional argument" + (missing.size() == 1 ? "" : "s")
                    + ": " + missing.stream().map(name -> "'" + name + "'").collect(Collectors.joining(" and ")));
        }
        return bound;
    }

    private void bindKeyword(Map<String, JsonNode> bound, String name, JsonNode value) {
        if (!names.contains(name)) {
            if (!anyKeywords) {
                throw fault("got an unexpected keyword argument '" + name + "'");
            }
        } else if (bound.put(name, value) != null) {
            throw fault("got multiple values for argument '" + name + "'");
        }
    }

    /** Python counts self. */
    private CallFault tooMany(int given) {
        int most = names.size() + 1;
        String takes = required == names.size() ? Integer.toString(most) : "from " + (required + 1) + " to " + most;
        return fault("takes " + takes + " positional arguments but " + (given + 1) + " were given");
    }

    private CallFault fault(String text) {
        return CallFault.raised(function + "() " + text);
    }

    /** The name of the type that a value has in Python. */
    static String typeName(JsonNode value) {
        return switch (value.getNodeType()) {
            case ARRAY -> "list";
            case OBJECT, POJO -> "dict";
            case STRING, BINARY -> "str";
            case BOOLEAN -> "bool";
            case NUMBER -> value.isIntegralNumber() ? "int" : "float";
            case NULL, MISSING -> "NoneType";
        };
    }
}
