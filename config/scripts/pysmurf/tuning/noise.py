"""Readout noise in current: the model, a stream drawn from it, and the spectrum measured of a stream."""
from __future__ import annotations

from math import cos, exp, floor, log, log10, pi, sqrt
from random import Random
from typing import List, NamedTuple, Optional, Sequence, Tuple

from tuning.fourier import fft
from tuning.instrument import CannotWork
from tuning.quantiles import median

BOLTZMANN = 1.380649e-23

READOUT_PA = 45.0
"""White noise of the readout alone, in pA/rtHz. Source: sodetlib documentation, setup."""

SEGMENT = 1024
"""Samples of one Welch segment."""

BINS_PER_DECADE = 10
FITTED_TO_HZ = 30.0
FIT_STEPS = 30
SLOPE_PRIOR = 4.0
"""How the knee is fitted; the prior is a slope of 1, of the weight of four frequencies."""


def johnson_pa(temperature_k: float, resistance_ohm: float) -> float:
    """Current noise of a resistor, sqrt(4 k T / R), in pA/rtHz: 117.5 at 100 mK and 0.4 mOhm."""
    return sqrt(4 * BOLTZMANN * temperature_k / resistance_ohm) * 1e12


def white_level_pa(temperature_k: float, shunt_ohm: float) -> float:
    """Shunt and readout in quadrature: 125.8 pA/rtHz at 100 mK and 0.4 mOhm. Source: sodetlib, setup."""
    return sqrt(johnson_pa(temperature_k, shunt_ohm) ** 2 + READOUT_PA ** 2)


class Colour(NamedTuple):
    """White level in pA/rtHz, knee in Hz, and the power of the slope."""

    white_pa: float
    knee_hz: float
    knee_power: float

    def asd(self, freq_hz: float) -> float:
        """wl sqrt(1 + (fk/f)^n). Source: sodetlib ``noise_model``."""
        return self.white_pa * sqrt(1 + (self.knee_hz / freq_hz) ** self.knee_power)


