"""One band's signal processing: what a channel's frequency error says, and how its loop follows a dip."""
from __future__ import annotations

from typing import Any, Callable, Tuple

import numpy as np

from crate.faults import Faults
from crate.registers import Registers
from crate.resonators import Line

CHANNELS = 512
HALF_WIDTH_MHZ = 614.4 / CHANNELS
"""A channel reaches 1.2 MHz to either side of its sub-band's centre; the centres are as far apart."""

SAMPLE_NOISE = 0.003
READING_NOISE = 0.0004
"""Noise of one sample at 2.4 MHz, and of a read frequency error, each in both quadratures; full scale 1."""

TONE_STEP_DB = 3.0
NOMINAL_TONE_POWER = 12
AMPS_OFF_DB = 20.0
RAMP_POINTS = 16

DSP_CLOCK_MHZ = 307.2
SAMPLE_MHZ = 2.4
FRAME_SAMPLES = 4
"""The debug stream hands out every fourth sample: frames at 0.6 MHz."""

GAIN_TO_STEP = 4 * np.pi * (4.0 / 2048) / 2400
"""mu of the LMS loop for one unit of feedback gain: 2048 is about 4 kHz of bandwidth, mu 1/48."""


def _reversed(value: int) -> int:
    return int(f"{value:09b}"[::-1], 2)


SUBBAND_OF_CHANNEL = np.array([_reversed(channel) for channel in range(CHANNELS)])
OFFSETS_MHZ = (SUBBAND_OF_CHANNEL + 1 - CHANNELS / 2) * HALF_WIDTH_MHZ
"""Channels are not in the order of their sub-bands; this order is our own, the client reads it."""


