package pysmurf.controller.sink;

/** A message that knows how much memory it takes while it waits in a {@link BoundedQueue}. */
public interface Weighted {

    /** About how many bytes; the same at any time. */
    int weight();
}
