"""Notes that it was run, and takes some 10 ms."""

import time

import runs

runs.note()
print("short")
time.sleep(0.01)
