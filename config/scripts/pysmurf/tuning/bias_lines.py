"""The detectors' bias lines, and what may be asked of them.

A group of detectors shares a line, driven by a pair of DACs of opposite sign. A relay takes the filter of a line
away (high-current mode): the same volts then drive 6.08 times the current. Volts here are those of the pair, as
``set_tes_bias_bipolar`` takes them; what sodetlib calls low-current volts is the bias current times the line's
resistance, in either mode. Source of the numbers: pysmurf ``cfg_files/b33/experiment_b33_lbOnlyBay0.cfg``, and
sodetlib ``constants.py``.
"""
from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Optional, Protocol, Sequence

GROUPS = 15
"""Bias lines of a slot, as pysmurf counts them."""

DETECTOR_GROUPS = 12
"""Those that lead to detectors."""

UNGROUPED = -1
"""In a map: a channel that follows no group."""

SHUNT_OHM = 0.39e-3
LINE_OHM = 15.8e3
HIGH_LOW_RATIO = 6.08

MAX_VOLTS = 19.9
"""The pair ends at 20 V; sodetlib overbiases with this."""

VOLTS_PER_BIT = 2 * 10 / 2 ** 19
"""Two DACs of 20 bits and 10 V to either side, moved together."""


class Readout(NamedTuple):
    """A channel that a stream has."""

    band: int
    channel: int


class Constants(NamedTuple):
    """What turns volts and phases into currents."""

    shunt_ohm: float = SHUNT_OHM
    line_ohm: float = LINE_OHM
    high_low_ratio: float = HIGH_LOW_RATIO
    pa_per_phi0: float = 9e6

    def bias_a(self, volts: float, high_current: bool) -> float:
        """The current that a line carries."""
        return volts * (self.high_low_ratio if high_current else 1.0) / self.line_ohm


class SteppedGroup(NamedTuple):
    """What all channels did while one group was stepped up and down: phases in rad, the mean over the edges,
    those of falling ones turned round. The edge lies behind ``before`` samples."""

    group: int
    bias_a: float
    step_a: float
    rate_hz: float
    before: int
    phases: Dict[Readout, Sequence[float]]


class WavedGroup(NamedTuple):
    """What the channels did while a sine was on one group: phases in rad over one period, the mean of all; the
    bias was ``wave_a`` times the sine."""

    group: int
    bias_a: float
    wave_a: float
    freq_hz: float
    phases: Dict[Readout, Sequence[float]]


class StreamSetting(NamedTuple):
    """How a stream is tagged and filtered; a factor of None is the configured one."""

    subtype: str
    tag: Optional[str] = None
    stream_type: Optional[str] = None
    downsample_factor: Optional[int] = None
    filter_disable: bool = False

    @property
    def tags(self) -> str:
        """TYPE,SUBTYPE,TAG. Source: sodetlib ``stream_g3_on``."""
        kind = self.stream_type or ("obs" if self.subtype in ("stream", "cmb", "cal") else "oper")
        return ",".join([kind, self.subtype] + ([self.tag] if self.tag is not None else []))


UNFILTERED = {"downsample_factor": 1, "filter_disable": True}
"""Every sample, as steps and waves need it."""


class BiasLines(Protocol):
    """The bias lines of a slot, and streams of what its detectors make of them."""

    constants: Constants

    def get_tes_bias_bipolar_array(self) -> List[float]:
        """The volts on all lines, read back."""

    def set_tes_bias_bipolar_array(self, volts: Dict[int, float]) -> None:
        """Volts on these groups; the others stay."""

    def get_current_mode_array(self) -> List[bool]:
        """Which lines are in high-current mode."""

    def set_current_mode(self, groups: Sequence[int], high: bool, const_current: bool = True) -> None:
        """Turn the relays; with ``const_current`` the volts change so that the current does not."""

    def end_waveform(self) -> None:
        """Stop what a generator still plays on a line. The line has its own volts again."""

    def stream_on(self, setting: StreamSetting) -> int:
        """Begin a stream; returns its session id. Refuses where no channel could be in it."""

    def stream_off(self) -> Optional[str]:
        """End the stream that runs, if one does; returns the file of what was seen, if there is one."""

    def sweep_biases(self, groups: Sequence[int], volts: Sequence[float], wait_s: float,
                     progress: Callable[[int, int], None]) -> Dict[Readout, Sequence[float]]:
        """Within a stream: these volts one after the other, each for so long; the mean phase at each."""

    def play_steps(self, group: int, step_volts: float, step_s: float, steps: int,
                   window_s: float) -> SteppedGroup:
        """Within an unfiltered stream: up and down from where the group is, so many times."""

    def play_wave(self, group: int, amplitude_volts: float, freq_hz: float, duration_s: float) -> WavedGroup:
        """Within an unfiltered stream: a sine round where the group is."""

    def file_in_use(self, kind: str) -> Optional[str]:
        """The map of groups (``bgmap``) or the IV curves (``iv``) that what follows builds on."""

    def use_file(self, kind: str, path: str) -> None:
        """From now on this one."""
