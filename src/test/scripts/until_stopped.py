"""
Runs until it is asked to end. Arguments: a word that says how: "well", "plainly" (by the signal itself), "badly" (exit code 3), or
"never" (it does not).
"""
import signal
import sys
import time

how = sys.argv[1] if len(sys.argv) > 1 else "well"
asked = []
if how == "plainly":
    print("ready", flush=True)
    time.sleep(600)
signal.signal(signal.SIGINT, lambda number, frame: asked.append(number))
print("ready", flush=True)
while not asked or how == "never":
    time.sleep(0.01)
print("closing", flush=True)
sys.exit(3 if how == "badly" else 0)
