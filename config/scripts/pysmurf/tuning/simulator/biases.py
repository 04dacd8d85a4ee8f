"""The registers of the bias lines, and what they leave on: volts, relays, and how far a group's bias has fallen.

A detector that has latched stays so although its bias comes back. All of a group share their bias, so one number
a group tells which of them have: the lowest bias current since it was last overbiased.
"""
from __future__ import annotations

from typing import Any, Dict, Sequence

from tuning.bias_lines import GROUPS, MAX_VOLTS, VOLTS_PER_BIT, Constants
from tuning.instrument import CannotWork
from tuning.simulator.detector import CRITICAL_A
from tuning.simulator.scans import State

CONSTANTS = Constants()


def fresh() -> State:
    """No bias: all detectors are superconducting."""
    return {"volts": [0.0] * GROUPS, "high_current": [False] * GROUPS, "lowest_a": [0.0] * GROUPS}


def checked(stored: State) -> State:
    """Stored lines, what they lack at its default; refuses what are none."""
    lines = {**fresh(), **stored}
    kinds: Dict[str, Any] = {"volts": float, "high_current": bool, "lowest_a": float}
    for name, kind in kinds.items():
        lines[name] = [kind(value) for value in lines[name]]
        if len(lines[name]) != GROUPS:
            raise TypeError(f"{name} of {len(lines[name])} bias lines")
    return lines


def set_volts(state: State, volts: Dict[int, float]) -> None:
    """As the DACs take them, in whole steps."""
    for group, asked in volts.items():
        if not 0 <= group < GROUPS:
            raise CannotWork(f"bias group {group} is not defined; there are 0 to {GROUPS - 1}")
        if abs(asked) > MAX_VOLTS:
            raise CannotWork(f"{asked:g} V on bias group {group} is beyond {MAX_VOLTS:g} V")
        state["tes_bias"]["volts"][group] = round(asked / VOLTS_PER_BIT) * VOLTS_PER_BIT
    _follow(state, list(volts))


def set_mode(state: State, groups: Sequence[int], high: bool, const_current: bool) -> None:
    lines = state["tes_bias"]
    for group in groups:
        if const_current and lines["high_current"][group] != high:
            change = 1 / CONSTANTS.high_low_ratio if high else CONSTANTS.high_low_ratio
            scaled = min(max(lines["volts"][group] * change, -MAX_VOLTS), MAX_VOLTS)
            lines["volts"][group] = round(scaled / VOLTS_PER_BIT) * VOLTS_PER_BIT
        lines["high_current"][group] = high
    _follow(state, groups)


def bias_a(state: State, group: int) -> float:
    lines = state["tes_bias"]
    return CONSTANTS.bias_a(lines["volts"][group], lines["high_current"][group])


def lowest_a(state: State, group: int) -> float:
    return state["tes_bias"]["lowest_a"][group]


def passed(lowest: float, current_a: float) -> float:
    """The lowest bias after one more: a bias beyond the critical current resets it."""
    size = abs(current_a)
    return size if size > CRITICAL_A else min(lowest, size)


def off(state: State) -> None:
    """``set_tes_bias_off``: no volts; the relays stay."""
    set_volts(state, {group: 0.0 for group in range(GROUPS)})


def _follow(state: State, groups: Sequence[int]) -> None:
    lines = state["tes_bias"]
    for group in groups:
        lines["lowest_a"][group] = passed(lines["lowest_a"][group], bias_a(state, group))
    state["tes_bias_on"] = any(lines["volts"])
