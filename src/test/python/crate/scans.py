"""The server's own scans of a band. They run in the server, not in its client: nothing stops them.

What they do to the registers, and in which order, follows cryo-det at MicrowaveMuxBpEthGen2_v2.5.1: the mark
``etaScanInProgress`` is 1 from begin to end; ``Stop`` is not looked at; the serial scans put all amplitudes
to zero, work channel by channel, and write the amplitudes of their begin back at their end; listeners hear of
all but the mark only then.
"""
from __future__ import annotations

import threading
import time
from typing import Callable, Dict, List

import numpy as np

from crate.band import CHANNELS, HALF_WIDTH_MHZ, Band
from crate.faults import Faults
from crate.registers import Registers

SCAN_S = 6.0
"""Shortest time of a serial scan over tones. pysmurf v9.0.3 looks for its end only after 5 s."""

SWEEP_S = 1.5
CHANNEL_S = {"SerialGradientDescent": 0.5, "SerialEtaScan": 0.4, "SerialFindFreq": 0.02}
"""Shortest time of a sweep, and what one channel takes; a crate with hundreds of tones is slower."""

ARRAYS = ("amplitudeScale", "feedbackEnable", "centerFrequencyMHz", "etaMag", "etaPhase")

SETTINGS = {"etaScanChannel": 0, "etaScanInProgress": 0, "etaScanDelF": 5000, "etaScanMaxMag": 1.0,
            "etaScanDwell": 0.0, "etaScanAmplitude": 0, "etaScanAverages": 2, "gradientDescentMaxIters": 15,
            "gradientDescentAverages": 2, "gradientDescentGain": 0.001, "gradientDescentConvergeHz": 500.0,
            "gradientDescentStepHz": 5000.0, "gradientDescentMomentum": 1, "gradientDescentBeta": 0.1,
            "debug": 0}


