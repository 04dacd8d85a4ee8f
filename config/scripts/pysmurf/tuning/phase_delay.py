"""The delay of a line from the slope of its phase."""
from __future__ import annotations

from cmath import phase
from math import pi
from typing import List, Sequence

DELAY_STEP_US = 1 / 307.2
"""Resolution of the band delay: one tick of the 307.2 MHz DSP clock."""


def unwrapped_phase(response: Sequence[complex]) -> List[float]:
    """Phase in radians, each step taken the short way round."""
    angles = [phase(response[0])]
    for before, after in zip(response, response[1:]):
        angles.append(angles[-1] + phase(after * before.conjugate()))
    return angles


def delay_us(freqs_mhz: Sequence[float], response: Sequence[complex]) -> float:
    """tau = -slope of the unwrapped phase / 2 pi, by a straight line through all points."""
    angles = unwrapped_phase(response)
    count = len(angles)
    mean_freq = sum(freqs_mhz) / count
    mean_angle = sum(angles) / count
    product = sum((f - mean_freq) * (a - mean_angle) for f, a in zip(freqs_mhz, angles))
    square = sum((f - mean_freq) ** 2 for f in freqs_mhz)
    return -product / square / (2 * pi)


def to_register(delay: float) -> float:
    """The nearest delay that the register can hold."""
    return round(delay / DELAY_STEP_US) * DELAY_STEP_US
