"""Which bias group each channel follows, and in which direction: found from steps of one group after the other."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence

from tuning.bias_lines import DETECTOR_GROUPS, SHUNT_OHM, UNGROUPED, BiasLines, Readout, SteppedGroup
from tuning.instrument import CannotWork
from tuning.npy import Field, read_table, write_table
from tuning.quantiles import median

from detectors.response import jump_rad, operating_point, step_ratio

THRESHOLD = 0.3
"""Part of all that a channel moved by, for one group. Source: sodetlib ``take_bgmap``."""

TRUSTED = 0.6
"""A map with less is not taken into use."""

MAX_OHM = 30e-3
"""More is no detector but what a channel sees of its neighbour. Source: sodetlib ``R0_thresh``."""

FIELDS: List[Field] = [("band", "<i4"), ("channel", "<i4"), ("bgmap", "<i4"), ("polarity", "<i4"),
                       ("correlation", "<f8")]


class Place(NamedTuple):
    """Where a channel belongs: its group (-1 for none), the sign of its phase, and how sure that is."""

    group: int
    polarity: int
    correlation: float


NOWHERE = Place(UNGROUPED, 1, 0.0)

GroupMap = Dict[Readout, Place]


def assign(stepped: Sequence[SteppedGroup], pa_per_phi0: float, shunt_ohm: float = SHUNT_OHM,
           threshold: float = THRESHOLD) -> GroupMap:
    """The group whose steps moved a channel most. Source: sodetlib ``_create_bg_map``."""
    found: GroupMap = {}
    for readout in stepped[0].phases if stepped else ():
        jumps = [jump_rad(each, readout) for each in stepped]
        moved = sum(abs(jump) for jump in jumps)
        most = max(range(len(jumps)), key=lambda place: abs(jumps[place]))
        correlation = abs(jumps[most]) / moved if moved else 0.0
        group, polarity = stepped[most].group, 1 if jumps[most] > 0 else -1
        step = stepped[most]
        point = operating_point(step_ratio(step, readout, polarity, pa_per_phi0), step.bias_a, shunt_ohm)
        fits = correlation >= threshold and abs(point.ohm) <= MAX_OHM
        found[readout] = Place(group if fits else UNGROUPED, polarity, correlation)
    return found


def counts(groups: GroupMap) -> List[int]:
    """Channels of each group, and last those of none."""
    of = [place.group for place in groups.values()]
    return [of.count(group) for group in range(DETECTOR_GROUPS)] + [of.count(UNGROUPED)]


def correlation(groups: GroupMap) -> Optional[float]:
    """The median of those that have a group: near 1 where steps were seen, hardly above the threshold in noise."""
    return median([place.correlation for place in groups.values() if place.group != UNGROUPED])


def trusted(groups: GroupMap) -> bool:
    return (correlation(groups) or 0.0) >= TRUSTED


def in_use(lines: BiasLines) -> GroupMap:
    path = lines.file_in_use("bgmap")
    if path is None:
        raise CannotWork("no map of bias groups: run take_bgmap first")
    return read(path)


def write(path: str, groups: GroupMap) -> None:
    write_table(path, FIELDS, [(*readout, place.group, place.polarity, place.correlation)
                               for readout, place in sorted(groups.items())])


def read(path: str) -> GroupMap:
    columns = read_table(path).columns
    return {Readout(band, channel): Place(group, polarity, correlation)
            for band, channel, group, polarity, correlation in zip(*[columns[field[0]] for field in FIELDS])}
