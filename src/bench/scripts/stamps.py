"""Prints the time of its first and of its last statement, in ns of CLOCK_MONOTONIC."""

import time

first = time.monotonic_ns()
print(first)
print(time.monotonic_ns())
