"""The truth behind a band's feed line: resonators whose dips move with flux, as numpy formulas of our own.

Sources: S21 after Khalil et al. 2012, eq. 11; the rf-SQUID after Mates et al. 2008 (phi + lambda sin phi =
phi_e, shift D lambda cos phi / (1 + lambda cos phi)). Frequencies in MHz from the band's centre; a flux bias
is a part of the flux ramp DAC's full scale, from -1 to 1.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict

import numpy as np

SPACING_MHZ = 6.0
"""None lies within 2.4 MHz of the centre, where the phase delay is measured."""


@dataclass
class Line:
    """One band: arrays with one entry a resonator, and the line itself."""

    base_mhz: np.ndarray
    bandwidth_mhz: np.ndarray
    q_ratio: np.ndarray
    screening: np.ndarray
    swing_mhz: np.ndarray
    phi0: np.ndarray
    offset: np.ndarray
    white_pa: np.ndarray
    knee_hz: np.ndarray
    level: float
    delay_us: float
    cable_us: float

    def dips(self, bias: np.ndarray) -> np.ndarray:
        """Where the dips are: one row a bias, one column a resonator."""
        applied = 2 * np.pi * (np.asarray(bias, dtype=float)[:, None] - self.offset) / self.phi0
        flux = applied.copy()
        for _ in range(12):
            flux -= (flux + self.screening * np.sin(flux) - applied) / (1 + self.screening * np.cos(flux))
        curve = self.screening * np.cos(flux)
        scale = self.swing_mhz * (1 - self.screening ** 2) / (2 * self.screening)
        return self.base_mhz + scale * curve / (1 + curve)

    def transmission(self, freqs: np.ndarray, bias: np.ndarray, delay_us: float) -> np.ndarray:
        """S21 at each frequency, averaged over the biases of a ramp or at one steady bias."""
        freqs, dips = np.asarray(freqs, dtype=float), self.dips(bias)
        notches = np.ones((len(dips), *freqs.shape), dtype=complex)
        for place, (width, q_ratio) in enumerate(zip(self.bandwidth_mhz, self.q_ratio)):
            notches *= 1 - q_ratio / (1 + 2j / width * (freqs - dips[:, place, None]))
        return self.level * notches.mean(0) * np.exp(-2j * np.pi * freqs * delay_us)

    def nearest(self, freqs: np.ndarray) -> np.ndarray:
        """Index of the resonator next to each frequency."""
        return np.argmin(np.abs(np.asarray(freqs)[:, None] - self.dips(np.zeros(1))[0]), 1)

    def truth(self, centre_mhz: float) -> Dict[str, Any]:
        curve = self.dips(np.linspace(0, 1, 4001))
        dips = np.sort(self.dips(np.zeros(1))[0])
        near = dips[:, None] + np.linspace(-0.05, 0.05, 1001)
        lowest = np.argmin(np.abs(self.transmission(near, np.zeros(1), 0)), 1)
        return {"dips_mhz": dips, "lowest_mhz": near[np.arange(len(dips)), lowest], "centre_mhz": centre_mhz,
                "band_delay_us": self.delay_us, "level": self.level, "phi0_ffs": float(np.median(self.phi0)),
                "df_khz": float(np.median(np.ptp(curve, 0))) * 1e3, "n": len(self.base_mhz),
                "white_pa": float(np.median(self.white_pa)), "knee_hz": float(np.median(self.knee_hz)),
                "carrier_khz_at_0.4_and_4khz": 4 * 2 * 0.4 / float(np.median(self.phi0))}


def draw(seed: int, band: int, count: int) -> Line:
    rng = np.random.default_rng([seed, band])
    places = (np.arange(count) - (count - 1) / 2) * SPACING_MHZ
    return Line(base_mhz=places + rng.uniform(-0.4, 0.4, count),
                bandwidth_mhz=rng.uniform(0.09, 0.13, count),
                q_ratio=rng.uniform(0.68, 0.85, count) * np.exp(1j * rng.normal(0, 0.12, count)),
                screening=rng.uniform(0.28, 0.38, count), swing_mhz=rng.normal(0.1, 0.008, count),
                phi0=rng.normal(0.18, 0.003, count), offset=rng.uniform(-0.09, 0.09, count),
                white_pa=rng.normal(125.8, 6, count), knee_hz=rng.uniform(0.3, 0.9, count),
                level=float(rng.uniform(3.2, 4.2)), delay_us=float(rng.uniform(2.2, 2.5)),
                cable_us=float(rng.uniform(0.35, 0.45)))
