"""The flux ramp: how far it sweeps, the carrier it makes of the SQUID curve, and what a phase of it means."""
from __future__ import annotations

from math import pi
from typing import List

SAMPLE_RATE_KHZ = 2400.0
"""Samples of one channel: 2.4 MHz."""

PA_PER_PHI0 = 9e6
"""TES current of one flux quantum, in pA; Phi0 / 227 pH = 9.11 uA. Source: sodetlib ``pA_per_phi0``."""

INPUT_MUTUAL_PH = 227.0
PHI0_WB = 2.067833848e-15


def carrier_khz(nphi0: float, reset_rate_khz: float) -> float:
    """Frequency of the modulated dip: flux quanta a ramp times ramps a second."""
    return nphi0 * reset_rate_khz


def rescaled_fraction(fraction: float, wanted_khz: float, measured_khz: float) -> float:
    """Fraction of full scale that brings the carrier where it is wanted.

    Source: sodetlib ``setup_tracking_params``: frac_pp = init_frac_pp * lms_freq / lms_meas.
    """
    return fraction * wanted_khz / measured_khz


def samples_per_ramp(reset_rate_khz: float) -> int:
    """Samples of a channel in one ramp: 600 at 4 kHz."""
    return int(round(SAMPLE_RATE_KHZ / reset_rate_khz))


def ramp(fraction: float, samples: int) -> List[float]:
    """The bias during one ramp, a sawtooth from -F towards F: 2 F / P flux quanta for a Phi0 of P.

    Source: pysmurf ``flux_ramp_setup`` (reset value (1 - F)/2).
    """
    return [fraction * (2 * n / samples - 1) for n in range(samples)]


def current_pa(phase: float, pa_per_phi0: float = PA_PER_PHI0) -> float:
    """TES current of a demodulated phase in radians: I = theta / (2 pi) * 9e6 pA."""
    return phase / (2 * pi) * pa_per_phi0


def slope_mhz_per_pa(khz_per_phi0: float) -> float:
    """<df/dI> in mHz/pA from the mean |slope| of a SQUID curve in kHz per Phi0.

    Source: sodetlib ``dfduPhi0_to_dfdI`` with M_in = 227 pH.
    """
    phi0_per_pa = INPUT_MUTUAL_PH * 1e-12 / PHI0_WB * 1e-12
    return khz_per_phi0 * 1e3 * phi0_per_pa * 1e3
