package pysmurf.controller.access;

/** More unknown tokens wait to be looked at than can be: a token that was taken before still is. */
public final class TooManyGuesses extends RuntimeException {

    private static final long serialVersionUID = 1L;

    TooManyGuesses() {
        super("too many unknown tokens at once; try again", null, false, false);
    }
}