class Scans:
    """The scans of one band, as processes with ``Running``, ``Progress``, ``Message``, ``Start``, ``Stop``."""

    def __init__(self, band: Band, registers: Registers, faults: Faults, pace: float) -> None:
        self._band = band
        self._registers = registers
        self._faults = faults
        self._pace = pace
        self._root = f"{band.root}.CryoChannels"
        works: Dict[str, Callable[[], None]] = {"SerialGradientDescent": self._descend,
                                                "SerialEtaScan": self._eta_scan,
                                                "SerialFindFreq": self._find_freq}
        for name, value in SETTINGS.items():
            registers.declare(f"{self._root}.{name}", value)
        for name in ("etaScanFreqs", "etaScanResultsReal", "etaScanResultsImag"):
            registers.declare(f"{self._root}.{name}", np.zeros(1000))
        for name, work in works.items():
            process = f"{self._root}.{name}"
            registers.declare(f"{process}.Running", False)
            registers.declare(f"{process}.Progress", 0.0)
            registers.declare(f"{process}.Message", "")
            registers.command(f"{process}.Start", lambda _, name=name, work=work: self._start(name, work))
            registers.command(f"{process}.Stop", lambda _: None)
        registers.command(f"{self._root}.runSerialGradientDescent", self._run_descent)
        registers.command(f"{self._root}.runSerialEtaScan",
                          lambda _: self._start("SerialEtaScan", self._eta_scan))
        registers.command(f"{self._root}.runSerialFindFreq",
                          lambda _: self._start("SerialFindFreq", self._find_freq))
        registers.command(f"{self._root}.runEtaScan", self._one_eta_scan)
        registers.command(f"{self._root}.runParallelEtaScan", self._parallel_eta_scan)
        registers.command(f"{self._root}.setAmplitudeScales", lambda power: self._set(
            "amplitudeScale", np.full(CHANNELS, int(power)), tell=True))

    def _setting(self, name: str):
        return self._registers.values[f"{self._root}.{name}"]

    def _set(self, name: str, value, tell: bool = False) -> None:
        self._registers.set(f"{self._root}.{name}", value, tell=tell)

    def _set_channel(self, channel: int, name: str, value) -> None:
        self._registers.set(f"{self._root}.CryoChannel[{channel}].{name}", value, tell=False)

    def _run_descent(self, _) -> None:
        if self._setting("etaScanInProgress") != 1:
            self._start("SerialGradientDescent", self._descend)

    def _start(self, name: str, work: Callable[[], None]) -> None:
        running = f"{self._root}.{name}.Running"
        with self._registers.lock:
            if self._registers.values[running]:
                return
            self._registers.values[running] = True

        def process() -> None:
            time.sleep(self._faults.late_mark_s)
            self._set("etaScanInProgress", 1, tell=True)
            try:
                work()
            finally:
                self._registers.set(running, False)
                self._set("etaScanInProgress", 0, tell=True)

        threading.Thread(target=process, daemon=True, name=f"{self._band.root} {name}").start()

    def _each(self, name: str, channels: List[int], shortest_s: float, work: Callable[[int], None]) -> None:
        """Work on each channel in its time; between two of them others may reach the registers."""
        for done, channel in enumerate(channels):
            begun = time.monotonic()
            with self._registers.lock:
                self._registers.values[f"{self._root}.{name}.Message"] = f"Channel {channel}"
                self._registers.values[f"{self._root}.{name}.Progress"] = done / len(channels)
                work(channel)
            wanted = self._pace * max(CHANNEL_S[name], shortest_s / len(channels))
            time.sleep(max(wanted - (time.monotonic() - begun), 0))
        if not channels:
            time.sleep(self._pace * shortest_s)
        self._registers.values[f"{self._root}.{name}.Message"] = "Done"

    def _begin(self) -> np.ndarray:
        """All tones and loops off, eta 1 at angle 0; returns the amplitudes there were."""
        with self._registers.lock:
            amplitudes = self._band.channels("amplitudeScale").copy()
            zeros = np.zeros(CHANNELS, dtype=np.uint32)
            self._set("feedbackEnable", zeros)
            self._set("amplitudeScale", zeros)
            self._set("etaMag", np.ones(CHANNELS))
            self._set("etaPhase", np.zeros(CHANNELS))
        return amplitudes

    def _end(self) -> None:
        for name in ARRAYS:
            self._registers.tell(f"{self._root}.{name}")

    def _mean_mhz(self, channel: int, averages: int) -> float:
        return float(np.mean([self._band.error(channel) for _ in range(averages)])) * HALF_WIDTH_MHZ

    # --- gradient descent -------------------------------------------------------------------------

    def _descend(self) -> None:
        amplitudes = self._begin()
        freqs = self._band.channels("centerFrequencyMHz").copy()

        def one(channel: int) -> None:
            self._set_channel(channel, "amplitudeScale", amplitudes[channel])
            self._descend_channel(channel, freqs[channel])
            self._set_channel(channel, "amplitudeScale", 0)

        self._each("SerialGradientDescent", list(np.nonzero(amplitudes)[0]), SCAN_S, one)
        self._set("amplitudeScale", amplitudes)
        self._end()

    def _descend_channel(self, channel: int, freq: float) -> None:
        """Down |response| by its slope; a channel that does not converge keeps its last measuring place."""
        step = self._setting("gradientDescentStepHz") * 1e-6
        gain, beta = self._setting("gradientDescentGain"), self._setting("gradientDescentBeta")
        with_momentum = self._setting("gradientDescentMomentum") == 1
        moved = velocity = cache = 0.0
        for _ in range(self._setting("gradientDescentMaxIters")):
            slope = self._slope(channel, freq + moved, step)
            if with_momentum:
                velocity = beta * velocity + (1 - beta) * gain * slope
                change = -velocity
            else:
                cache = beta * cache + (1 - beta) * slope ** 2
                change = -gain * slope / np.sqrt(cache + 1e-8)
            moved += change
            if abs(change) < self._setting("gradientDescentConvergeHz") * 1e-6:
                self._set_channel(channel, "centerFrequencyMHz", freq + moved)
                return
            if abs(freq + moved) > HALF_WIDTH_MHZ:
                self._set_channel(channel, "centerFrequencyMHz", freq)
                return

    def _slope(self, channel: int, freq: float, step: float) -> float:
        averages = self._setting("gradientDescentAverages")
        sizes = []
        for place, phases in ((freq + step, (0, 90)), (freq - step, (90, 0))):
            self._set_channel(channel, "centerFrequencyMHz", place)
            parts = []
            for phase in phases:
                self._set_channel(channel, "etaPhaseDegree", phase)
                parts.append(self._mean_mhz(channel, averages))
            sizes.append(np.hypot(*parts))
        return (sizes[0] - sizes[1]) / (2 * step)

    # --- eta --------------------------------------------------------------------------------------

    def _eta_scan(self) -> None:
        amplitudes = self._begin()
        freqs = self._band.channels("centerFrequencyMHz").copy()
        tones = list(np.nonzero(amplitudes)[0])
        failed: List[int] = []

        def one(channel: int) -> None:
            self._set_channel(channel, "amplitudeScale", amplitudes[channel])
            if not self._calibrate(channel, freqs[channel]):
                failed.append(channel)

        self._each("SerialEtaScan", tones, SCAN_S, one)
        amplitudes[failed] = 0
        self._set("amplitudeScale", amplitudes)
        for channel in tones:
            if channel not in failed:
                self._set_channel(channel, "feedbackEnable", 1)
        self._end()

    def _calibrate(self, channel: int, freq: float) -> bool:
        """Phase from the response at the tone, size from its slope; False where there is no slope."""
        averages, delta = self._setting("etaScanAverages"), self._setting("etaScanDelF") * 1e-6
        in_phase = self._mean_mhz(channel, averages)
        self._set_channel(channel, "etaPhaseDegree", -90)
        quadrature = self._mean_mhz(channel, averages)
        phase = np.degrees(np.arctan2(in_phase, quadrature))
        self._set_channel(channel, "etaPhaseDegree", phase)
        errors = []
        for sign in (1, -1):
            self._set_channel(channel, "centerFrequencyMHz", freq + sign * delta)
            errors.append(self._mean_mhz(channel, averages))
        self._set_channel(channel, "centerFrequencyMHz", freq)
        difference = errors[0] - errors[1]
        size = 2 * delta / difference if difference else 1.0
        if size < 0:
            phase += -180 if phase > 0 else 180
        self._set_channel(channel, "etaPhaseDegree", phase)
        self._set_channel(channel, "etaMagScaled", min(abs(size), self._setting("etaScanMaxMag")))
        return difference != 0

    def _parallel_eta_scan(self, _) -> None:
        """All channels that are on at once; in firmware older than the serial scans."""
        self._set("etaScanInProgress", 1, tell=True)
        with self._registers.lock:
            for channel in np.nonzero(self._band.channels("amplitudeScale"))[0]:
                self._calibrate(channel, self._band.channels("centerFrequencyMHz")[channel])
        self._end()
        self._set("etaScanInProgress", 0, tell=True)

    # --- sweeps -----------------------------------------------------------------------------------

    def _sweep(self, channel: int, offsets: np.ndarray) -> np.ndarray:
        """The response at each place; beyond the channel's width there is none."""
        seen = self._band.response(channel, offsets, int(self._setting("etaScanAmplitude")))
        return np.where(np.abs(offsets) > HALF_WIDTH_MHZ, 0, seen)

    def _find_freq(self) -> None:
        amplitudes = self._begin()
        offsets = self._setting("etaScanFreqs").reshape(CHANNELS, -1)
        found = np.zeros(offsets.shape, dtype=complex)

        def one(channel: int) -> None:
            self._set_channel(channel, "amplitudeScale", self._setting("etaScanAmplitude"))
            found[channel] = self._sweep(channel, offsets[channel])
            self._set_channel(channel, "centerFrequencyMHz", offsets[channel][-1])
            self._set_channel(channel, "etaPhaseDegree", -90)
            self._set_channel(channel, "amplitudeScale", 0)

        swept = [channel for channel in range(CHANNELS) if np.any(offsets[channel] != offsets[channel][0])]
        self._each("SerialFindFreq", swept, SWEEP_S, one)
        self._set("amplitudeScale", np.zeros(len(amplitudes)))
        self._give(found.reshape(-1))
        self._end()

    def _one_eta_scan(self, _) -> None:
        self._set("etaScanInProgress", 1, tell=True)
        channel, offsets = self._setting("etaScanChannel"), self._setting("etaScanFreqs")
        with self._registers.lock:
            self._set_channel(channel, "amplitudeScale", self._setting("etaScanAmplitude"))
            self._set_channel(channel, "etaMagScaled", 1)
            self._set_channel(channel, "feedbackEnable", 0)
            seen = self._sweep(channel, offsets)
            self._set_channel(channel, "centerFrequencyMHz", offsets[-1])
            self._set_channel(channel, "etaPhaseDegree", 0)
        # It measures at 90 degrees first, and at 0 then.
        self._give(-seen.imag + 1j * seen.real)
        self._set("etaScanInProgress", 0, tell=True)

    def _give(self, seen: np.ndarray) -> None:
        self._set("etaScanResultsReal", seen.real, tell=True)
        self._set("etaScanResultsImag", seen.imag, tell=True)
