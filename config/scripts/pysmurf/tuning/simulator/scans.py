"""Serial scans, which the server of a slot runs: once started they go on, whatever becomes of the client.

No process runs here. A scan stands in the state: since when it runs, for how long, and what it leaves.
A look at the state at its end or later finds that done.
"""
from __future__ import annotations

from typing import Any, Dict, List

State = Dict[str, Any]
Row = List[Any]


def begin(state: State, band: int, now: float, lasts_s: float, notches: List[Row],
          feedback: List[int]) -> None:
    """Start a scan that ends with these rows of notches, their tones on, and feedback for these channels."""
    state["scans"][str(band)] = {"since": now, "lasts_s": lasts_s, "notches": notches, "feedback": feedback}
    state["eta_scan_in_progress"] = True


def settle(state: State, now: float) -> bool:
    """Take up what the scans have left that are over by now; True where one was."""
    over = [int(band) for band, scan in state["scans"].items() if _left(scan, now) <= 0]
    for band in over:
        finish(state, band)
    return bool(over)


def finish(state: State, band: int) -> None:
    """The end of a scan: its tones are on again, whatever was switched off meanwhile, unless RF is cut."""
    scan = state["scans"].pop(str(band))
    registers = state["bands"][str(band)]
    registers["notches"] = scan["notches"]
    registers["feedback_channels"] = scan["feedback"]
    switch_tones_on(state, band)
    state["eta_scan_in_progress"] = bool(state["scans"])


def switch_tones_on(state: State, band: int) -> None:
    """A tone for each of the band's notches, as far as its RF output is enabled."""
    registers = state["bands"][str(band)]
    state["tones_on"][str(band)] = len(registers["notches"]) if registers["rf_enabled"] else 0


def seconds_left(state: State, now: float) -> float:
    """How long the longest of the scans still runs, 0 without one."""
    return max((_left(scan, now) for scan in state["scans"].values()), default=0.0)


def _left(scan: State, now: float) -> float:
    # A clock that was put back would keep a scan for as long: it is over then.
    return scan["since"] + scan["lasts_s"] - now if now >= scan["since"] else 0.0
