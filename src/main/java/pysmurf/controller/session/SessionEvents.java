package pysmurf.controller.session;

/** Where events go. An implementation hands over at once and never throws: a sink in trouble is the sink's affair. */
public interface SessionEvents {

    /** Hands the event to every sink. */
    void publish(SessionEvent event);
}
