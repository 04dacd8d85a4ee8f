package pysmurf.controller.session;

/**
 * What became of the Publisher messages that a session's scripts sent: received and lost together are all of them.
 *
 * @param lost    up to the end of the last script that ended
 * @param notKept values and files that found no room in the session
 */
public record PublisherCount(long received, long lost, long notKept) {

    static final PublisherCount NONE = new PublisherCount(0, 0, 0);
}
