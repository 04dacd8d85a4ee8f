"""Buffers and files that the crate hands out: ADC and DAC samples, the debug stream's file, the stream's file.

Formats after pysmurf's ``decode_data`` and ``SmurfFileReader``, written for these readers.
"""
from __future__ import annotations

import struct
import threading
import time
from functools import lru_cache
from typing import Callable, Dict, List, Tuple

import numpy as np
from scipy import signal

from crate.band import CHANNELS, OFFSETS_MHZ, Band
from crate.faults import Faults
from crate.registers import Registers

DAQ_S = 0.2
DAC_COUNTS = 3000
FULL_SCALE = 32767
PROCESSED = 416
DEBUG_INPUT = 22
CHANNEL_STROBE, RAMP_STROBE = 1 << 30, 1 << 31
RAMP_STROBE_WORDS = 16
PA_PER_PHI0 = 9e6
HEADER = struct.Struct("<4B I 40x Q i I I I Q I I I 4x Q B B 6x H H 4x H H 4x")


@lru_cache(maxsize=4)
def band_noise(samples: int) -> np.ndarray:
    """The noise file, the same each time it is played, within the band's 500 MHz."""
    rng = np.random.default_rng(99)
    spectrum = rng.normal(size=samples) + 1j * rng.normal(size=samples)
    spectrum[np.abs(np.fft.fftfreq(samples, 1 / 614.4)) > 250] = 0
    noise = np.fft.ifft(spectrum)
    return noise * DAC_COUNTS / np.sqrt(2) / np.std(noise)


