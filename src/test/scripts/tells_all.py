"""Tells what a script can notice of how it was started, one thing a line, then does what its argument says."""
import atexit
import ctypes
import json
import multiprocessing
import os
import random
import resource
import signal
import sys
import threading

TOLD = {}


def double(number):
    return 2 * number


class Late:
    def __del__(self):
        print("an object is deleted at the end")


def main():
    with open("/proc/self/status") as status:
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
    for name in "SigBlk", "SigIgn", "SigCgt", "SigPnd", "ShdPnd", "Threads", "Uid", "Gid":
        TOLD[name] = fields[name]
    TOLD["leads"] = os.getpid() == os.getpgrp() == os.getsid(0)
    TOLD["dispositions"] = {
        int(number): str(signal.getsignal(number)).split(" at ")[0] for number in sorted(signal.valid_signals())
    }
    TOLD["wakeup"] = signal.set_wakeup_fd(-1)
    TOLD["argv"] = sys.argv
    TOLD["orig_argv"] = getattr(sys, "orig_argv", None)
    TOLD["main"] = {name: repr(value).split(" at ")[0] for name, value in GLOBALS.items() if name.startswith("__")}
    TOLD["is main"] = sys.modules["__main__"].__dict__ is globals()
    TOLD["path"] = sys.path
    TOLD["cwd"] = os.getcwd()
    umask = os.umask(0)
    os.umask(umask)
    TOLD["umask"] = umask
    own = "PYSMURF_SESSION_MARK", "PYSMURF_RESULT_FILE"
    TOLD["environ"] = {name: value for name, value in sorted(os.environ.items()) if name not in own}
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_char_p
    TOLD["getenv"] = {name: libc.getenv(name.encode()).decode() for name in TOLD["environ"]}
    with open("/proc/self/environ", "rb") as file:
        shown = [entry for entry in file.read().split(b"\0") if entry]
    TOLD["shown environment"] = sorted(entry.decode() for entry in shown if not entry.startswith(b"PYSMURF_"))
    with open("/proc/self/cmdline", "rb") as file:
        TOLD["shown command"] = file.read().rstrip(b"\0").decode().split("\0")
    TOLD["descriptors"] = {
        number: os.readlink("/proc/self/fd/" + number)
        for number in os.listdir("/proc/self/fd")
        if os.path.exists("/proc/self/fd/" + number) and not os.readlink("/proc/self/fd/" + number).startswith("/proc")
    }
    for name in "stdin", "stdout", "stderr":
        stream = getattr(sys, name)
        TOLD[name] = [
            stream is getattr(sys, "__%s__" % name), stream.name, stream.mode, stream.encoding, stream.errors,
            stream.line_buffering, stream.write_through, stream.newlines, type(stream.buffer).__name__,
            stream.seekable(), stream.isatty(), stream.fileno(), stream.closed, os.get_inheritable(stream.fileno()),
            stream.buffer.name, stream.buffer.mode, getattr(stream.buffer, "raw", stream.buffer).closefd,
        ]
    TOLD["flags"] = list(sys.flags)
    TOLD["options"] = [sys.warnoptions, sys.executable, sys.dont_write_bytecode, sys.excepthook is sys.__excepthook__]
    TOLD["limits"] = [resource.getrlimit(number) for number in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)]
    TOLD["threads"] = [thread.name for thread in threading.enumerate()]
    TOLD["main thread"] = threading.current_thread() is threading.main_thread()
    TOLD["children"] = open("/proc/self/task/%d/children" % os.getpid()).read()
    TOLD["stdin's content"] = sys.stdin.read()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        TOLD["fork"] = pool.map(double, [1, 2])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        TOLD["spawn"] = pool.map(double, [1, 2])
    for name, value in TOLD.items():
        print(json.dumps({name: value}, sort_keys=True))
    sys.stdout.write("written without a line end, ")
    os.write(1, b"then by the system call\n")
    print("to stderr", file=sys.stderr)


def end(how):
    atexit.register(print, "at exit")
    if how == "thread":
        go = threading.Event()
        threading.Thread(target=lambda: (go.wait(), print("a thread ends"))).start()
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        threading.Timer(0.05, go.set).start()
    elif how == "code":
        sys.exit(3)
    elif how == "text":
        sys.exit("a text")
    elif how == "exception":
        try:
            {}["key"]
        except KeyError as fault:
            raise ValueError("told") from fault
    elif how == "hook":
        sys.excepthook = lambda kind, value, trace: print("hook", kind, value, trace.tb_frame.f_code.co_name)
        raise ValueError("told")
    elif how == "_exit":
        os._exit(4)
    elif how == "terminate":
        os.kill(os.getpid(), signal.SIGTERM)
    elif how == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
    elif how == "abort":
        os.abort()


if __name__ == "__main__":
    GLOBALS = dict(globals())
    late = Late()
    if sys.argv[1] == "all":
        main()
        print(random.random() == random.Random(0).random())
    end(sys.argv[1])
    print("the last line")
