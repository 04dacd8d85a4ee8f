"""Leaves a daemon behind as daemons are made: forked twice, in a session of its own, with nothing open; it ignores what it can.

Ends well at once, or when the file it is given exists.
"""
import os
import signal
import sys
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        os.chdir("/")
        os.closerange(0, 1024)
        time.sleep(600)
    os._exit(0)
os.wait()
print("daemon ready", flush=True)
while len(sys.argv) > 1 and not os.path.exists(sys.argv[1]):
    time.sleep(0.005)
