"""Imports modules once, and forks a process for each script that is to find them imported.

Started as python3 -u -c THIS MODULE..., with ROOM in its environment. Requests come on standard input: a length of four bytes,
then fields with a zero behind each. The first says what environment the controller gave; `start` asks for a script, `go` lets it
begin. Answers are lines on standard output. One thread, and nothing imported that a fresh Python would have to look for.
"""
import _io
import _signal
import fcntl
import gc
import os
import select
import stat
import sys
import time

STARTED_AS = sys.modules["__main__"]  # kept: the interpreter only borrows it
MAIN_HAS_ANNOTATIONS = "__annotations__" in globals()
__name__ = "launcher"  # what is said in __main__ about fork and threads would be printed

ROOM = b"PYSMURF_LAUNCHER_ROOM"
LOOK_EVERY_S = 1
ALL_SIGNALS = _signal.valid_signals()
BEGAN = time.time_ns()

scripts = {}  # by number: pid, gate, file for the exit code
stale = False
looked = 0
stamps = {}


def say(*words):
    # Children say something, too, so a line is no longer than what a pipe takes at once.
    fields = [" ".join(str(word).split()).encode("ascii", "backslashreplace")[:700] for word in words]
    try:
        os.write(answers, b"\t".join(fields) + b"\n")
    except BrokenPipeError:
        pass  # the controller died; what is left of it to do is in files


def take(data):
    """Cuts the first message off; None if it has not come whole."""
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 or len(data) < 4 + size:
        return None
    message = bytes(data[4 : 4 + size]).split(b"\0")[:-1]
    del data[: 4 + size]
    return message


def variables(entries):
    return dict(entry.split(b"=", 1) for entry in entries)


def words_of_block():
    """Where the kernel looks for the command line and the environment: start and end of both."""
    with open("/proc/self/stat", "rb") as file:
        return [int(word) for word in file.read().rpartition(b")")[2].split()[45:49]]


def show(start, end, entries):
    """Overwrites what /proc shows of this process, as far as there is room."""
    memory = os.open("/proc/self/mem", os.O_WRONLY)
    os.pwrite(memory, b"\0".join(entries)[: end - start - 1].ljust(end - start, b"\0"), start)
    os.close(memory)


def descriptors():
    found = {}
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found[descriptor] = os.readlink("/proc/self/fd/" + descriptor)
        except OSError:
            pass  # that of the listing itself
    return found


def stamp(file):
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def stamp_of_imported(file):
    """None for what changed during the imports: it may not be what was imported."""
    found = stamp(file)
    return found if found and os.stat(file).st_ctime_ns < BEGAN - 100_000_000 else None


def is_stale():
    global stale, looked
    if not stale and time.monotonic() - looked > LOOK_EVERY_S:
        stale = any(stamp(file) != known for file, known in stamps.items())
        looked = time.monotonic()
        if stale:
            say("stale")
    return stale


def hang_up(*_):
    global stale
    if not stale:
        stale = True
        say("stale")


def renew(stream, descriptor, mode):
    """Opens a standard stream again, in the same object: it remembers of its former file whether that can seek."""
    buffer = raw = _io.FileIO(descriptor, mode, closefd=False)
    raw.name = "<%s>" % ("stdin", "stdout", "stderr")[descriptor]
    if isinstance(stream.buffer, _io.BufferedReader):
        buffer = stream.buffer
        buffer.__init__(raw)
    stream.__init__(buffer, stream.encoding, stream.errors, "\n", stream.line_buffering, stream.write_through)


def source(path):
    if not stat.S_ISREG(os.stat(path).st_mode) or path.endswith(".pyc"):
        raise ValueError("is no source file")
    for hook in sys.path_hooks:
        try:
            hook(path)
        except ImportError:
            continue
        raise ValueError("is an archive")
    with open(path, "rb") as file:
        text = file.read()
    text.decode()  # Python finds fault with a file of another encoding where compile() finds none
    if b"\0" in text:
        raise ValueError("holds a zero")
    return text


