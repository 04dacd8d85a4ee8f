"""Leave behind an operation that was killed what it would have left itself: biases, relays, the stream; then read back.

Takes no notice of arguments it does not know, nor of faults of the process.
"""
from __future__ import annotations

import sys

import safe_state
from detectors.tidy import ALL_LOW, ALL_OFF_V, Left, Record
from tuning.faults import Faults
from tuning.instrument import CannotWork
from tuning.stage import Stage, run_stage

NEAR_V = 0.01
"""How far a bias may read back from what it should be."""


def run(stage: Stage) -> None:
    lines, record = stage.instrument.bias_lines, Record(stage.folder)
    try:
        left = record.read()
    except (OSError, ValueError, KeyError, TypeError) as unreadable:
        stage.complain(f"put_back: {unreadable!r}: what was to be left is not known, so all biases go off")
        left = Left(ALL_OFF_V, ALL_LOW)
    if left is None:
        lines.end_waveform()
        lines.stream_off()
        return
    left.put_back(lines)
    now = lines.get_tes_bias_bipolar_array()
    off = [group for group, wanted in enumerate(left.volts) if abs(now[group] - wanted) > NEAR_V]
    if off:
        raise CannotWork(f"bias groups {off} read back otherwise than they were to be left")
    record.forget()


if __name__ == "__main__":
    sys.exit(run_stage("put_back", safe_state.options(None, "put_back"), Faults({}), run))
