"""The rf-SQUID at the end of a resonator: how flux moves the dip.

Flux is an angle in radians (2 pi = one flux quantum Phi0); a bias is a fraction of the flux-ramp DAC's full
scale, from -1 to 1.
"""
from __future__ import annotations

from math import cos, pi, sin

NEWTON_STEPS = 12


def flux_in_squid(applied: float, screening: float) -> float:
    """Solve phi + lambda sin(phi) = phi_e for phi by Newton's steps (a Kepler equation; lambda < 1).

    Source: Mates et al. 2008 (APL 92, 023514).
    """
    flux = applied
    for _ in range(NEWTON_STEPS):
        step = (flux + screening * sin(flux) - applied) / (1 + screening * cos(flux))
        flux -= step
        if -1e-13 < step < 1e-13:
            break
    return flux


def frequency_shift(applied: float, screening: float, scale: float) -> float:
    """Shift of the dip, D lambda cos(phi) / (1 + lambda cos(phi)), in the unit of the scale D.

    Source: Mates et al. 2008; Mates's thesis, eq. 2.50.
    """
    curve = screening * cos(flux_in_squid(applied, screening))
    return scale * curve / (1 + curve)


def modulation_scale_khz(freq_mhz: float, coupling_ph: float, impedance_ohm: float,
                         inductance_ph: float) -> float:
    """D = 4 fb^2 Mc^2 / (Z1 Ls), in kHz. Source: Mates's thesis, eqs. 2.16 and 2.50."""
    freq_hz = freq_mhz * 1e6
    return 4 * freq_hz ** 2 * (coupling_ph * 1e-12) ** 2 / (impedance_ohm * inductance_ph * 1e-12) * 1e-3


def peak_to_peak(screening: float, scale: float) -> float:
    """2 lambda D / (1 - lambda^2): from phi = 0 to phi = pi."""
    return 2 * screening * scale / (1 - screening ** 2)


def scale_for_peak_to_peak(screening: float, swing: float) -> float:
    """D that gives a wanted peak-to-peak shift: the inverse of `peak_to_peak`."""
    return swing * (1 - screening ** 2) / (2 * screening)


def applied_flux(bias: float, offset: float, period: float) -> float:
    """phi_e = 2 pi (x - x0) / P for a bias x; P is Phi0 in fractions of full scale."""
    return 2 * pi * (bias - offset) / period
