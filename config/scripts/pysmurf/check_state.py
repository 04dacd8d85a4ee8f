"""Tell every few seconds what the slot is doing: streaming or not, with which tags, and how many channels are on.

Only reads. Where nothing answers it says so, and what it told last stays. SIGINT ends it well: exit code 0.
"""
from __future__ import annotations

import sys
import time

from tuning.arguments import StageParser, number
from tuning.instrument import CannotWork
from tuning.interruption import Interrupted, interruption

from detectors.operation import Operation, operation_main

POLL_S = 0.5


def look(op: Operation, answered: bool) -> bool:
    """Tell what is there; False where nothing answers. ``answered``: whether something did the last time."""
    try:
        found = op.instrument.stream_state()
    except CannotWork as reason:
        op.tell(degraded=True)
        if answered:
            op.complain(f"check_state: {reason}")
        return False
    op.tell(**found, stream_id=op.stream_id, last_update=time.time(), degraded=False,
            state_results={key: found[key] for key in ("open_g3stream", "num_active_channels")})
    return True


def run(op: Operation) -> None:
    options = op.options
    looks, count, answered = 0, 0, True
    try:
        while not (options.test_mode and looks):
            looks += 1
            answered = look(op, answered)
            count += answered
            until = time.monotonic() + options.poll_interval
            while time.monotonic() < until and not options.test_mode:
                interruption.sleep(min(POLL_S, max(until - time.monotonic(), 0)))
    except Interrupted:
        interruption.told = False
    op.last_words = "Finished checking state"
    op.values = {"n_looks": looks, "n_answered": count}


def options(parser: StageParser) -> None:
    parser.add_argument("--poll-interval", type=number(0.1, 86400), default=10.0, metavar="s",
                        help="how often to look (10)")
    parser.add_argument("--test-mode", action="store_true", help="look once")


if __name__ == "__main__":
    sys.exit(operation_main("check_state", __doc__, run, options, stopped=0))
