"""Writes 170 MB in blocks of 64 KiB; writes the times before and after into the file named first."""

import os
import sys
import time
from pathlib import Path

BLOCK = (b"x" * 99 + b"\n") * 656
BLOCK = BLOCK[: 64 * 1024 - 1] + b"\n"

begin = time.monotonic_ns()
for _ in range(170_000_000 // len(BLOCK)):
    os.write(1, BLOCK)
Path(sys.argv[1]).write_text(f"{begin} {time.monotonic_ns()}")
