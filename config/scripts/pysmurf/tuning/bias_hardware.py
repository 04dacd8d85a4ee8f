"""The bias lines of a real slot. Implements `tuning.bias_lines.BiasLines` over pysmurf's ``SmurfControl``.

Where sodetlib has the slot, its operations do the measuring, and only what is left on is read and set here. Without
it the measurements are those of `tuning.bias_lines`, over pysmurf's own stream files: the biases are stepped by
their DACs, not by the waveform generator, and edges are found by the clock. That has never seen a crate.
"""
from __future__ import annotations

import time
from bisect import bisect_left
from statistics import fmean
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from tuning.bias_lines import GROUPS, Constants, Readout, SteppedGroup, StreamSetting, WavedGroup
from tuning.control import Memory
from tuning.instrument import CannotWork
from tuning.interruption import interruption
from tuning.sodetlib_operations import Sodetlib

DOWNSAMPLE_FACTOR = 20
RAMP_RATE_HZ = 4000.0
POINTS = 20
"""Of a step: so many before its edge and behind, all alike: means, since the clock is no better than that."""

Span = Tuple[float, float]


class HardwareBiasLines:
    """``sodetlib`` None: there is pysmurf only."""

    def __init__(self, smurf: Any, sodetlib: Optional[Sodetlib], memory: Memory) -> None:
        self._smurf = smurf
        self._sodetlib = sodetlib
        self._memory = memory
        self._path: Optional[str] = None
        self._setting: Optional[StreamSetting] = None

    @property
    def constants(self) -> Constants:
        return Constants(float(self._smurf.R_sh), float(self._smurf.bias_line_resistance),
                         float(self._smurf.high_low_current_ratio), float(self._smurf.pA_per_phi0))

    def get_tes_bias_bipolar_array(self) -> List[float]:
        return [float(volt) for volt in self._smurf.get_tes_bias_bipolar_array()]

    def set_tes_bias_bipolar_array(self, volts: Dict[int, float]) -> None:
        array = self._smurf.get_tes_bias_bipolar_array()
        for group, volt in volts.items():
            array[group] = volt
        self._smurf.set_tes_bias_bipolar_array(array)

    def get_current_mode_array(self) -> List[bool]:
        if self._sodetlib is not None:
            return self._sodetlib.current_modes()
        return [bool(self._smurf.get_tes_bias_high_current(group)) for group in range(GROUPS)]

    def set_current_mode(self, groups: Sequence[int], high: bool, const_current: bool = True) -> None:
        """Without sodetlib relays and volts do not turn together: the lower current comes first."""
        if self._sodetlib is not None:
            self._sodetlib.set_current_mode(groups, high, const_current)
            return
        modes, volts = self.get_current_mode_array(), self.get_tes_bias_bipolar_array()
        ratio = self.constants.high_low_ratio
        change = 1 / ratio if high else ratio
        scaled = {group: volts[group] * change for group in groups if const_current and modes[group] != high}
        if high:
            self.set_tes_bias_bipolar_array(scaled)
            self._smurf.set_tes_bias_high_current(list(groups))
        else:
            self._smurf.set_tes_bias_low_current(list(groups))
            self.set_tes_bias_bipolar_array(scaled)

    def end_waveform(self) -> None:
        """The registers have the volts of before, the DACs what was played last: so they are written again."""
        self._smurf.set_rtm_arb_waveform_enable(0)
        self._smurf.set_tes_bias_bipolar_array(self._smurf.get_tes_bias_bipolar_array())

    def stream_on(self, setting: StreamSetting) -> int:
        if self._sodetlib is not None:
            return self._sodetlib.stream_g3_on({
                "tag": setting.tag, "subtype": setting.subtype, "stream_type": setting.stream_type,
                "downsample_factor": setting.downsample_factor, "filter_disable": setting.filter_disable})
        self._smurf.set_downsample_factor(setting.downsample_factor or DOWNSAMPLE_FACTOR)
        self._smurf.set_filter_disable(int(setting.filter_disable))
        self._path = self._smurf.stream_data_on()
        if self._path is None:
            raise CannotWork("the stream did not start: the flux ramp has no frequency; run uxm_relock first")
        self._setting = setting
        return int(time.time())

    def stream_off(self) -> Optional[str]:
        if self._sodetlib is not None:
            self._sodetlib.stream_g3_off()
            return None
        self._smurf.stream_data_off()
        self._smurf.set_filter_disable(0)
        self._smurf.set_downsample_factor(DOWNSAMPLE_FACTOR)
        path, self._path = self._path, None
        return path

    def sweep_biases(self, groups: Sequence[int], volts: Sequence[float], wait_s: float,
                     progress: Callable[[int, int], None]) -> Dict[Readout, Sequence[float]]:
        spans: List[Span] = []
        for done, volt in enumerate(volts, 1):
            self.set_tes_bias_bipolar_array({group: volt for group in groups})
            spans.append(self._dwell(wait_s))
            progress(done, len(volts))
        return self._means(spans)

    def play_steps(self, group: int, step_volts: float, step_s: float, steps: int,
                   window_s: float) -> SteppedGroup:
        if self._path is None and self._setting is not None:
            self.stream_on(self._setting)
        volt, high = self.get_tes_bias_bipolar_array()[group], self.get_current_mode_array()[group]
        spans: List[Span] = []
        for place in range(2 * steps):
            self.set_tes_bias_bipolar_array({group: volt + step_volts * (place % 2)})
            began, ended = self._dwell(step_s)
            spans.append((began + (ended - began) / 2, ended))
        self.set_tes_bias_bipolar_array({group: volt})
        means = self._means(spans)
        phases = {readout: [sum(seen[::2]) / steps] * POINTS + [sum(seen[1::2]) / steps] * POINTS
                  for readout, seen in means.items()}
        bias_a, step_a = (self.constants.bias_a(value, high) for value in (volt, step_volts))
        return SteppedGroup(group, bias_a, step_a, RAMP_RATE_HZ, POINTS, phases)

    def play_wave(self, group: int, amplitude_volts: float, freq_hz: float, duration_s: float) -> WavedGroup:
        raise CannotWork("sines are played, and read, by sodetlib only")

    def _dwell(self, seconds: float) -> Span:
        began = time.time()
        interruption.sleep(seconds)
        return began, time.time()

    def _means(self, spans: Sequence[Span]) -> Dict[Readout, Sequence[float]]:
        """The mean phase of each channel in each span; this ends the stream, whose file has to be closed."""
        path = self.stream_off()
        times, phases, places = self._smurf.read_stream_data(path)
        # Time stamps are in nanoseconds.
        clock = [int(stamp) * 1e-9 for stamp in times]
        parts = [slice(bisect_left(clock, began), bisect_left(clock, ended)) for began, ended in spans]
        if any(part.start == part.stop for part in parts):
            raise CannotWork(f"the stream's file {path} has no samples of some of the biases")
        return {Readout(band, channel): [fmean(phases[int(place)][part]) for part in parts]
                for band, row in enumerate(places) for channel, place in enumerate(row) if place >= 0}

    def file_in_use(self, kind: str) -> Optional[str]:
        if self._sodetlib is not None:
            return self._sodetlib.configured(f"{kind}_file")
        return self._memory.file(kind)

    def use_file(self, kind: str, path: str) -> None:
        if self._sodetlib is not None:
            self._sodetlib.keep(f"{kind}_file", path)
        else:
            self._memory.keep_file(kind, path)
