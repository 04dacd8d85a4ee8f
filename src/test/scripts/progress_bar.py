"""Shows a progress bar as tqdm does, ten times a second."""
import sys
import time

print("begin")
for percent in range(0, 101, 10):
    sys.stderr.write(f"\r{percent:3d}%|{'#' * (percent // 10):10s}|")
    time.sleep(0.1)
sys.stderr.write("\n")
print("end")
