package pysmurf.controller.script.process;

import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that belongs to one started script. The script leads a {@link ProcessGroup}, so its pid is also the number of its
 * process group and of its session. To it belong
 *
 * <ol>
 *   <li>the script's own process,
 *   <li>the members of its group and of its session,
 *   <li>processes that have the marker as an entry of their environment, wherever they moved,
 *   <li>the descendants of any of these,
 *   <li>what was found by one of these rules before and still lives.
 * </ol>
 *
 * So a process is lost only if it left the session, threw away its environment and lost its parent, all between two looks. Each
 * {@link #alive} and each {@link #signal} is such a look.
 *
 * <p>A subreaper (prctl(2)) cannot replace this: it sees orphans of all scripts, but not whose they are, and none of a script that
 * was adopted after a crash.
 */
public final class ProcessTree implements AbortLadder.Target {

    private static final Logger LOG = LoggerFactory.getLogger(ProcessTree.class);

    /** A process without any environment is in the middle of an execve, which fills it some 0.1 ms later, or of its end. */
    private static final int MAX_EXECVE_ROUNDS = 8;

    private static final long EXECVE_PAUSE_NANOS = 200_000;

    /**
     * How often {@link #alive} looks before it believes that nothing lives although processes ended during each look. Where that
     * never stops they are strangers; a script that forks and ends over and over is seen by one look or another.
     */
    private static final int MAX_LOOKS = 20;

    /** kill(2), or what a test puts in its place; see {@link Signal#kill}. */
    interface Kill {
        int send(long target, Signal signal);
    }

    private final long leader;

    /** Null if the leader was gone before the first look. */
    private final ProcessId leaderId;

    private final long earliest;
    private final String marker;
    private final ProcFiles proc;
    private final Kill kill;

    /** What was found so far and was alive at the last look. */
    private final Set<ProcessId> noted = new HashSet<>();

    /** What may not be signalled and was logged; the number of a group is negative. */
    private final Set<Long> refused = new HashSet<>();

    /** Whether the leader's number no longer stands for a group and a session of the script. */
    private boolean groupGone;

    private Set<ProcessId> zombies = Set.of();

    /** Whether nothing ended during the last look. What ends then may have left a child that was not listed yet. */
    private boolean settled;

    /**
     * The tree of a process known from before, as after a restart of the controller. If the process is gone by now, its number says
     * nothing any more, and what it left behind is found by the marker only.
     *
     * @param leader the script's process, as of this boot
     * @param marker {@code NAME=VALUE}, an entry of the environment that no other script has
     */
    public ProcessTree(ProcessId leader, String marker) {
        this(leader.pid(), leader, leader.startTicks(), marker, ProcFiles.SYSTEM, Signal::kill);
    }

    ProcessTree(long leader, ProcessId leaderId, long earliest, String marker, ProcFiles proc, Kill kill) {
        if (Signal.isProtected(leader)) {
            throw new IllegalArgumentException("not a script's process: " + leader);
        }
        this.leader = leader;
        this.leaderId = leaderId;
        this.earliest = earliest;
        this.marker = marker;
        this.proc = proc;
        this.kill = kill;
        this.groupGone = leaderId != null
                && proc.stat(leader)
                        .filter(entry -> entry.id().equals(leaderId))
                        .isEmpty();
    }

    /**
     * The tree of a process that this one has just started. If it has ended and was reaped by then, its tree is found by the marker
     * all the same, only more slowly.
     */
    public static ProcessTree of(long pid, String marker) {
        ProcessId id = ProcessId.of(pid).orElse(null);
        long earliest = id == null ? Signal.ownStartTicks() : id.startTicks();
        return new ProcessTree(pid, id, earliest, marker, ProcFiles.SYSTEM, Signal::kill);
    }

    /**
     * The tree of which only the marker is known. The script is the first that leads a session; a child of it leads none, unless it
     * has left the script's.
     */
    public static ProcessTree of(String marker) {
        ProcessId first = new ProcessTree(ProcessId.NONE, marker)
                .alive().stream()
                        .filter(ProcessTree::leadsSession)
                        .min(Comparator.comparing(ProcessId::startTicks).thenComparing(ProcessId::pid))
                        .orElse(ProcessId.NONE);
        return new ProcessTree(first, marker);
    }

    private static boolean leadsSession(ProcessId process) {
        return ProcFiles.SYSTEM
                .stat(process.pid())
                .filter(entry -> entry.id().equals(process) && entry.session() == entry.pid())
                .isPresent();
    }

    /** The script's own process; empty if it was gone before the first look. */
    public Optional<ProcessId> leader() {
        return Optional.ofNullable(leaderId);
    }

    /** Whether the script's own process is alive. */
    public boolean isMainAlive() {
        return leaderId != null && isAlive(leaderId);
    }

    /**
     * Looks at /proc and returns what is alive. Takes 0.5 to 1 ms where 100 processes are older than
     * the script, and 0.03 ms more for each that is not.
     *
     * @throws UncheckedIOException if /proc cannot be read, so that nothing can be said
     */
    @Override
    public synchronized Set<ProcessId> alive() {
        Map<ProcessId, ProcessEntry> members = look();
        // That nothing lives must be beyond doubt.
        for (int looks = 1;
                members.isEmpty() && (looks < 2 ? !settled || !groupGone : !settled && looks < MAX_LOOKS);
                looks++) {
            members = look();
        }
        return members.keySet();
    }

    /**
     * Sends a signal to all that is alive: to the script's process group at once, then to each of the others. One that may not be
     * signalled is logged and does not keep the others from it.
     */
    @Override
    public synchronized boolean signal(Signal signal) {
        Map<ProcessId, ProcessEntry> members;
        try {
            members = look();
        } catch (UncheckedIOException e) {
            // Probably too many open files. kill(2) needs none, and a later look finds the rest.
            LOG.warn("Cannot look for the processes of script {}, signalling its process group only", leader, e);
            return !groupGone && send(-leader, signal);
        }
        boolean inGroup = members.values().stream().anyMatch(member -> member.group() == leader);
        boolean groupReached = inGroup && send(-leader, signal);
        boolean reached = groupReached;
        for (ProcessEntry member : members.values()) {
            // In the first millisecond of its life, even the leader is in no group of its own.
            if (member.group() != leader || !groupReached) {
                reached |= signalOne(member.id(), signal);
            }
        }
        return reached;
    }

    private boolean signalOne(ProcessId member, Signal signal) {
        try {
            // Its pid may belong to another process by now.
            return isAlive(member) && send(member.pid(), signal);
        } catch (UncheckedIOException e) {
            LOG.warn("Cannot tell whether process {} of script {} lives, not signalled", member, leader, e);
            return false;
        }
    }

    private boolean send(long target, Signal signal) {
        int errno = kill.send(target, signal);
        // KILL is repeated for seconds while anything lives.
        if (errno != 0 && errno != Libc.ESRCH && refused.add(target)) {
            LOG.warn("Cannot send SIG{} to {} of script {}: {}", signal, target, leader, Libc.strerror(errno));
        }
        return errno == 0;
    }

    private boolean isAlive(ProcessId id) {
        return proc.stat(id.pid())
                .filter(entry -> entry.id().equals(id) && entry.isAlive())
                .isPresent();
    }

    /** Finds the members that are alive and notes them. */
    private Map<ProcessId, ProcessEntry> look() {
        // Nothing of the script is older than the script, which saves most of the reading.
        ProcFiles.Listing listing = proc.startedSince(earliest);
        Map<ProcessId, ProcessEntry> members = new LinkedHashMap<>();
        Map<Long, List<ProcessEntry>> children = new HashMap<>();
        List<ProcessEntry> others = new ArrayList<>();
        Set<ProcessId> zombiesNow = new HashSet<>();
        // As long as the group has a member, the kernel gives the leader's number to no other process.
        boolean numberIsOurs = listing.entries().stream()
                .noneMatch(entry -> entry.pid() == leader && !entry.id().equals(leaderId));
        boolean groupSeen = false;
        for (ProcessEntry entry : listing.entries()) {
            if (Signal.isProtected(entry.pid())) {
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
        settled = listing.vanished() == 0 && zombies.containsAll(zombiesNow);
        zombies = zombiesNow;
        addMarked(members, others);
        // Once without a member, group and session are gone for good: should their number turn up again it is not ours.
        groupGone |= !groupSeen
                && settled
                && (leaderId == null || !members.containsKey(leaderId))
                && kill.send(-leader, null) == Libc.ESRCH;
        addDescendants(members, children);
        noted.clear();
        noted.addAll(members.keySet());
        return members;
    }

    private void addMarked(Map<ProcessId, ProcessEntry> members, List<ProcessEntry> others) {
        List<ProcessEntry> blank = askForMarker(members, others);
        for (int round = 1; round < MAX_EXECVE_ROUNDS && !blank.isEmpty(); round++) {
            LockSupport.parkNanos(EXECVE_PAUSE_NANOS);
            blank = askForMarker(members, blank);
        }
        for (ProcessEntry entry : blank) {
            // One that has ended since and waits for its parent counts like one that vanished.
            settled &= isAlive(entry.id());
        }
    }

    /** @return those that have no environment now, but perhaps soon */
    private List<ProcessEntry> askForMarker(Map<ProcessId, ProcessEntry> members, List<ProcessEntry> asked) {
        List<ProcessEntry> blank = new ArrayList<>();
        for (ProcessEntry entry : asked) {
            switch (proc.findInEnvironment(entry, marker)) {
                case PRESENT -> members.put(entry.id(), entry);
                case BLANK -> blank.add(entry);
                case GONE -> settled = false;
                case ABSENT -> {}
            }
        }
        return blank;
    }

    private static void addDescendants(Map<ProcessId, ProcessEntry> members, Map<Long, List<ProcessEntry>> children) {
        Deque<ProcessEntry> parents = new ArrayDeque<>(members.values());
        for (ProcessEntry parent = parents.poll(); parent != null; parent = parents.poll()) {
            for (ProcessEntry child : children.getOrDefault(parent.pid(), List.of())) {
                // A child that is older than its parent: the pid changed hands meanwhile.
                boolean sound = child.id().startTicks() >= parent.id().startTicks();
                if (sound && members.putIfAbsent(child.id(), child) == null) {
                    parents.add(child);
                }
            }
        }
    }
}