def draw_streams(first: Colour, second: Colour, rate_hz: float, samples: int,
                 rng: Random) -> Tuple[List[float], List[float]]:
    """Two independent streams in pA, drawn from their spectra in one transform (real and imaginary part)."""
    size = 1
    while size < samples:
        size *= 2
    spectrum = [0j] * size
    gauss = rng.gauss
    scale = sqrt(size * rate_hz / 2) / sqrt(2)
    for k in range(1, size // 2):
        freq = k * rate_hz / size
        x = complex(gauss(0, 1), gauss(0, 1)) * (scale * first.asd(freq))
        y = complex(gauss(0, 1), gauss(0, 1)) * (scale * second.asd(freq))
        spectrum[k] = x + 1j * y
        spectrum[size - k] = x.conjugate() + 1j * y.conjugate()
    stream = fft(spectrum)
    kept = stream[:samples]
    return [value.real / size for value in kept], [value.imag / size for value in kept]


def spectrum_asd(values: Sequence[float], rate_hz: float) -> Tuple[List[float], List[float]]:
    """Frequencies and amplitude spectral density by Welch's method: Hann windows, half overlapped, no means.

    Two segments go through each transform, one as the real and one as the imaginary part.
    """
    size = SEGMENT
    while size > len(values):
        size //= 2
    window = [0.5 - 0.5 * cos(2 * pi * n / size) for n in range(size)]
    norm = rate_hz * sum(w * w for w in window)
    segments = []
    for start in range(0, len(values) - size + 1, size // 2):
        part = values[start:start + size]
        mean = sum(part) / size
        segments.append([(value - mean) * w for value, w in zip(part, window)])
    power = [0.0] * (size // 2)
    count = len(segments)
    if count % 2:
        segments.append([0.0] * size)
    for real, imaginary in zip(segments[::2], segments[1::2]):
        both = fft([complex(a, b) for a, b in zip(real, imaginary)])
        for k in range(1, size // 2):
            here, mirrored = both[k], both[size - k]
            # |X|^2 + |Y|^2 of two real signals from the transform of x + iy.
            power[k] += (abs(here) ** 2 + abs(mirrored) ** 2) / 2
    freqs = [k * rate_hz / size for k in range(1, size // 2)]
    return freqs, [sqrt(2 * total / (norm * count)) for total in power[1:]]


def white_level(freqs: Sequence[float], asd: Sequence[float], low_hz: float,
                high_hz: float) -> Optional[float]:
    """Median of the density in a window. Source: sodetlib ``get_noise_params`` (10 to 30 Hz)."""
    return median([value for freq, value in zip(freqs, asd) if low_hz < freq < high_hz])


class ChannelNoise(NamedTuple):
    """What a stream tells of one channel's noise."""

    white_pa: float
    knee_hz: Optional[float]
    asd_pa: Sequence[float]


def channel_noise(current_pa: Sequence[float], rate_hz: float,
                  window_hz: Tuple[float, float]) -> Tuple[Sequence[float], ChannelNoise]:
    """The frequencies, and what there is at them."""
    freqs, asd = spectrum_asd(current_pa, rate_hz)
    level = white_level(freqs, asd, *window_hz)
    if level is None:
        raise CannotWork(f"no frequency of the spectrum within {window_hz[0]:g} to {window_hz[1]:g} Hz")
    return freqs, ChannelNoise(level, knee_frequency(freqs, asd), asd)


def knee_frequency(freqs: Sequence[float], asd: Sequence[float]) -> Optional[float]:
    """The knee of sodetlib's ``noise_model``, fitted with its level and slope; None below half the lowest
    frequency, where the spectrum is white.

    The knee of a short stream lies among the lowest few frequencies. So the fit is of the power, each bin by
    its own scatter (Gauss's steps on measured over expected), and expects what the Hann window makes of the
    slope. A slope that the data do not settle stays near 1.
    """
    bins = _binned(freqs, asd)
    count = sum(each.count for each in bins)
    log_knee, slope = 0.0, 1.0
    for _ in range(FIT_STEPS):
        expected = [_expected(each.freq, freqs[0], log_knee, slope) for each in bins]
        level = sum(each.count * each.power / e.power for each, e in zip(bins, expected)) / count
        # The level is fitted along: what it takes up is no sign of a knee.
        mean_knee = sum(each.count * e.by_knee for each, e in zip(bins, expected)) / count
        mean_slope = sum(each.count * e.by_slope for each, e in zip(bins, expected)) / count
        knee_knee, knee_slope, slope_slope = 1e-3, 0.0, SLOPE_PRIOR
        knee_off, slope_off = 0.0, SLOPE_PRIOR * (1 - slope)
        for each, e in zip(bins, expected):
            by_knee, by_slope = e.by_knee - mean_knee, e.by_slope - mean_slope
            off = each.count * (each.power / (level * e.power) - 1)
            knee_knee += each.count * by_knee ** 2
            knee_slope += each.count * by_knee * by_slope
            slope_slope += each.count * by_slope ** 2
            knee_off += off * by_knee
            slope_off += off * by_slope
        scale = knee_knee * slope_slope - knee_slope ** 2
        step = (slope_slope * knee_off - knee_slope * slope_off) / scale
        log_knee += min(max(step, -0.5), 0.5)
        slope += min(max((knee_knee * slope_off - knee_slope * knee_off) / scale, -0.5), 0.5)
        slope = min(max(slope, 0.3), 3.0)
        if abs(step) < 1e-3:
            break
    knee = exp(log_knee)
    return knee if knee >= freqs[0] / 2 else None


class _Bin(NamedTuple):
    freq: float
    power: float
    count: int


def _binned(freqs: Sequence[float], asd: Sequence[float]) -> List[_Bin]:
    """Mean power in ten bins a decade; without the lowest frequency, which lacks the mean of each segment."""
    bins = []
    place = 1
    while place < len(freqs) and freqs[place] <= FITTED_TO_HZ:
        number = floor(log10(freqs[place]) * BINS_PER_DECADE)
        end = place + 1
        while end < len(freqs) and floor(log10(freqs[end]) * BINS_PER_DECADE) == number:
            end += 1
        count = end - place
        power = sum(value ** 2 for value in asd[place:end]) / count
        bins.append(_Bin(sum(freqs[place:end]) / count, power, count))
        place = end
    return bins


class _Expected(NamedTuple):
    """Power in units of the white one, and the derivatives of its logarithm."""

    power: float
    by_knee: float
    by_slope: float


def _expected(freq: float, spacing: float, log_knee: float, slope: float) -> _Expected:
    """1 + (fk/f)^n as a Hann window shows it: two thirds of a frequency, a sixth of each of its neighbours."""
    power, by_knee, by_slope = 1.0, 0.0, 0.0
    for share, at in ((1 / 6, freq - spacing), (2 / 3, freq), (1 / 6, freq + spacing)):
        below = log_knee - log(at)
        excess = share * exp(slope * below)
        power += excess
        by_knee += slope * excess
        by_slope += below * excess
    return _Expected(power, by_knee / power, by_slope / power)
