package pysmurf.controller.config;

import java.util.Locale;
import java.util.function.Function;

/**
 * A configuration key.
 *
 * @param key          as in {@code application.properties}, e.g. {@code http.port}
 * @param defaultValue may hold {@code ${other.key}}; empty for none
 * @param rule         what a value must be, for those who got it wrong
 * @param parser       throws {@link IllegalArgumentException} if the text breaks the rule
 * @param description  the effect, for the reference
 */
public record Setting<T>(String key, String defaultValue, String rule, Function<String, T> parser, String description) {

    /** {@code http.port} is {@code HTTP_PORT}. */
    public String environmentName() {
        return key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }
}
