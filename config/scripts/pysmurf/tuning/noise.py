"""Readout noise in current: the model, a stream drawn from it, and the spectrum measured of a stream."""
from __future__ import annotations

from math import cos, log10, pi, sqrt
from random import Random
from typing import List, NamedTuple, Optional, Sequence, Tuple

from tuning.fourier import fft
from tuning.quantiles import median

BOLTZMANN = 1.380649e-23

READOUT_PA = 45.0
"""White noise of the readout alone, in pA/rtHz. Source: sodetlib documentation, setup."""

SEGMENT = 1024
"""Samples of one Welch segment."""


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


def knee_frequency(freqs: Sequence[float], asd: Sequence[float], white: float,
                   per_decade: int = 10) -> Optional[float]:
    """Where the density, averaged in ten bins a decade, first falls to sqrt(2) of the white level.

    None where the spectrum is white from its lowest frequency on. Source: sodetlib ``get_noise_params``.
    """
    previous: Optional[Tuple[float, float]] = None
    place = 0
    while place < len(freqs):
        bin_number = int(log10(freqs[place]) * per_decade // 1)
        end = place
        while end < len(freqs) and int(log10(freqs[end]) * per_decade // 1) == bin_number:
            end += 1
        freq = sum(freqs[place:end]) / (end - place)
        level = sum(asd[place:end]) / (end - place)
        if level <= sqrt(2) * white:
            if previous is None:
                return None
            above, over = previous
            share = (over - sqrt(2) * white) / (over - level)
            return above + (freq - above) * share
        previous = (freq, level)
        place = end
    return None