def become(words, environment, output):
    """Makes a child what `python3 -u SCRIPT ARGUMENT...` is before it reads its script; returns that and what it runs in."""
    os.setsid()
    descriptor = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise ValueError("the output is no regular file")
    os.set_blocking(descriptor, True)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    for stream, number, mode in (sys.__stdin__, 0, "rb"), (sys.__stdout__, 1, "wb"), (sys.__stderr__, 2, "wb"):
        renew(stream, number, mode)
    os.chdir(FOLDER)
    os.umask(UMASK)
    # The mark comes first, so that it is there however little room there is.
    given = variables(environment)
    given.update(SETS)
    for name in REMOVES:
        given.pop(name, None)
    shown = [name + b"=" + value for name, value in given.items()]
    # Until it is told to go it belongs to no session.
    show(BLOCK[2], BLOCK[3], [b"OFFERED_" + shown[0]] + shown[1:])
    show(BLOCK[0], BLOCK[1], [PROGRAM, b"-u"] + words)
    os.environb.clear()
    os.environb.update(given)
    sys.argv = [os.fsdecode(word) for word in words]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv = [sys.orig_argv[0], "-u"] + sys.argv
    script = sys.argv[0]
    text = source(script)
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, os.path.dirname(os.path.realpath(script)))
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    main = type(sys)("__main__")
    if MAIN_HAS_ANNOTATIONS:
        main.__annotations__ = {}
    main.__builtins__ = sys.modules["builtins"]
    main.__loader__ = sys.modules["_frozen_importlib_external"].SourceFileLoader("__main__", script)
    main.__file__ = script
    main.__cached__ = None
    sys.modules["__main__"] = main
    return text, main.__dict__, shown


def in_child(number, words, environment, output, gate):
    try:
        # The gates of the others are theirs; one that is still open here would keep a script waiting.
        for descriptor in wakes + [requests] + [other[1] for other in scripts.values()]:
            if descriptor is not None:
                os.close(descriptor)
        _signal.set_wakeup_fd(-1)
        for name, handler in HANDLERS.items():
            _signal.signal(name, handler)
        text, place, shown = become(words, environment, output)
    except BaseException as fault:
        say("cold", number, repr(fault))
        os._exit(0)
    say("pid", number, os.getpid())
    if not os.read(gate, 1):
        os._exit(0)
    os.close(gate)
    show(BLOCK[2], BLOCK[3], shown)
    say("run", number)
    os.close(answers)
    return text, place


def start(number, output, exit_file, count, *fields):
    """Returns in the child only; the parent goes on with nothing."""
    if is_stale():
        say("cold", number, "a module's file has changed")
        return None
    words, environment = list(fields[: int(count)]), fields[int(count) :]
    gate, opener = os.pipe()
    # A signal that reaches the child before it is one waits until it is.
    _signal.pthread_sigmask(_signal.SIG_BLOCK, ALL_SIGNALS)
    try:
        pid = os.fork()
    except OSError as fault:
        os.close(opener)
        say("cold", number, fault)
    else:
        if pid == 0:
            os.close(opener)
            return in_child(number, words, environment, output, gate)
        scripts[number] = [pid, opener, exit_file]
    os.close(gate)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
    return None


def let_go(number, how):
    """Tells a child to go, or that it never will: it may stand still, and is of no use to anybody."""
    script = scripts.get(number)
    if script and script[1] is not None:
        if how:
            try:
                os.write(script[1], how)
            except BrokenPipeError:
                pass  # it has died, which is told by its exit code
        else:
            script[2] = None
            os.kill(script[0], _signal.SIGKILL)
        os.close(script[1])
        script[1] = None


def reap():
    """Writes an exit code down before the process is gone, so that whoever misses the process finds the code."""
    for number, (pid, _, file) in list(scripts.items()):
        end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if end is None:
            continue
        let_go(number, b"")
        code = end.si_status + (0 if end.si_code == os.CLD_EXITED else 128)
        if scripts[number][2] is not None:
            try:
                new = file + b".new"
                with open(new, "w") as note:
                    note.write("%d\n" % code)
                os.rename(new, file)
            except OSError as fault:
                print("The exit code of a script cannot be kept:", fault, file=sys.stderr)
        os.waitpid(pid, 0)
        del scripts[number]
        say("exit", number, code)


def serve():
    """Returns in a child only: a list with the script and what it runs in."""
    poll = select.poll()
    poll.register(wakes[0], select.POLLIN)
    poll.register(requests, select.POLLIN)
    alone = False
    while scripts or not alone:
        ready = [descriptor for descriptor, _ in poll.poll()]
        if wakes[0] in ready:
            os.read(wakes[0], 4096)
            reap()
        if requests in ready:
            data = os.read(requests, 65536)
            pending.extend(data)
            if not data:
                alone = True
                poll.unregister(requests)
                for number in scripts:
                    let_go(number, b"")
        message = take(pending)
        while message is not None:
            verb, number = message[0], int(message[1])
            if verb == b"go":
                let_go(number, b"!")
            else:
                child = start(number, *message[2:])
                if child is not None:
                    return [child]
            message = take(pending)
    os._exit(0)


