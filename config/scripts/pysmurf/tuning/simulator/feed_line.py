"""One band's feed line as the registers have it set: what a sweep sees of it, and what a loop sees."""
from __future__ import annotations

from cmath import exp
from math import hypot, pi, sqrt
from random import Random
from typing import Any, Dict, List, NamedTuple, Sequence

from tuning import fluxramp, resonator, tracking
from tuning.band import SUBBAND_HALF_WIDTH_MHZ, UNASSIGNED, Assignment, subband_centre_mhz
from tuning.faults import Faults
from tuning.instrument import Notch
from tuning.resonator import Resonator
from tuning.rising import nearest
from tuning.simulator.resonator_array import Band

SAMPLE_NOISE = 0.003
"""Noise of one 2.4 MHz sample of a response, in each quadrature; full scale of the ADC is 1."""

TONE_POWER_STEP_DB = 3.0
NOMINAL_TONE_POWER = 12
ATTENUATION_STEP_DB = 0.5
AMPS_OFF_DB = 10.0
"""Half a dB a code, and 10 dB less through amplifiers without power, are this simulator's choice."""

RAMP_POINTS = 16
"""Points of the ramp over which a slow measurement averages while the ramp runs."""

ETA_BAD_RAD = 70 * pi / 180
DEAD_EVERY = 8
"""Fault dead_channels takes the first of every so many channels assigned."""


class ChannelLoop(NamedTuple):
    """A channel, what its loop sees of the line, where its dip is at each bias, in kHz from the tone, and the
    noise of one sample of its error, in kHz."""

    notch: Notch
    line: tracking.ChannelLine
    dip_khz: List[float]
    noise_khz: float


class FeedLine:
    """The drawn truth of a band behind its registers."""

    def __init__(self, band: Band, state: Dict[str, Any], registers: Dict[str, Any], faults: Faults) -> None:
        """``state`` is that of the slot, ``registers`` the part of it that is this band's."""
        self._band = band
        self._state = state
        self._faults = faults
        self._delay_us = band.delay_us - registers["band_delay_us"]
        self._gain = self._response_without_dips(registers)
        self._swept = [self._resonators(bias) for bias in self.slow_biases()]
        self._dead = dead_channels([Assignment(*row) for row in registers["assignment"]], faults)

    def _response_without_dips(self, registers: Dict[str, Any]) -> float:
        """The line's level, tone power, both attenuators, and the amplifiers."""
        if not registers["rf_enabled"]:
            return 0.0
        decibel = TONE_POWER_STEP_DB * (registers["tone_power"] - NOMINAL_TONE_POWER)
        decibel -= 2 * ATTENUATION_STEP_DB * registers["att"]
        if not self._state["amps_on"]:
            decibel -= AMPS_OFF_DB
        return self._band.level * 10 ** (decibel / 20)

    def slow_biases(self) -> List[float]:
        """The flux bias that a slow measurement sees: one, or all of a running ramp."""
        if "no_flux_ramp" in self._faults:
            return [0.0]
        if self._state["flux_ramp_on"]:
            return fluxramp.ramp(self._state["flux_ramp"]["fraction_full_scale"], RAMP_POINTS)
        # Alternating coupling lets nothing steady through.
        return [self._state["fixed_flux_bias"] if self._state["flux_ramp_relay"] == "DC" else 0.0]

    def ramp_biases(self, fraction: float, samples: int) -> List[float]:
        """The flux bias during one ramp, as it reaches the SQUIDs."""
        if "no_flux_ramp" in self._faults:
            return [0.0] * samples
        return fluxramp.ramp(fraction, samples)

    def _resonators(self, bias: float) -> List[Resonator]:
        return sorted(channel.resonator(bias) for channel in self._band.channels)

    def measure(self, freqs_mhz: Sequence[float], rng: Random, samples: int) -> List[complex]:
        """The response at rising frequencies, each the mean of so many samples."""
        sigma = SAMPLE_NOISE / sqrt(samples)
        total = resonator.transmission(freqs_mhz, self._swept[0], self._gain)
        for others in self._swept[1:]:
            total = [a + b for a, b in zip(total, resonator.transmission(freqs_mhz, others, self._gain))]
        gauss, count = rng.gauss, len(self._swept)
        seen = [_saturated(value / count + complex(gauss(0, sigma), gauss(0, sigma))) for value in total]
        # The delay last, so that an amplitude does not depend on it, noise and all.
        return resonator.delayed(freqs_mhz, seen, self._delay_us)

    def measure_channel(self, subband: int, channel: int, freqs_mhz: Sequence[float], rng: Random,
                        samples: int) -> List[complex]:
        """`measure` through a channel: nothing beyond its sub-band, nothing at all where it is dead."""
        if channel in self._dead:
            return [0j] * len(freqs_mhz)
        centre = subband_centre_mhz(subband)
        return [value if abs(freq - centre) <= SUBBAND_HALF_WIDTH_MHZ else 0j
                for freq, value in zip(freqs_mhz, self.measure(freqs_mhz, rng, samples))]

    def loops(self, notches: Sequence[Notch], biases: Sequence[float]) -> List[ChannelLoop]:
        """What the loops of these channels see while the flux takes these biases.

        Each follows the resonator nearest to its tone; the others stand still where they are in the middle.
        """
        turn = exp(1j * ETA_BAD_RAD) if "eta_bad" in self._faults else complex(1)
        middle = biases[len(biases) // 2]
        channels = sorted(self._band.channels, key=lambda channel: channel.dip_mhz(middle))
        resting = [channel.resonator(middle) for channel in channels]
        places = [each.freq_mhz for each in resting]
        reach = resonator.NEIGHBOURS
        loops = []
        for notch in notches:
            mine = nearest(places, notch.freq_mhz)
            channel = channels[mine]
            others = resting[max(mine - reach, 0):mine] + resting[mine + 1:mine + reach]
            seen = resonator.background(notch.freq_mhz, others, self._gain)
            seen *= 0 if notch.channel in self._dead else exp(-2j * pi * notch.freq_mhz * self._delay_us)
            line = tracking.ChannelLine(notch.eta * turn * seen * 1e3, channel.q_ratio,
                                        channel.bandwidth_mhz * 1e3, self._delay_us * 1e-3)
            # The noise of the response times eta, and that of the dip itself.
            noise_khz = hypot(abs(notch.eta) * 1e3 * SAMPLE_NOISE, channel.jitter_khz)
            loops.append(ChannelLoop(notch, line,
                                     [(channel.dip_mhz(bias) - notch.freq_mhz) * 1e3 for bias in biases],
                                     noise_khz))
        return loops


def dead_channels(rows: Sequence[Assignment], faults: Faults) -> List[int]:
    """The channels without a signal; counted in the assignment, which stays when one of them goes off."""
    if "dead_channels" not in faults:
        return []
    return [row.channel for row in rows if row.channel != UNASSIGNED][::DEAD_EVERY]


def _saturated(value: complex) -> complex:
    """The ADC ends at 1."""
    size = abs(value)
    return value if size <= 1 else value / size
