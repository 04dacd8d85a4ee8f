"""Sets biases and reads them back, since a request alone does not say what the slot has."""
from __future__ import annotations

from typing import Dict, List, NamedTuple

from detectors.operation import Operation


class Readback(NamedTuple):
    """The volts on all lines, and how far the worst of those asked for is off."""

    volts: List[float]
    off_v: float


def read_back(op: Operation, wanted: Dict[int, float]) -> Readback:
    volts = op.lines.get_tes_bias_bipolar_array()
    off = {group: abs(volts[group] - asked) for group, asked in wanted.items()}
    worst = max(off, key=lambda group: off[group], default=None)
    if worst is not None:
        op.say(f"read back: bias group {worst} is at {volts[worst]:.4f} V of {wanted[worst]:.4f} V, the others are "
               "as near or nearer")
    return Readback(volts, max(off.values(), default=0.0))


def set_and_read(op: Operation, wanted: Dict[int, float]) -> Readback:
    op.lines.set_tes_bias_bipolar_array(wanted)
    return read_back(op, wanted)