class Daq:
    """The DAQ multiplexers of a bay, and its two waveform engines."""

    def __init__(self, registers: Registers, bands: List[Band], faults: Faults,
                 ramp: Callable[[], Tuple[float, float]]) -> None:
        self._registers = registers
        self._bands = bands
        self._faults = faults
        self._ramp = ramp
        self._lines: Dict[Tuple[int, int], np.ndarray] = {}

    def trigger(self, bay: int) -> None:
        threading.Thread(target=self._take, args=(bay,), daemon=True).start()

    def _take(self, bay: int) -> None:
        values = self._registers.values
        mux = f"AMCc.FpgaTopLevel.AppTop.DaqMuxV2[{bay}]"
        buffers = f"AMCc.FpgaTopLevel.AmcCarrierCore.AmcCarrierBsa.BsaWaveformEngine[{bay}].WaveformEngineBuffers"
        samples, source = int(values[f"{mux}.DataBufferSize"]), int(values[f"{mux}.InputMuxSel[0]"])
        for engine in (0, 1):
            self._registers.set(f"{buffers}.Empty[{engine}]", 0)
        time.sleep(DAQ_S)
        if source >= DEBUG_INPUT:
            number = bay * 4 + int(values[f"AMCc.FpgaTopLevel.AppTop.AppCore.DebugSelect[{bay}]"])
            self._write_debug_file(self._bands[number], samples)
        else:
            is_dac = source >= 12
            band = self._bands[bay * 4 + ((source - 10 if is_dac else source) // 2 - 1)]
            data = self._samples(band, samples, is_dac)
            for stream, part in ((0, data.imag), (1, data.real)):
                whole = np.clip(np.round(part), -FULL_SCALE - 1, FULL_SCALE).astype(np.int16)
                self._registers.set(f"AMCc.Stream{2 * bay + stream}.Data", whole)
        for engine in (0, 1):
            self._registers.set(f"{buffers}.Empty[{engine}]", 1)

    def _samples(self, band: Band, samples: int, is_dac: bool) -> np.ndarray:
        quiet = np.random.default_rng().normal(0, 3, (2, samples))
        quiet = quiet[0] + 1j * quiet[1]
        values = self._registers.values
        if not (values[f"{band.root}.noiseSelect"] and values[f"{band.root}.rfEnable"]):
            return quiet
        played = band_noise(samples)
        if is_dac:
            return played
        if (band.number, samples) not in self._lines:
            freqs = np.fft.fftfreq(samples, 1 / 614.4)
            line = band.line.transmission(freqs, np.zeros(1), band.line.cable_us)
            self._lines[band.number, samples] = np.fft.ifft(np.fft.fft(played) * line)
        gain = band.gain(12) * (100 if self._faults.saturated_adc else 1)
        return self._lines[band.number, samples] * gain + quiet

    def _write_debug_file(self, band: Band, samples: int) -> None:
        path = self._registers.values["AMCc.streamDataWriter.DataFile"]
        if not (path and self._registers.values["AMCc.streamDataWriter.IsOpen"]):
            return
        rate_khz, fraction = self._ramp()
        count = samples // PROCESSED
        with self._registers.lock:
            tracked, error, starts = band.frames(count, rate_khz, fraction)
        processed = np.sort(np.argsort(np.abs(OFFSETS_MHZ) + (OFFSETS_MHZ > 0) * 1e-10)[:PROCESSED])
        if self._registers.values["crate.old_firmware"]:
            cut = (CHANNELS - PROCESSED) // 2
            processed = np.sort(np.argsort(OFFSETS_MHZ)[cut:-cut])
        with open(path, "wb") as file:
            for number, values in enumerate((tracked, error)):
                whole = np.round(values[:, processed] / 1.2 * 2 ** 23)
                words = np.zeros(samples, dtype=np.uint32)
                rows = words[:count * PROCESSED].reshape(count, PROCESSED)
                rows[:] = np.clip(whole, -2 ** 23, 2 ** 23 - 1).astype(np.int64) & 0xFFFFFF
                rows[:, 0] |= CHANNEL_STROBE
                rows[starts, :RAMP_STROBE_WORDS] |= np.uint32(RAMP_STROBE)
                file.write(np.array([0, 1 << 24 | number], dtype="<u4").tobytes() + words.astype("<u4").tobytes())


class StreamFile:
    """The processor's file writer: written in one go when it is closed, with all that came in its time."""

    def __init__(self, registers: Registers, bands: List[Band],
                 ramp: Callable[[], Tuple[float, float]]) -> None:
        self._registers = registers
        self._bands = bands
        self._ramp = ramp
        self._opened = 0.0

    def open(self, _) -> None:
        self._opened = time.time()
        self._registers.set("AMCc.SmurfProcessor.FileWriter.IsOpen", True)

    def close(self, _) -> None:
        root = "AMCc.SmurfProcessor"
        with self._registers.lock:
            if not self._registers.values[f"{root}.FileWriter.IsOpen"]:
                return
            self._registers.set(f"{root}.FileWriter.IsOpen", False)
            rate_hz = self._ramp()[0] * 1e3 / max(self._registers.values[f"{root}.Downsampler.InternalFactor"], 1)
            mask = [int(place) for place in self._registers.values[f"{root}.ChannelMapper.Mask"]]
            count = int((time.time() - self._opened) * rate_hz)
            phases = {place: self._phases(place, count, rate_hz) for place in mask}
        self._write(self._registers.values[f"{root}.FileWriter.DataFile"], phases, count, rate_hz)

    def _phases(self, place: int, count: int, rate_hz: float) -> np.ndarray:
        """The phase of one channel: its current's noise where its loop follows a ramp, else anything."""
        band, channel = self._bands[place // CHANNELS], place % CHANNELS
        rng = np.random.default_rng([place, int(self._opened)])
        ramp_on = self._registers.get(
            "AMCc.FpgaTopLevel.AppTop.AppCore.RtmCryoDet.RtmSpiSr.CfgRegEnaBit") == 1
        if not (ramp_on and band.channels("feedbackEnable")[channel] and count > 1):
            return rng.uniform(-np.pi, np.pi, count)
        mine = band.line.nearest(OFFSETS_MHZ[[channel]] + band.channels("centerFrequencyMHz")[channel])[0]
        freqs = np.fft.rfftfreq(count, 1 / rate_hz)
        freqs[0] = freqs[1]
        density = band.line.white_pa[mine] * np.sqrt(1 + (band.line.knee_hz[mine] / freqs) ** 1.5)
        shaped = density * self._filter(freqs, rate_hz) * np.sqrt(count * rate_hz / 2)
        drawn = (rng.normal(size=len(freqs)) + 1j * rng.normal(size=len(freqs))) / np.sqrt(2)
        return 0.3 + np.fft.irfft(shaped * drawn, count) / PA_PER_PHI0 * 2 * np.pi

    def _filter(self, freqs: np.ndarray, rate_hz: float) -> np.ndarray:
        values = self._registers.values
        if values["AMCc.SmurfProcessor.Filter.Disable"]:
            return np.ones(len(freqs))
        ends = values["AMCc.SmurfProcessor.Filter.Order"] + 1
        _, answer = signal.freqz(values["AMCc.SmurfProcessor.Filter.B"][:ends],
                                 values["AMCc.SmurfProcessor.Filter.A"][:ends], freqs, fs=self._ramp()[0] * 1e3)
        return np.abs(answer)

    def _write(self, path: str, phases: Dict[int, np.ndarray], count: int, rate_hz: float) -> None:
        table = np.array([np.round(values / np.pi * 2 ** 15) for values in phases.values()], dtype="<i4").T
        with open(path, "wb") as file:
            for frame in range(count):
                data = HEADER.pack(1, 0, 2, 0, len(phases), int((self._opened + frame / rate_hz) * 1e9),
                                   0, 0, frame, 0, 0, 0, frame, 0, 0, 0, 0, 0, 0, 0, 0)
                body = data + table[frame].tobytes()
                file.write(struct.pack("<IHBB", len(body) + 4, 0, 0, 0) + body)
