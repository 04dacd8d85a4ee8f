"""Bias steps: each group in turn goes up and down a little, in high-current mode, where no filter slows them.

Source: sodetlib ``take_bias_steps`` and ``BiasStepConfig``.
"""
from __future__ import annotations

from math import isfinite, nan
from types import SimpleNamespace
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, TypeVar, Union

from tuning.bias_lines import UNGROUPED, Constants, Readout, SteppedGroup, WavedGroup
from tuning.npy import Field, write_table

from detectors import group_map, iv_curve
from detectors.group_map import MAX_OHM, GroupMap, Place
from detectors.operation import Operation
from detectors.response import NOWHERE, OperatingPoint

WINDOW_S = 0.03

Played = Union[SteppedGroup, WavedGroup]
P = TypeVar("P", SteppedGroup, WavedGroup)

STEP_KEYWORDS: Dict[str, Any] = {
    "bgs": None, "dc_voltage": None, "step_voltage": 0.05, "step_duration": 0.05, "nsteps": 20,
    "high_current_mode": True, "hcm_wait_time": 3.0, "dacs": "pos", "use_waveform": True, "plot_rfrac": True,
    "show_plots": True, "run_analysis": True, "channel_mask": None, "g3_tag": None,
    "stream_subtype": "bias_steps", "enable_compression": False, "analysis_kwargs": None}
"""With sodetlib's defaults; what only concerns its plots and files changes nothing here."""


class Point(NamedTuple):
    """A channel at its bias: what was found, and the normal resistance that its last IV had."""

    readout: Readout
    place: Place
    at: OperatingPoint
    tau_s: Optional[float]
    normal_ohm: float

    @property
    def fraction(self) -> float:
        return self.at.ohm / self.normal_ohm


def play_groups(op: Operation, groups: Sequence[int], kw: SimpleNamespace, volts: float,
                play: Callable[[int, float], P]) -> List[P]:
    """Plays something on each group, within a stream. ``volts`` are those of the low-current mode, whatever the mode."""
    if kw.high_current_mode:
        op.lines.set_current_mode(groups, True)
        op.wait(kw.hcm_wait_time)
        volts /= op.lines.constants.high_low_ratio
    played: List[P] = []
    for done, group in enumerate(groups, 1):
        played.append(play(group, volts))
        op.advance(done, len(groups), "bias groups")
    return played


def step_groups(op: Operation, groups: Sequence[int], kw: SimpleNamespace) -> List[SteppedGroup]:
    return play_groups(op, groups, kw, float(kw.step_voltage), lambda group, volts:
                       op.lines.play_steps(group, volts, kw.step_duration, kw.nsteps, WINDOW_S))


def normal_ohms(op: Operation) -> Dict[Readout, float]:
    """Of the last IV; none where there is no IV."""
    path = op.lines.file_in_use("iv")
    if path is None:
        op.complain(f"{op.name}: there is no IV, so no normal resistance and nothing that counts as biased: "
                    "run take_iv first")
        return {}
    return {curve.readout: curve.normal_ohm for curve in iv_curve.read(path).curves}


def points(op: Operation, played: Sequence[Played], groups: GroupMap, normal: Dict[Readout, float],
           point_of: Callable[[Any, Readout, int, Constants], OperatingPoint]) -> List[Point]:
    """Each channel by what was played on its own group; what has too much resistance for a detector is of none."""
    by_group = {each.group: each for each in played}
    found: List[Point] = []
    for readout in played[0].phases if played else ():
        place, at = groups.get(readout, group_map.NOWHERE), NOWHERE
        mine = by_group.get(place.group)
        if mine is not None:
            at = point_of(mine, readout, place.polarity, op.lines.constants)
            if abs(at.ohm) > MAX_OHM:
                place, at = place._replace(group=UNGROUPED), NOWHERE
        found.append(Point(readout, place, at, None, normal.get(readout, nan)))
    return found


def biased(found: Sequence[Point], low: float, high: float) -> List[Point]:
    return [point for point in found if isfinite(point.fraction) and low < point.fraction < high]


def write(path: str, found: Sequence[Point]) -> None:
    fields: List[Field] = [("band", "<i4"), ("channel", "<i4"), ("bgmap", "<i4"), ("polarity", "<i4"),
                           *[(name, "<f8") for name in ("R0", "I0", "Pj", "Si", "tau_eff", "R_n_IV", "Rfrac")]]
    write_table(path, fields, [
        (*point.readout, point.place.group, point.place.polarity, *point.at, nan if point.tau_s is None else
         point.tau_s, point.normal_ohm, point.fraction) for point in found])
