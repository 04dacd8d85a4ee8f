"""Ends at once and well, and leaves a child behind that holds its output open."""
import os
import signal
import time

if os.fork() == 0:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.setsid()
    time.sleep(600)
    os._exit(0)
print("leaving")
