"""Writes its process id and then numbered lines, some without an end for a while, until the file it is given exists."""
import os
import sys
import time

print("process", os.getpid(), flush=True)
number = 0
while not os.path.exists(sys.argv[1]):
    # half a line at a time: whoever begins to follow in the midst of one must not lose the other half
    sys.stdout.write(f"line {number:06d}")
    sys.stdout.flush()
    time.sleep(0.001)
    sys.stdout.write(" \xe4\n")
    sys.stdout.flush()
    time.sleep(0.004)
    number += 1
print("last", number)
