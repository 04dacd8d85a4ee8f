"""The cryogenic amplifiers: drain current against gate voltage, and the search for a drain current."""
from __future__ import annotations

from typing import NamedTuple


class AmplifierGoal(NamedTuple):
    """What one amplifier is set to: drain current in mA, gate limits in V."""

    drain_ma: float
    tolerance_ma: float
    gate_min: float
    gate_max: float
    coarse_step: float
    fine_step: float


def drain_current_ma(gate_volt: float, pinch_off: float, gain: float) -> float:
    """Id = beta (Vg - Vp)^2 above pinch-off, else 0. No source: a square law that lets the search run."""
    return gain * max(gate_volt - pinch_off, 0.0) ** 2


COARSE_BEYOND_MA = 1.5


def next_gate_voltage(gate_volt: float, drain_ma: float, goal: AmplifierGoal) -> float:
    """One step of the search: coarse while the current is off by more than 1.5 mA, fine below.

    Source: sodetlib ``find_gate_voltage`` (HEMT 0.1 and 0.01 V, 50K 0.01 and 0.001 V).
    """
    missing = goal.drain_ma - drain_ma
    step = goal.coarse_step if abs(missing) > COARSE_BEYOND_MA else goal.fine_step
    return gate_volt + (step if missing > 0 else -step)
