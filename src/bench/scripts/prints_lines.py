"""Prints 1,000,000 lines of 100 bytes; writes the times of the first and the last into the file named first."""

import sys
import time
from pathlib import Path

begin = time.monotonic_ns()
for i in range(1_000_000):
    print(f"{i:099d}")
Path(sys.argv[1]).write_text(f"{begin} {time.monotonic_ns()}")
