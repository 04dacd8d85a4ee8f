"""Microwave resonators on a feed line: what a tone sees, and eta, by which a tone is read.

Frequencies are in MHz, as offsets from the band centre; delays in microseconds.
"""
from __future__ import annotations

from bisect import bisect_left
from cmath import exp, pi
from typing import List, NamedTuple, Sequence

from tuning.band import SUBBAND_HALF_WIDTH_MHZ

NEIGHBOURS = 3
"""Resonators that count on each side of a tone; the next ones are tens of bandwidths away."""


class Resonator(NamedTuple):
    """One dip: where it is now, its width fr/Q, and the complex Q/Qe that sets depth and skew."""

    freq_mhz: float
    bandwidth_mhz: float
    q_ratio: complex


def notch(offset_mhz: float, bandwidth_mhz: float, q_ratio: complex) -> complex:
    """S21 of one resonator: 1 - (Q/Qe) / (1 + 2iQ (f-fr)/fr), with Q = fr/bandwidth.

    Source: sodetlib ``resonator_fitting.py`` (linear_resonator), after Khalil et al. 2012, eq. 11.
    """
    return 1 - q_ratio / complex(1, 2 * offset_mhz / bandwidth_mhz)


def dip_depth(q_ratio: complex) -> float:
    """|S21| at the bottom of the dip: |1 - Q/Qe|."""
    return abs(1 - q_ratio)


def transmission(freqs_mhz: Sequence[float], resonators: Sequence[Resonator], gain: float) -> List[complex]:
    """A times the product of the notches of the nearest resonators (so that collisions come free).

    ``freqs_mhz`` and ``resonators`` rise in frequency. Source: the product as in babysmurf's make_res_s21.
    """
    centres = [resonator.freq_mhz for resonator in resonators]
    response: List[complex] = []
    start = 0
    while start < len(freqs_mhz):
        place = bisect_left(centres, freqs_mhz[start])
        end = len(freqs_mhz)
        if place < len(centres):
            end = max(bisect_left(freqs_mhz, centres[place], start), start + 1)
            if freqs_mhz[start] == centres[place]:
                end = start + 1
        near = resonators[max(place - NEIGHBOURS, 0):place + NEIGHBOURS]
        for freq in freqs_mhz[start:end]:
            s21 = complex(gain)
            # `notch` written out: this is where a sweep spends its time.
            for centre, bandwidth, q_ratio in near:
                s21 *= 1 - q_ratio / complex(1, 2 * (freq - centre) / bandwidth)
            response.append(s21)
        start = end
    return response


def delayed(freqs_mhz: Sequence[float], response: Sequence[complex], delay_us: float) -> List[complex]:
    """The response behind a line of delay tau: times exp(-2 pi i f tau).

    Source: sodetlib ``resonator_fitting.py`` (resonator_cable).
    """
    turn = -2j * pi * delay_us
    return [value * exp(turn * freq) for freq, value in zip(freqs_mhz, response)]


def background(freq_mhz: float, others: Sequence[Resonator], gain: float) -> complex:
    """What the line and its other resonators do to a tone, without the resonator it reads."""
    s21 = complex(gain)
    for centre, bandwidth, q_ratio in others:
        s21 *= notch(freq_mhz - centre, bandwidth, q_ratio)
    return s21


def eta(freq_minus: float, freq_plus: float, s21_minus: complex, s21_plus: complex) -> complex:
    """(f+ - f-) / (S+ - S-), in MHz per unit of response: Re(eta S21) rises with the tone's offset in MHz.

    Source: pysmurf ``eta_estimator``; the convention with the real part is babysmurf's. Two equal
    responses have no slope: eta is then as large as a float allows, and is clipped like any other.
    """
    difference = s21_plus - s21_minus
    if difference == 0:
        return complex(1e300)
    return (freq_plus - freq_minus) / difference


def clip_eta(value: complex) -> complex:
    """|eta| limited to the half width of a sub-band, as pysmurf's setup_notches does."""
    magnitude = abs(value)
    if magnitude <= SUBBAND_HALF_WIDTH_MHZ:
        return value
    return value / magnitude * SUBBAND_HALF_WIDTH_MHZ


def eta_clipped(value: complex, limit_mhz: float = SUBBAND_HALF_WIDTH_MHZ) -> bool:
    """True where the slope was too small to be a dip's; the register of eta has steps of a thousandth."""
    return abs(value) >= limit_mhz * (1 - 2e-3)
