"""The truth that a seed stands for: amplifiers, line and resonators of a simulated cryostat."""
from __future__ import annotations

from cmath import exp
from math import pi
from random import Random
from typing import Any, Dict, List, NamedTuple

from tuning import squid
from tuning.band import HALF_WIDTH_MHZ, centre_mhz
from tuning.noise import white_level_pa
from tuning.resonator import Resonator, dip_depth
from tuning.rising import nearest
from tuning.simulator import detector
from tuning.simulator.detector import Detector

SPACING_MHZ = 2.0
SPACING_SPREAD_MHZ = 0.25
PRESENT = 0.97

NOMINAL_SWING_KHZ = squid.peak_to_peak(1 / 3, squid.modulation_scale_khz(4200, 1.45, 50, 22.4))
"""99 kHz: lambda 1/3, resonators of 50 Ohm at 4.2 GHz, coupled by 1.45 pH to SQUIDs of 22.4 pH."""

EDGE_MHZ = 5.0

NOISY = 0.03
JITTER_KHZ = 60.0
"""The part of the resonators whose dip jitters by so much from sample to sample that no loop follows it."""


class Channel(NamedTuple):
    """A resonator with its SQUID as drawn: free-space frequency offset fb, width, coupling, flux response; and the
    detector at its input. ``white_pa`` is with that superconducting."""

    base_mhz: float
    bandwidth_mhz: float
    q_ratio: complex
    screening: float
    swing_khz: float
    phi0_ffs: float
    offset_ffs: float
    white_pa: float
    knee_hz: float
    knee_power: float
    jitter_khz: float
    detector: Detector

    def dip_mhz(self, bias: float) -> float:
        """Where the dip is at a flux bias, as an offset from the band centre."""
        scale = squid.scale_for_peak_to_peak(self.screening, self.swing_khz)
        flux = squid.applied_flux(bias, self.offset_ffs, self.phi0_ffs)
        return self.base_mhz + squid.frequency_shift(flux, self.screening, scale) / 1e3

    def resonator(self, bias: float) -> Resonator:
        return Resonator(self.dip_mhz(bias), self.bandwidth_mhz, self.q_ratio)


class Band(NamedTuple):
    """A band as drawn: response at full level, delay of line and processing, and its resonators as they rise."""

    designed: int
    level: float
    delay_us: float
    channels: List[Channel]

    def nearest(self, freq_mhz: float) -> int:
        """Place of the channel whose dip a tone of this frequency is on."""
        return nearest([channel.base_mhz for channel in self.channels], freq_mhz)


class Amplifier(NamedTuple):
    """Pinch-off in V and gain in mA/V^2 of Id = beta (Vg - Vp)^2, and where the gate begins."""

    pinch_off: float
    gain: float
    start_volt: float


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def draw_amplifiers(seed: int) -> Dict[str, Amplifier]:
    """HEMT and 50 K amplifier; both meet their targets inside the gate limits, in a few dozen steps.

    Their gains are such that a coarse step is less than 3 mA and a fine one less than 0.4 mA: a larger one
    would jump over the tolerance, to and fro.
    """
    rng = Random(f"{seed}/amplifiers")
    return {"hemt": Amplifier(_within(rng.gauss(-1.7, 0.03), -1.8, -1.6), rng.uniform(8, 12), -1.2),
            "50k": Amplifier(_within(rng.gauss(-0.62, 0.02), -0.68, -0.56), rng.uniform(150, 180), -0.5)}


def draw_band(seed: int, band: int, designed: int) -> Band:
    """Resonators every 2 +- 0.25 MHz round the band centre, 97 % of them present.

    Widths 110 +- 20 kHz, |Qe/Q| 1 + |0.3 +- 0.15|, arg Qe +- 0.15 rad, lambda 0.33 +- 0.05, peak-to-peak
    100 +- 10 kHz, Phi0 0.18 +- 0.005 of full scale, any flux offset; white noise round 125.8 pA/rtHz. 3 % of
    them are too noisy to be tracked.
    """
    rng = Random(f"{seed}/{band}/line")
    level = 10 ** _within(rng.gauss(0.45, 0.2), -0.2, 0.85)
    delay = rng.uniform(2.2, 2.6)
    spacing = min(SPACING_MHZ, 2 * (HALF_WIDTH_MHZ - EDGE_MHZ) / designed)
    channels = []
    for place in range(designed):
        designed_mhz = (place - (designed - 1) / 2) * spacing
        channel = _draw_channel(Random(f"{seed}/{band}/channel/{place}"), designed_mhz,
                                detector.draw_detector(Random(f"{seed}/{band}/detector/{place}"), place))
        if Random(f"{seed}/{band}/noisy/{place}").random() < NOISY:
            channel = channel._replace(jitter_khz=JITTER_KHZ)
        if Random(f"{seed}/{band}/present/{place}").random() < PRESENT:
            channels.append(channel)
    return Band(designed, level, delay, sorted(channels))


def _draw_channel(rng: Random, place_mhz: float, behind: Detector) -> Channel:
    # Two neighbours' errors add up to the spread of the spacing between them.
    base = place_mhz + rng.gauss(0, SPACING_SPREAD_MHZ / 2 ** 0.5)
    coupling = 1 + abs(rng.gauss(0.3, 0.15))
    phi0 = _within(rng.gauss(0.18, 0.005), 0.165, 0.195)
    return Channel(base_mhz=base,
                   bandwidth_mhz=_within(rng.gauss(0.110, 0.020), 0.05, 0.2),
                   q_ratio=exp(-1j * _within(rng.gauss(0, 0.15), -0.45, 0.45)) / coupling,
                   screening=_within(rng.gauss(0.33, 0.05), 0.15, 0.5),
                   swing_khz=_within(rng.gauss(NOMINAL_SWING_KHZ, 10), 60, 140),
                   phi0_ffs=phi0,
                   offset_ffs=rng.uniform(-phi0 / 2, phi0 / 2),
                   white_pa=white_level_pa(0.1, 0.4e-3) * _within(rng.gauss(1, 0.08), 0.75, 1.3),
                   knee_hz=10 ** _within(rng.gauss(-0.4, 0.15), -0.8, 0.0),
                   knee_power=_within(rng.gauss(1.0, 0.1), 0.7, 1.3),
                   jitter_khz=0.0, detector=behind)


def describe(band_number: int, band: Band) -> Dict[str, Any]:
    """The truth of a band as it stands in truth.json; ``freq_mhz`` is the dip's at no flux bias."""
    channels = []
    for channel in band.channels:
        channels.append({"freq_mhz": centre_mhz(band_number) + channel.dip_mhz(0.0),
                         "phi0_ffs": channel.phi0_ffs, "df_khz": channel.swing_khz,
                         "base_mhz": centre_mhz(band_number) + channel.base_mhz,
                         "bandwidth_khz": channel.bandwidth_mhz * 1e3,
                         "q_over_qe": [channel.q_ratio.real, channel.q_ratio.imag],
                         "dip_depth": dip_depth(channel.q_ratio),
                         "lambda": channel.screening, "flux_offset_ffs": channel.offset_ffs,
                         "flux_offset_rad": 2 * pi * channel.offset_ffs / channel.phi0_ffs,
                         "white_pa_rthz": channel.white_pa, "knee_hz": channel.knee_hz,
                         "knee_power": channel.knee_power, "jitter_khz": channel.jitter_khz,
                         "tracks": channel.jitter_khz == 0, **detector.describe(channel.detector)})
    return {"designed": band.designed, "level": band.level, "delay_us": band.delay_us, "channels": channels}
