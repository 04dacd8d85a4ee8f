package pysmurf.controller.script.process;

/**
 * The signals of the abort ladder, in its order. The names are the short ones that a session's {@code abort.signals}
 * holds; the numbers are those of Linux, the same on every architecture (signal(7)).
 */
public enum Signal {
    INT(2),
    TERM(15),
    KILL(9);

    private final int number;

    Signal(int number) {
        this.number = number;
    }

    /** The number that kill(2) takes. */
    public int number() {
        return number;
    }
}
