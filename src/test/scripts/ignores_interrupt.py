"""Ignores SIGINT, ends on SIGTERM."""
import signal
import time

signal.signal(signal.SIGINT, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