def load(modules):
    """Imports, and says what a fork does not copy of it."""
    global stamps, looked
    before = descriptors()
    # A controller that dies during a long import ends it, too.
    fcntl.fcntl(requests, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(requests, fcntl.F_SETFL, os.O_ASYNC)
    for module in modules:
        try:
            __import__(module)
        except BaseException as fault:
            say("failed", "%s: %s: %s" % (module, type(fault).__name__, fault))
            os._exit(1)
    fcntl.fcntl(requests, fcntl.F_SETFL, 0)
    found = {getattr(module, "__dict__", {}).get("__file__") for module in list(sys.modules.values())}
    stamps = {file: stamp_of_imported(file) for file in found if isinstance(file, str)}
    looked = time.monotonic()
    opened = ["%s: %s" % one for one in sorted(descriptors().items()) if one[0] not in before]
    threading = sys.modules.get("threading")
    threads = [thread.name for thread in threading.enumerate()[1:]] if threading else []
    tasks = len(os.listdir("/proc/self/task")) - 1 - len(threads)
    gc.collect()
    gc.freeze()
    usual = {"SIGINT": _signal.default_int_handler, "SIGTERM": _signal.SIG_DFL}
    changed = [name for name, handler in usual.items() if _signal.getsignal(getattr(_signal, name)) != handler]
    say("ready", os.getpid(), tasks, ", ".join(threads), ", ".join(opened), ", ".join(changed))


try:
    os.setsid()
except OSError:
    pass  # a wrapper has done it
_signal.pthread_sigmask(_signal.SIG_SETMASK, ())
with open("/proc/self/cmdline", "rb") as cmdline:
    PROGRAM = cmdline.read().split(b"\0", 1)[0]
BLOCK = words_of_block()
show(BLOCK[0], BLOCK[1], [PROGRAM, b"-u", b"(launcher)"] + [os.fsencode(module) for module in sys.argv[1:]])

# Out of the way of what scripts have as 0, 1 and 2; what the modules print goes where errors go.
requests = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 100)
answers = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 100)
nothing = os.open("/dev/null", os.O_RDONLY)
os.dup2(nothing, 0)
os.close(nothing)
os.dup2(2, 1)

pending = bytearray()
hello = None
while hello is None:
    data = os.read(requests, 65536)
    if not data:
        os._exit(0)
    pending.extend(data)
    hello = take(pending)
os.environb.pop(ROOM, None)

_signal.signal(_signal.SIGINT, _signal.default_int_handler)
if "" in sys.path[:1]:
    del sys.path[0]
modules = sys.argv[1:]
sys.argv[1:] = []
load(modules)
# What a wrapper of Python or a module changes, it changes for each script.
given = variables(hello)
SETS = {name: value for name, value in os.environb.items() if given.get(name) != value}
REMOVES = [name for name in given if name not in os.environb and name != ROOM]
FOLDER = os.getcwd()
UMASK = os.umask(0)
os.umask(UMASK)
OWN = {_signal.SIGCHLD: lambda *_: None, _signal.SIGHUP: hang_up, _signal.SIGINT: _signal.SIG_IGN}
HANDLERS = {name: _signal.signal(name, handler) for name, handler in OWN.items()}
wakes = list(os.pipe())
os.set_blocking(wakes[0], False)
os.set_blocking(wakes[1], False)
_signal.set_wakeup_fd(wakes[1], warn_on_full_buffer=False)

child = serve()
try:
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
    # Nothing else may keep the script's objects alive when it ends.
    child[:] = child.pop()
    exec(compile(child.pop(0), sys.argv[0], "exec", dont_inherit=True), child.pop())
except SystemExit:
    raise
except BaseException:
    hook = getattr(sys, "excepthook", None)

    def without_launcher(kind, value, trace):
        sys.excepthook = hook
        while trace and trace.tb_frame.f_globals is globals():
            trace = trace.tb_next
        sys.last_traceback = trace
        hook(kind, value.with_traceback(trace), trace)

    if hook:
        sys.excepthook = without_launcher
    raise
