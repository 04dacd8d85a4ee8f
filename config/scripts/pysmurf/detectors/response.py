"""What small changes of the bias tell of a detector: where it is in its transition, how it responds, how fast.

Sources: sodetlib ``operations/bias_steps.py`` (``_compute_R0_I0_Pj``, ``_fit_tau_effs``) and ``bias_wave.py``.
"""
from __future__ import annotations

from math import atan2, cos, exp, hypot, pi, sin
from typing import NamedTuple, Optional, Tuple

from tuning.bias_lines import Constants, Readout, SteppedGroup, WavedGroup

LAST = 10
"""Samples at the end of a window, where the response is over."""

TAU_RANGE_S = (1e-4, 2e-2)
TAU_STEPS = 60


class OperatingPoint(NamedTuple):
    """Resistance, current, Joule power and responsivity (1/V) of a detector."""

    ohm: float
    current_a: float
    power_w: float
    per_volt: float


NOWHERE = OperatingPoint(float("nan"), float("nan"), float("nan"), float("nan"))


def current_of_phase(phase_rad: float, pa_per_phi0: float) -> float:
    """In A."""
    return phase_rad / (2 * pi) * pa_per_phi0 * 1e-12


def operating_point(ratio: float, bias_a: float, shunt_ohm: float, step_a: float = 0.0) -> OperatingPoint:
    """From the ratio of the changes of TES and bias current, r = dI_tes / dI_b.

    Where r > 0 the TES is a resistor, superconducting or normal: I0 = I_b r. Where r < 0 it keeps its power, and
    I0 (I_b - I0) is the same before and behind a step from I_b to I_b + dI_b: I0 = r (I_b + (1 - r) dI_b) / (2 r - 1).
    Sodetlib leaves the step out of it, as if it were small: at 50 mV of 6 V its R is 1 % too high. Then
    P = I0 R_sh (I_b - I0), R = P / I0^2 and Si = -1 / (I0 (R - R_sh)).
    """
    current = bias_a * ratio if ratio > 0 else ratio * (bias_a + (1 - ratio) * step_a) / (2 * ratio - 1)
    if current == 0:
        return NOWHERE
    power = current * shunt_ohm * (bias_a - current)
    ohm = power / current ** 2
    return OperatingPoint(ohm, current, power, -1 / (current * (ohm - shunt_ohm)) if ohm != shunt_ohm else 0.0)


def jump_rad(stepped: SteppedGroup, readout: Readout) -> float:
    """How far a channel's phase went, from before the edge to the end of the window."""
    phases = stepped.phases[readout]
    before, after = phases[:stepped.before], phases[-LAST:]
    return sum(after) / len(after) - sum(before) / len(before)


def step_ratio(stepped: SteppedGroup, readout: Readout, polarity: int, pa_per_phi0: float) -> float:
    return polarity * current_of_phase(jump_rad(stepped, readout), pa_per_phi0) / stepped.step_a


def step_point(stepped: SteppedGroup, readout: Readout, polarity: int, constants: Constants) -> OperatingPoint:
    return operating_point(step_ratio(stepped, readout, polarity, constants.pa_per_phi0), stepped.bias_a,
                           constants.shunt_ohm, stepped.step_a)


def time_constant_s(stepped: SteppedGroup, readout: Readout) -> Optional[float]:
    """tau of A exp(-t / tau) + b behind the edge; None where nothing decays.

    For each tau the best A and b are linear; tau by golden section on its logarithm.
    """
    tail = stepped.phases[readout][stepped.before:]
    times = [n / stepped.rate_hz for n in range(1, len(tail) + 1)]

    def left(tau: float) -> Tuple[float, float]:
        shape = [exp(-t / tau) for t in times]
        mean_shape, mean = sum(shape) / len(shape), sum(tail) / len(tail)
        over = sum((s - mean_shape) ** 2 for s in shape)
        size = sum((s - mean_shape) * (y - mean) for s, y in zip(shape, tail)) / over
        return sum((y - mean - size * (s - mean_shape)) ** 2 for s, y in zip(shape, tail)), size

    low, high = TAU_RANGE_S
    ratio = (5 ** 0.5 - 1) / 2
    for _ in range(TAU_STEPS):
        span = high / low
        inner, outer = low * span ** (1 - ratio), low * span ** ratio
        if left(inner)[0] < left(outer)[0]:
            high = outer
        else:
            low = inner
        if span < 1.001:
            break
    tau = (low * high) ** 0.5
    return tau if TAU_RANGE_S[0] * 1.1 < tau < TAU_RANGE_S[1] / 1.1 else None


def wave_ratio(waved: WavedGroup, readout: Readout, polarity: int, pa_per_phi0: float) -> float:
    """r from a sine: its size from sine and cosine, its sign from which of both it goes with."""
    phases = waved.phases[readout]
    angles = [2 * pi * n / len(phases) for n in range(len(phases))]
    along = 2 / len(phases) * sum(phase * sin(angle) for phase, angle in zip(phases, angles))
    across = 2 / len(phases) * sum(phase * cos(angle) for phase, angle in zip(phases, angles))
    size = current_of_phase(hypot(along, across), pa_per_phi0) / waved.wave_a
    with_it = abs(atan2(across, along * polarity)) < pi / 2
    return size if with_it else -size


def wave_point(waved: WavedGroup, readout: Readout, polarity: int, constants: Constants) -> OperatingPoint:
    """A sine goes as far up as down."""
    return operating_point(wave_ratio(waved, readout, polarity, constants.pa_per_phi0), waved.bias_a,
                           constants.shunt_ohm)