class Band:
    """Registers below ``root`` are this band's; ``slot`` are the slot's."""

    def __init__(self, number: int, root: str, registers: Registers, line: Line, faults: Faults,
                 amps_on: Callable[[], bool], flux: Callable[[int], np.ndarray]) -> None:
        self.number = number
        self.root = root
        self.line = line
        self._registers = registers
        self._faults = faults
        self._amps_on = amps_on
        self._flux = flux
        self._noise = np.random.default_rng(number)
        self._followed = np.zeros(CHANNELS)
        self._row_key: Any = None
        self._rows = np.zeros((1, 0))

    def _get(self, name: str) -> Any:
        return self._registers.values[f"{self.root}.{name}"]

    def channels(self, name: str) -> np.ndarray:
        return self._registers.values[f"{self.root}.CryoChannels.{name}"]

    def gain(self, power: Any) -> np.ndarray:
        """The line without dips, as attenuators, tone power and amplifiers have it."""
        register = f"{self.root.split('.SysgenCryo')[0]}.MicrowaveMuxCore[{self.number // 4}].ATT."
        steps = sum(self._registers.values[f"{register}{kind}[{self.number % 4 + 1}]"] for kind in ("UC", "DC"))
        decibel = -0.5 * steps - (0 if self._amps_on() else AMPS_OFF_DB)
        return 10 ** ((decibel + TONE_STEP_DB * (np.asarray(power) - NOMINAL_TONE_POWER)) / 20)

    def response(self, channel: int, offsets: np.ndarray, power: int) -> np.ndarray:
        """What the channel's demodulator gives with the tone at these offsets from its sub-band's centre."""
        shape = np.shape(offsets)
        if channel in self._faults.dead_channels:
            return np.zeros(shape, dtype=complex)
        noise = self._noise.normal(0, READING_NOISE, (2, *shape))
        seen = noise[0] + 1j * noise[1]
        if power and self._get("rfEnable"):
            through = self.line.transmission(OFFSETS_MHZ[channel] + np.asarray(offsets), self._flux(RAMP_POINTS),
                                             self.line.delay_us - self._get("bandDelayUs"))
            seen = seen + through * self.gain(power)
        return seen / np.maximum(np.abs(seen), 1)

    def error(self, channel: int) -> float:
        """The channel's frequency error as a part of its half width, with the tone where it is."""
        power = self.channels("amplitudeScale")[channel]
        response = self.response(channel, np.array([self.channels("centerFrequencyMHz")[channel]]), power)[0]
        turn = np.exp(1j * np.radians(self.channels("etaPhase")[channel]))
        return round(float((response * turn).real * self.channels("etaMag")[channel]) * 2 ** 23) / 2 ** 23

    def errors(self) -> np.ndarray:
        on = self.channels("amplitudeScale") != 0
        return np.array([self.error(channel) if on[channel] else 0.0 for channel in range(CHANNELS)])

    # --- loops ------------------------------------------------------------------------------------

    def _on(self) -> np.ndarray:
        dead = np.isin(np.arange(CHANNELS), self._faults.dead_channels)
        return np.nonzero((self.channels("amplitudeScale") != 0) & ~dead)[0]

    def _seen(self, channels: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Places of the tones, of their resonators, and eta times the line behind them in MHz."""
        places = OFFSETS_MHZ[channels] + self.channels("centerFrequencyMHz")[channels]
        mine = self.line.nearest(places)
        eta = self.channels("etaMag")[channels] * HALF_WIDTH_MHZ * \
            np.exp(1j * np.radians(self.channels("etaPhase")[channels]))
        delay = self.line.delay_us - self._get("bandDelayUs")
        behind = eta * self.line.level * self.gain(self.channels("amplitudeScale")[channels]) * \
            np.exp(-2j * np.pi * places * delay) * (1.0 if self._get("rfEnable") else 0.0)
        return places, mine, behind, eta

    def _error_mhz(self, tones, dips, mine, behind) -> np.ndarray:
        notch = 1 - self.line.q_ratio[mine] / (1 + 2j * (tones - dips) / self.line.bandwidth_mhz[mine])
        return (behind * notch).real

    def _limit(self) -> float:
        return self._get("feedbackLimit") / 2 ** 16 * 2 * HALF_WIDTH_MHZ or HALF_WIDTH_MHZ

    def _follows(self, channels: np.ndarray) -> np.ndarray:
        return (self.channels("feedbackEnable")[channels] != 0) * float(bool(self._get("feedbackEnable")))

    def loop_filter_output(self) -> np.ndarray:
        """Where the slow integrals stand, from where they stood at the last reading; off is zero."""
        channels = self._on()
        places, mine, behind, eta = self._seen(channels)
        dips = self.line.dips(self._flux(1))[0][mine]
        follows, step = self._follows(channels), 0.2 * (1 if self._get("feedbackPolarity") else -1)
        moved = self._followed[channels] * follows
        for _ in range(120):
            moved = np.clip(moved - step * follows * self._error_mhz(places + moved, dips, mine, behind),
                            -self._limit(), self._limit())
        self._followed = np.zeros(CHANNELS)
        self._followed[channels] = moved
        told = np.zeros(CHANNELS)
        told[channels] = moved + follows * self._noise.normal(0, 1, len(channels)) * np.abs(eta) * READING_NOISE
        return told

    def release_loops(self) -> None:
        self._followed = np.zeros(CHANNELS)

    def frames(self, count: int, rate_khz: float, fraction: float) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """``count`` frames of the debug stream: tracked frequency and error of each channel in MHz, and whether
        a flux ramp begins in the frame."""
        channels = self._on()
        tracked, error = np.zeros((count, CHANNELS)), np.zeros((count, CHANNELS))
        ramp_samples = SAMPLE_MHZ * 1e3 / rate_khz if rate_khz else float("inf")
        first = self._noise.integers(1, int(min(ramp_samples, 600)))
        settling = int(8 * ramp_samples) if rate_khz else 2000
        starts = np.zeros(count, dtype=bool)
        if len(channels):
            places, mine, behind, eta = self._seen(channels)
            follows = self._follows(channels)
            sign = 1 if self._get("feedbackPolarity") else -1
            step = GAIN_TO_STEP * self._get("feedbackGain") * follows * sign
            enabled = [self._get(f"lmsEnable{n}") for n in (1, 2, 3)]
            window = (self._get("feedbackStart"), self._get("feedbackEnd"))
            weights = np.zeros((7, len(channels)))
        limit = self._limit()
        for sample in range(-settling, count * FRAME_SAMPLES):
            place = (sample - first) % ramp_samples if rate_khz else 0.0
            frame, part = divmod(sample, FRAME_SAMPLES)
            if rate_khz and sample >= 0 and place < 1:
                starts[frame] = True
            if not len(channels):
                continue
            if place < 1 or sample == -settling or not rate_khz and sample == 0:
                row = self._dip_rows(ramp_samples, rate_khz, fraction, mine)
            turn = 2 * np.pi * self._get("lmsFreqHz") * 1e-6 * place / SAMPLE_MHZ
            carriers = np.array([np.sin(turn), np.cos(turn), np.sin(2 * turn), np.cos(2 * turn),
                                 np.sin(3 * turn), np.cos(3 * turn), 1.0])
            carriers[:6] *= np.repeat(enabled, 2)
            moved = np.clip(carriers @ weights, -limit, limit)
            wrong = self._error_mhz(places + moved, row[int(place) % len(row)], mine, behind) + \
                self._noise.normal(0, SAMPLE_NOISE, len(channels)) * np.abs(eta)
            if window[0] <= place < window[1] or not rate_khz:
                weights -= np.outer(carriers, step * wrong)
            if part == 0 and frame >= 0:
                tracked[frame, channels], error[frame, channels] = moved, wrong
        return tracked, error, starts

    def _dip_rows(self, ramp_samples: float, rate_khz: float, fraction: float, mine: np.ndarray) -> np.ndarray:
        """The channels' dips during one ramp, sample by sample; all ramps are alike."""
        key = (ramp_samples, fraction, tuple(mine), self._faults.no_flux)
        if self._row_key != key or not rate_khz:
            bias = self._flux(int(np.ceil(ramp_samples)) if rate_khz else 1)
            self._row_key, self._rows = key, self.line.dips(bias)[:, mine]
        return self._rows
