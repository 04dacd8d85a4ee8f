"""The plots of the operations: what an observer looks at to go on with the night, or to stop."""
from __future__ import annotations

from math import isfinite
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from tuning import svg
from tuning.bias_lines import DETECTOR_GROUPS, UNGROUPED
from tuning.quantiles import median, quantile
from tuning.session_folder import write_text
from tuning.svg import BLUE, GREEN, GREY, ORANGE, Box, Panel

from detectors import group_map
from detectors.group_map import GroupMap
from detectors.iv_curve import Curve, IvCurves

COLOURS = ("#1f6fb2", "#d9730d", "#2e8b57", "#c0392b", "#7d5ba6", "#8c5a3c", "#d1679e", "#5f6b73", "#a3a11b", "#1aa0b0",
           "#24408e", "#b58900")
"""One a bias group."""

BINS = 20
WIDE_POINTS = 180
GROUP_MARKS = [(float(group), str(group)) for group in range(DETECTOR_GROUPS)]
NO_GROUP_AT = float(DETECTOR_GROUPS)
MARKS_AND_NONE = GROUP_MARKS + [(NO_GROUP_AT, "none")]


class Measured(NamedTuple):
    """A value of a channel, and the group it belongs to."""

    group: int
    value: float


def iv_curves(path: str, title: str, iv: IvCurves) -> None:
    """R over R_n against the bias, a line a channel in the colour of its group."""
    low, high = iv.volts[0], iv.volts[-1]
    shown_to = _shown_volts(iv) or high
    panel = Panel(svg.WHOLE, (low, shown_to), (0.0, 1.15), "bias (V, low-current mode)", "R / R_n")
    panel.rectangle((low, shown_to), (0.3, 0.6), GREEN, 0.12)
    groups: List[int] = []
    for curve in iv.fine:
        xs, ys = _above_kink(iv.volts, curve, shown_to)
        panel.line(xs, ys, COLOURS[curve.place.group], 1)
        groups.append(curve.place.group)
    panel.note([f"{len(iv.fine)} of {len(iv.curves)} channels", "green: 0.3 to 0.6, where biases are sought"], font=14)
    write_text(path, svg.sheet(title, [panel], [f"a line a channel, in the colour of its bias group: "
                                                f"{', '.join(map(str, sorted(set(groups))))}"]))


def _shown_volts(iv: IvCurves) -> Optional[float]:
    """A little beyond where the last becomes normal: behind it nothing happens any more."""
    ends = [iv.volts[curve.normal_from] for curve in iv.fine]
    return min(max(ends) * 1.15, iv.volts[-1]) if ends else None


