package pysmurf.controller.script.process;

import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that belongs to one started script. The script was started as a {@link LeaderProcess}, so its pid is also the
 * number of its process group and of its session. To it belong
 *
 * <ol>
 *   <li>the script's own process,
 *   <li>the members of its group and of its session,
 *   <li>processes that have the marker as an entry of their environment, wherever they moved,
 *   <li>the descendants of any of these,
 *   <li>what was found by one of these rules before and lives, though none of them holds any more.
 * </ol>
 *
 * So a process is lost only if it left the session, threw away its environment and lost its parent, all between two
 * looks. Each {@link #alive} and each {@link #signal} is such a look.
 *
 * <p>Never found and never signalled: pids 0 and 1, this process and its process group. Thread-safe.
 */
public final class ProcessTree implements SignalTarget {

    private static final Logger LOG = LoggerFactory.getLogger(ProcessTree.class);

    /**
     * How often a process with no environment at all is asked again: it is in the midst of an execve, which empties the
     * environment first and fills it some 0.1 ms later, or of its end.
     */
    private static final int EXECVE_ROUNDS = 8;

    private static final long EXECVE_PAUSE_NANOS = 200_000;

    /**
     * How often {@link #alive} looks, at most, before it believes that there is nobody, though processes came to their
     * end during each look. On a machine where that never ceases they are strangers; a script that forks and ends over
     * and over is seen by one look or another.
     */
    private static final int LOOKS = 20;

    /** kill(2), or what a test puts in its place. */
    interface Kill {

        Kill SYSTEM = new Kill() {
            @Override
            public boolean process(long pid, Signal signal) {
                return Signals.send(pid, signal);
            }

            @Override
            public boolean group(long group, Signal signal) {
                return Signals.sendToGroup(group, signal);
            }

            @Override
            public boolean groupExists(long group) {
                return Signals.groupExists(group);
            }
        };

        boolean process(long pid, Signal signal);

        boolean group(long group, Signal signal);

        boolean groupExists(long group);
    }

    private final long leader;

    /** The leader's identity; null if it was gone before anybody could look. */
    private final ProcessId leaderId;

    private final long earliest;
    private final String marker;
    private final LongFunction<ProcessTable> tables;
    private final LongFunction<Optional<ProcessEntry>> stat;
    private final Kill kill;

    /** What was found so far and was alive at the last look. */
    private final Set<ProcessId> noted = new LinkedHashSet<>();

    /** What may not be signalled and was logged; a group's number is negative. */
    private final Set<Long> refused = new HashSet<>();

    /** Whether the leader's number no longer stands for a group and a session of the script. */
    private boolean groupGone;

    /** Those not alive at the last look that the kernel still knew. */
    private Set<ProcessId> zombies = Set.of();

    /**
     * Those that had no environment at the last look, and still none after the time that an execve takes: whoever
     * starts programs by {@code env -i} should not slow down each look.
     */
    private Set<ProcessId> bare = Set.of();

    /**
     * Whether nobody ended during the last look. A process that ends after /proc was listed and before its file was
     * read may have left a child that was not listed yet: one that forks and ends, over and over, slips through many a
     * look.
     */
    private boolean settled;

    /**
     * The tree of a process known from before, as after a restart of the controller. Where the process is gone by now,
     * its number says nothing any more, and what it left behind is found by the marker only.
     *
     * @param leader the script's process, as of this boot
     * @param marker {@code NAME=VALUE}, an entry of the script's environment that no process of another script has, of
     *               another controller's neither; null for none
     */
    public ProcessTree(ProcessId leader, String marker) {
        this(
                leader.pid(),
                leader,
                leader.startTicks(),
                marker,
                ProcessTable::readStartedSince,
                ProcFiles.SYSTEM::stat,
                Kill.SYSTEM);
    }

    ProcessTree(
            long leader,
            ProcessId leaderId,
            long earliest,
            String marker,
            LongFunction<ProcessTable> tables,
            LongFunction<Optional<ProcessEntry>> stat,
            Kill kill) {
        if (Signals.isProtected(leader)) {
            throw new IllegalArgumentException("not a script's process: " + leader);
        }
        if (marker != null && marker.indexOf('=') < 1) {
            throw new IllegalArgumentException("not NAME=VALUE: " + marker);
        }
        this.leader = leader;
        this.leaderId = leaderId;
        this.earliest = earliest;
        this.marker = marker;
        this.tables = tables;
        this.stat = stat;
        this.kill = kill;
        this.groupGone = leaderId != null
                && stat.apply(leader)
                        .filter(entry -> entry.id().equals(leaderId))
                        .isEmpty();
    }

    /**
     * The tree of a process that this one has just started. Call it at once: a process that has ended and was reaped by
     * then has no start time any more; its tree is found by the marker all the same, only more slowly.
     *
     * @param marker as in the constructor
     */
    public static ProcessTree of(long pid, String marker) {
        Optional<ProcessId> id = ProcessId.of(pid);
        // Whatever this process has started is not older than it is.
        long earliest = id.map(ProcessId::startTicks).orElseGet(Signals::ownStartTicks);
        return new ProcessTree(
                pid,
                id.orElse(null),
                earliest,
                marker,
                ProcessTable::readStartedSince,
                ProcFiles.SYSTEM::stat,
                Kill.SYSTEM);
    }

    /** The script's own process; empty if it was gone before anybody could look. To be kept for an adoption. */
    public Optional<ProcessId> leader() {
        return Optional.ofNullable(leaderId);
    }

    /** Whether the script's own process is alive; a zombie is not. Takes about 10 us. */
    @Override
    public boolean isMainAlive() {
        return leaderId != null && isAlive(leaderId);
    }

    /**
     * Looks at /proc and returns what is alive, the script's own process first. Takes 0.5 to 1 ms where 100 processes
     * are older than the script, and 0.03 ms more for each that is not, so it may be asked at each end of a script.
     *
     * @throws UncheckedIOException if /proc cannot be read, so that nothing can be said
     */
    @Override
    public synchronized Set<ProcessId> alive() {
        Map<ProcessId, ProcessEntry> members = look();
        // That there is nobody must be beyond doubt.
        for (int looks = 1;
                members.isEmpty() && (looks < 2 ? !settled || !groupGone : !settled && looks < LOOKS);
                looks++) {
            members = look();
        }
        return new LinkedHashSet<>(members.keySet());
    }

    /**
     * Sends a signal to all that is alive: to the script's process group at once, then to each of the others. One that
     * may not be signalled is logged, and does not keep the others from getting theirs.
     */
    @Override
    public synchronized boolean signal(Signal signal) {
        Map<ProcessId, ProcessEntry> members;
        try {
            members = look();
        } catch (UncheckedIOException e) {
            // Most likely out of file descriptors. kill(2) needs none, and an abort that fails for that would be a bad
            // one, so at least the group gets the signal; a later look finds the rest.
            LOG.warn("cannot look for the processes of script {}, signalling its process group only", leader, e);
            return !groupGone && signalGroup(signal);
        }
        boolean inGroup = members.values().stream().anyMatch(member -> member.group() == leader);
        boolean groupReached = inGroup && signalGroup(signal);
        boolean reached = groupReached;
        for (ProcessEntry member : members.values()) {
            // Those in the group have it now. The leader too, but for the first millisecond of its life, in which it
            // has
            // no group of its own yet.
            if (member.group() != leader || !groupReached) {
                reached |= signalOne(member.id(), signal);
            }
        }
        return reached;
    }

    private boolean signalGroup(Signal signal) {
        try {
            return kill.group(leader, signal);
        } catch (SignalException e) {
            refused(-leader, e);
            return false;
        }
    }

    private boolean signalOne(ProcessId member, Signal signal) {
        try {
            // Its pid may have been given to somebody else since the table was read.
            return isAlive(member) && kill.process(member.pid(), signal);
        } catch (SignalException e) {
            refused(member.pid(), e);
            return false;
        } catch (UncheckedIOException e) {
            LOG.warn("cannot tell whether process {} of script {} lives, not signalled", member, leader, e);
            return false;
        }
    }

    private void refused(long target, SignalException e) {
        // KILL is repeated for seconds while anything lives.
        if (refused.add(target)) {
            LOG.warn("{}", e.getMessage());
        }
    }

    private boolean isAlive(ProcessId id) {
        return stat.apply(id.pid())
                .filter(entry -> entry.id().equals(id) && entry.isAlive())
                .isPresent();
    }

    /** Finds the members that are alive and notes them. */
    private Map<ProcessId, ProcessEntry> look() {
        // Nothing of the script is older than the script, which saves most of the reading.
        ProcessTable table = tables.apply(earliest);
        Map<ProcessId, ProcessEntry> members = new LinkedHashMap<>();
        Map<Long, List<ProcessEntry>> children = new HashMap<>();
        List<ProcessEntry> others = new ArrayList<>();
        boolean numberIsOurs = table.find(leader)
                .map(holder -> holder.id().equals(leaderId))
                // Nobody has the pid, but as long as the group has a member the kernel gives the number to nobody else.
                .orElse(true);
        boolean groupSeen = false;
        Set<ProcessId> zombiesNow = new HashSet<>();
        for (ProcessEntry entry : table.processes()) {
            if (entry.id().startTicks() < earliest || Signals.isProtected(entry.pid())) {
                continue;
            }
            if (!entry.isAlive()) {
                zombiesNow.add(entry.id());
                continue;
            }
            children.computeIfAbsent(entry.parent(), pid -> new ArrayList<>()).add(entry);
            boolean inSession = entry.group() == leader || entry.session() == leader;
            if (inSession && numberIsOurs && !groupGone) {
                groupSeen = true;
                members.put(entry.id(), entry);
            } else if (entry.id().equals(leaderId) || noted.contains(entry.id())) {
                members.put(entry.id(), entry);
            } else {
                others.add(entry);
            }
        }
        settled = table.vanished() == 0 && zombies.containsAll(zombiesNow);
        zombies = zombiesNow;
        if (marker != null) {
            addMarked(members, others, table);
        }
        // Once without a member, group and session are gone for good; should their number turn up again it is not ours.
        // While the leader lives they may be still to come.
        groupGone |= !groupSeen
                && settled
                && (leaderId == null || !members.containsKey(leaderId))
                && !kill.groupExists(leader);
        addDescendants(members, children);
        noted.clear();
        noted.addAll(members.keySet());
        return leaderFirst(members);
    }

    private void addMarked(Map<ProcessId, ProcessEntry> members, List<ProcessEntry> others, ProcessTable table) {
        List<ProcessEntry> blank = askForMarker(members, others, table);
        Set<ProcessId> blankNow = new HashSet<>();
        blank.forEach(entry -> blankNow.add(entry.id()));
        blank.removeIf(entry -> bare.contains(entry.id()));
        for (int round = 1; round < EXECVE_ROUNDS && !blank.isEmpty(); round++) {
            LockSupport.parkNanos(EXECVE_PAUSE_NANOS);
            blank = askForMarker(members, blank, table);
        }
        for (ProcessEntry entry : blank) {
            // Ended since, and not yet reaped by its parent: as one that vanished.
            settled &= isAlive(entry.id());
        }
        bare = blankNow;
    }

    /** @return those that have no environment now, but perhaps soon */
    private List<ProcessEntry> askForMarker(
            Map<ProcessId, ProcessEntry> members, List<ProcessEntry> asked, ProcessTable table) {
        List<ProcessEntry> blank = new ArrayList<>();
        for (ProcessEntry entry : asked) {
            switch (table.findInEnvironment(entry, marker)) {
                case PRESENT -> members.put(entry.id(), entry);
                case BLANK -> blank.add(entry);
                case GONE -> settled = false;
                case ABSENT, FORBIDDEN -> {}
            }
        }
        return blank;
    }

    private static void addDescendants(Map<ProcessId, ProcessEntry> members, Map<Long, List<ProcessEntry>> children) {
        Deque<ProcessEntry> parents = new ArrayDeque<>(members.values());
        for (ProcessEntry parent = parents.poll(); parent != null; parent = parents.poll()) {
            for (ProcessEntry child : children.getOrDefault(parent.pid(), List.of())) {
                // A child older than its parent: the pid changed hands while the table was read.
                boolean sound = child.id().startTicks() >= parent.id().startTicks();
                if (sound && members.putIfAbsent(child.id(), child) == null) {
                    parents.add(child);
                }
            }
        }
    }

    private Map<ProcessId, ProcessEntry> leaderFirst(Map<ProcessId, ProcessEntry> members) {
        ProcessEntry first = leaderId == null ? null : members.remove(leaderId);
        if (first == null) {
            return members;
        }
        Map<ProcessId, ProcessEntry> ordered = new LinkedHashMap<>();
        ordered.put(leaderId, first);
        ordered.putAll(members);
        return ordered;
    }
}
