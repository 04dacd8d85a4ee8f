"""Finding resonators in a swept response."""
from __future__ import annotations

from bisect import bisect_left, insort
from cmath import phase, pi
from typing import List, Sequence

WINDOW = 50
"""Points of the rolling median. Source: pysmurf ``find_freq`` (window)."""

REACH = 2
"""A dip is lower than this many points on either side of it."""


def rolling_median(values: Sequence[float], window: int = WINDOW) -> List[float]:
    """Median of the ``window`` points around each point; fewer at the ends."""
    half = window // 2
    inside: List[float] = sorted(values[:half])
    medians = []
    for place in range(len(values)):
        if place + half < len(values):
            insort(inside, values[place + half])
        if place - half > 0:
            del inside[bisect_left(inside, values[place - half - 1])]
        medians.append(inside[len(inside) // 2])
    return medians


def phase_steps(response: Sequence[complex]) -> List[float]:
    """Change of phase from each point to the next, in radians, less the line's own (the median)."""
    steps = [phase(after * before.conjugate()) for before, after in zip(response, response[1:])]
    if not steps:
        return []
    typical = sorted(steps)[len(steps) // 2]
    return [(step - typical + pi) % (2 * pi) - pi for step in steps]


def find_dips(freqs_mhz: Sequence[float], response: Sequence[complex], amp_cut: float,
              grad_cut: float) -> List[float]:
    """Frequencies where the amplitude dips by ``amp_cut`` of the rolling median and the phase turns.

    A dip is the lowest point within two points on either side, at least ``amp_cut`` (a fraction) below the
    rolling median, and within that reach the phase steps by ``grad_cut`` radians or more from one point to
    the next. The place between the grid's points is that of a parabola through the three lowest.
    Source: pysmurf ``find_freq`` / ``find_all_peak`` (amp_cut, grad_cut, window).
    """
    amplitude = [abs(value) for value in response]
    medians = rolling_median(amplitude)
    steps = phase_steps(response)
    found = []
    for place in range(REACH, len(amplitude) - REACH):
        here = amplitude[place]
        if here > medians[place] * (1 - amp_cut):
            continue
        if here != min(amplitude[place - REACH:place + REACH + 1]):
            continue
        if found and place - found[-1] <= REACH:
            continue
        if max(abs(step) for step in steps[place - REACH:place + REACH]) < grad_cut:
            continue
        found.append(place)
    return [_bottom(freqs_mhz, amplitude, place) for place in found]


def _bottom(freqs_mhz: Sequence[float], amplitude: Sequence[float], place: int) -> float:
    left, here, right = (amplitude[place + side] ** 2 for side in (-1, 0, 1))
    curvature = left - 2 * here + right
    step = freqs_mhz[place + 1] - freqs_mhz[place]
    if curvature <= 0:
        return freqs_mhz[place]
    return freqs_mhz[place] + step * min(max((left - right) / (2 * curvature), -0.5), 0.5)
