"""Prints as many lines as told, 10 ms apart, each with its time in ns of CLOCK_MONOTONIC."""

import sys
import time

time.sleep(0.2)
for _ in range(int(sys.argv[1])):
    time.sleep(0.01)
    print("stamp", time.monotonic_ns())
