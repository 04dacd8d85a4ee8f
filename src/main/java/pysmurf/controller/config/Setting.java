package pysmurf.controller.config;

import java.util.Locale;
import java.util.function.Function;

/**
 * One configuration key: its name, its default and the rule its value must keep.
 *
 * @param key          the name as it stands in {@code application.properties}, e.g. {@code http.port}
 * @param defaultValue the value when nothing is given; may hold {@code ${other.key}}; empty for none
 * @param rule         what a value must be, in words for the person who got it wrong
 * @param parser       turns the text into the value; throws {@link IllegalArgumentException} if it breaks the rule
 * @param description  one sentence on the effect, for the generated reference
 * @param <T>          the type of the value
 */
public record Setting<T>(String key, String defaultValue, String rule, Function<String, T> parser, String description) {

    /** The name of the environment variable that carries this key: {@code http.port} is {@code HTTP_PORT}. */
    public String environmentName() {
        return key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }
}
