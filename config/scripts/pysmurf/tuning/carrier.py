"""The carrier: how often a flux ramp sends a dip up and down its SQUID curve."""
from __future__ import annotations

from typing import Optional, Sequence

from tuning.harmonics import fit_period

CARRIER_HARMONICS = 3
CARRIER_THINNING = 4
R2_MIN = 0.9


def carrier_khz(error_khz: Sequence[float], samples: int, reset_rate_khz: float) -> Optional[float]:
    """The carrier of one channel from its error with feedback off, None where there is none.

    ``samples`` of the error make one ramp.
    """
    ramps = len(error_khz) // samples
    mean = [sum(error_khz[n::samples]) / ramps for n in range(samples)]
    # Four samples in one: 600 kHz are plenty for a carrier of 20.
    thin = [sum(mean[n:n + CARRIER_THINNING])
            for n in range(0, samples - CARRIER_THINNING + 1, CARRIER_THINNING)]
    fit = fit_period(thin, CARRIER_HARMONICS)
    if fit is None or fit.r2 < R2_MIN:
        return None
    return fit.cycles / len(thin) * (samples * reset_rate_khz) / CARRIER_THINNING
