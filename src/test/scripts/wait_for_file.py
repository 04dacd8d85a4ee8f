"""Says it is ready and ends when the file it is given exists; tidies up if it is interrupted."""
import os
import sys
import time

try:
    # one write, so that a watcher sees the whole line
    sys.stdout.write("ready\n")
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.005)
    print("found")
finally:
    print("tidied up", flush=True)
