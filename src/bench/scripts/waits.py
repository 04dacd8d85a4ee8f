"""Waits to be ended."""

import time

print("waiting")
time.sleep(60)
