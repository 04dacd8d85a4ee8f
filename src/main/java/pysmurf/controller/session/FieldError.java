package pysmurf.controller.session;

/**
 * What is wrong with one parameter.
 *
 * @param field  its name, e.g. {@code args} or {@code bands[1]}; empty for the parameters as a whole
 * @param detail what is wrong, in words
 */
public record FieldError(String field, String detail) {

    @Override
    public String toString() {
        return field.isEmpty() ? detail : field + ": " + detail;
    }
}