def _above_kink(volts: Sequence[float], curve: Curve, to: float) -> Tuple[List[float], List[float]]:
    """From a little below where it latches, thinned to what a panel can show."""
    last = next((at for at, volt in enumerate(volts) if volt > to), len(volts))
    places = range(max(curve.latched_at - 3, 1), last, max(last // WIDE_POINTS, 1))
    return [volts[at] for at in places], [curve.fraction(at) for at in places]


def iv_histograms(path: str, title: str, iv: IvCurves) -> None:
    """Normal resistance and saturation power, with what they scatter by."""
    fine = iv.fine
    panels = [_histogram(Box(82, 70, 300, 350), [curve.normal_ohm * 1e3 for curve in fine], "R_n (mOhm)", 2),
              _histogram(Box(470, 70, 300, 350), [curve.saturation_w * 1e12 for curve in fine], "P_sat (pW)", 2)]
    write_text(path, svg.sheet(title, panels, [f"{len(fine)} channels; dashed: the median"]))


def _histogram(box: Box, values: Sequence[float], label: str, decimals: int) -> Panel:
    middle = median(values) or 0.0
    low, high = (quantile(values, 0.0) or 0.0), (quantile(values, 1.0) or 1.0)
    room = max((high - low) * 0.08, abs(middle) * 0.02, 1e-3)
    low, high = low - room, high + room
    counts = [0] * BINS
    for value in values:
        counts[min(int((value - low) / (high - low) * BINS), BINS - 1)] += 1
    most = max(max(counts) * 1.3, 1.0)
    panel = Panel(box, (low, high), (0.0, most), label, "channels", x_ticks=5, y_marks=svg.count_marks(most, 6))
    width = (high - low) / BINS
    for place, count in enumerate(counts):
        if count:
            panel.rectangle((low + place * width, low + (place + 1) * width), (0, count), BLUE, 0.6)
    if values:
        panel.upright(middle, ORANGE, 2.5)
        spread = ((quantile(values, 0.75) or 0.0) - (quantile(values, 0.25) or 0.0)) / 2
        panel.note([f"{middle:.{decimals}f} \N{PLUS-MINUS SIGN} {spread:.{decimals}f}"], font=14)
    return panel


def operating_points(path: str, title: str, fractions: Sequence[Measured], responsivities: Sequence[Measured],
                     wanted: Tuple[float, float], biased: int, of: int) -> None:
    """R over R_n, and the responsivity, of each channel by group; green is where a channel counts as biased."""
    upper = _by_group(Box(82, 64, 694, 166), fractions, (-0.05, 1.15), "R / R_n", labelled=False)
    upper.rectangle(upper.x_range, wanted, GREEN, 0.14, GREEN)
    seen = [each.value for each in responsivities if isfinite(each.value)]
    low, high = (quantile(seen, 0.02) or 0.0), (quantile(seen, 0.98) or 0.0)
    room = max((high - low) * 0.2, 0.1)
    lower = _by_group(Box(82, 268, 694, 172), responsivities, (low - room, high + room), "S_i (1/\N{MICRO SIGN}V)")
    note = f"{biased} of {of} channels are biased: R / R_n within {wanted[0]:g} to {wanted[1]:g}"
    write_text(path, svg.sheet(title, [upper, lower], [note]))


def noise_by_group(path: str, title: str, levels: Sequence[Measured], alive_to: float) -> None:
    """White noise of each channel by group, with the medians."""
    seen = [each.value for each in levels]
    highest = max(min(max(quantile(seen, 0.98) or 0.0, 150.0) * 1.2, alive_to * 1.2), 60.0)
    inside = [each._replace(value=min(each.value, highest * 0.98)) for each in levels]
    panel = _by_group(svg.WHOLE, inside, (0.0, highest), "white noise (pA/rtHz)")
    panel.line(panel.x_range, [125.0, 125.0], GREY, 1.5, "6 4")
    beyond = sum(each.value > highest for each in levels)
    above = f"; {beyond} above the edge" if beyond else ""
    note = f"bar: median of the group; grey: superconducting, 125 pA/rtHz{above}"
    write_text(path, svg.sheet(title, [panel], [note]))


def _by_group(box: Box, values: Sequence[Measured], y_range: Tuple[float, float], y_label: str,
              labelled: bool = True) -> Panel:
    """Points by group, side by side in a group, and a bar at the median."""
    panel = Panel(box, (-0.6, NO_GROUP_AT + 0.6), y_range, "bias group" if labelled else "", y_label,
                  x_marks=MARKS_AND_NONE, y_ticks=5)
    of: Dict[int, List[float]] = {}
    for each in values:
        if isfinite(each.value):
            of.setdefault(each.group, []).append(each.value)
    for group, mine in sorted(of.items()):
        at = NO_GROUP_AT if group == UNGROUPED else float(group)
        colour = GREY if group == UNGROUPED else COLOURS[group]
        step = 0.6 / max(len(mine), 1)
        panel.points([at - 0.3 + step * (place + 0.5) for place in range(len(mine))], mine, colour, 3.5, 0.75)
        middle = median(mine) or 0.0
        panel.line([at - 0.36, at + 0.36], [middle, middle], colour, 3)
    return panel


def map_of_groups(path: str, title: str, groups: GroupMap) -> None:
    """How many channels follow each group, and which: a point a channel, hollow where its phase falls."""
    counted = group_map.counts(groups)
    most = max(max(counted) * 1.25, 1.0)
    bars = Panel(Box(82, 66, 694, 150), (-0.6, NO_GROUP_AT + 0.6), (0.0, most), "", "channels",
                 x_marks=MARKS_AND_NONE, y_marks=svg.count_marks(most, 4))
    for group, count in enumerate(counted):
        colour = COLOURS[group] if group < DETECTOR_GROUPS else GREY
        bars.rectangle((group - 0.35, group + 0.35), (0, count), colour, 0.75)
    numbers = {readout: 512 * readout.band + readout.channel for readout in groups}
    low, high = min(numbers.values(), default=0), max(numbers.values(), default=1)
    room = max((high - low) * 0.03, 1.0)
    where = Panel(Box(82, 258, 694, 182), (low - room, high + room), (-0.6, NO_GROUP_AT + 0.6),
                  "channel (512 a band)", "bias group", y_marks=MARKS_AND_NONE, font=14)
    for readout, place in groups.items():
        none = place.group == UNGROUPED
        at = NO_GROUP_AT if none else float(place.group)
        colour = GREY if none else COLOURS[place.group]
        where.points([numbers[readout]], [at], colour, 4, 0.9 if place.polarity > 0 else 0.35)
    assigned = len(groups) - counted[-1]
    write_text(path, svg.sheet(title, [bars, where], [f"{assigned} of {len(groups)} channels follow a group; pale: "
                                                      "the phase falls where the bias rises"]))
