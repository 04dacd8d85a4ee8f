"""The simulated slot's detectors: what the streamed phases do while biases are set, swept, stepped and waved.

Implements `tuning.bias_lines.BiasLines`. Phases are those of the channels whose tones are on: of a channel that
follows its dip, polarity times 2 pi I_tes / 9 uA and some of what its neighbour shows; of the others, noise of no
meaning. Means over many samples or edges are drawn with the noise of a mean, not sample by sample.
"""
from __future__ import annotations

import time
from math import cos, exp, pi, sin, sqrt
from random import Random
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from tuning.band import Assignment
from tuning.bias_lines import DETECTOR_GROUPS, UNGROUPED, Readout, SteppedGroup, StreamSetting, WavedGroup
from tuning.faults import Faults
from tuning.fluxramp import PA_PER_PHI0
from tuning.instrument import CannotWork
from tuning.interruption import interruption
from tuning.simulator import biases, streaming
from tuning.simulator.detector import Detector, divided_a
from tuning.simulator.feed_line import dead_channels
from tuning.simulator.registers import Registers, State
from tuning.simulator.resonator_array import Band, Channel

CROSSTALK = 0.003
"""The part of its neighbour's current, the next in frequency, that a channel sees."""

BEFORE = 20
PERIOD_POINTS = 64
SWEEP_WRITES = 24
"""How often a sweep's bias stands in the registers: each time would take longer than the sweep's physics."""

RELAY_S = 0.1
STREAM_S = 2.0
"""How long the real thing takes; waited by --time-scale."""

RAD_PER_A = 2 * pi * 1e12 / PA_PER_PHI0


Amps = Dict[int, float]
"""By bias group."""


class Streamed(NamedTuple):
    """A channel of a stream, the truth behind it and behind its neighbour, and whether its loop follows."""

    readout: Readout
    channel: Channel
    neighbour: Detector
    follows: bool

    def phase(self, bias_a: Amps, lowest_a: Amps) -> float:
        """Of no noise, in rad."""
        own = self.channel.detector
        current = _current_a(own, bias_a, lowest_a) + CROSSTALK * _current_a(self.neighbour, bias_a, lowest_a)
        return own.offset_rad + own.polarity * RAD_PER_A * current

    def noise_rad(self, bias_a: Amps, lowest_a: Amps, seconds: float) -> float:
        """White noise of a mean over so long."""
        group = self.channel.detector.group
        level = self.channel.white_pa if group == UNGROUPED else \
            white_pa(self.channel, bias_a[group], lowest_a[group])
        return level * 1e-12 / sqrt(2 * seconds) * RAD_PER_A


class SimulatedDetectors:
    """Implements `tuning.bias_lines.BiasLines`."""

    constants = biases.CONSTANTS

    def __init__(self, registers: Registers, band_of: Callable[[int], Band], seed: int, faults: Faults,
                 time_scale: float, action: str) -> None:
        self._registers = registers
        self._band_of = band_of
        self._seed = seed
        self._faults = faults
        self._time_scale = time_scale
        self._action = action
        self._action_ts = int(time.time())

    # --- registers --------------------------------------------------------------------------------

    def get_tes_bias_bipolar_array(self) -> List[float]:
        return list(self._registers.read()["tes_bias"]["volts"])

    def set_tes_bias_bipolar_array(self, volts: Dict[int, float]) -> None:
        with self._registers.transaction() as state:
            biases.set_volts(state, volts)
            if "bias_stuck" in self._faults:
                biases.set_volts(state, {group: 0.0 for group in list(volts)[:1]})

    def get_current_mode_array(self) -> List[bool]:
        return list(self._registers.read()["tes_bias"]["high_current"])

    def set_current_mode(self, groups: Sequence[int], high: bool, const_current: bool = True) -> None:
        with self._registers.transaction() as state:
            biases.set_mode(state, groups, high, const_current)
        self._wait(RELAY_S)

    def end_waveform(self) -> None:
        """Nothing to do: steps and waves are over when their script is."""

    def stream_on(self, setting: StreamSetting) -> int:
        refused = _no_stream(self._registers.read())
        if refused:
            raise CannotWork(refused)
        session_id = self.begin(setting)
        self._wait(STREAM_S)
        return session_id

    def begin(self, setting: StreamSetting) -> int:
        """A stream, whatever may be in it."""
        with self._registers.transaction() as state:
            return streaming.begin(state, setting, self._action, self._action_ts, time.time())

    def stream_off(self) -> Optional[str]:
        """There is no file: what a simulated stream held is in the results of who looked at it."""
        with self._registers.transaction() as state:
            streaming.end(state)

    def file_in_use(self, kind: str) -> Optional[str]:
        return self._registers.read()[f"{kind}_file"]

    def use_file(self, kind: str, path: str) -> None:
        with self._registers.transaction() as state:
            state[f"{kind}_file"] = path

    # --- streams ----------------------------------------------------------------------------------

    def sweep_biases(self, groups: Sequence[int], volts: Sequence[float], wait_s: float,
                     progress: Callable[[int, int], None]) -> Dict[Readout, Sequence[float]]:
        state = self._registers.read()
        refused = _no_stream(state)
        if refused:
            raise CannotWork(refused)
        streamed = list(self._streamed(state))
        at: List[Amps] = []
        lowest: List[Amps] = []
        block = max(len(volts) // SWEEP_WRITES, 1)
        for done, value in enumerate(volts, 1):
            biases.set_volts(state, {group: value for group in groups})
            held = _held(state)
            at.append(held[0])
            lowest.append(held[1])
            self._wait(wait_s)
            if done % block == 0 or done == len(volts):
                # Those in between are in the registers for less than the file takes to be written.
                with self._registers.transaction() as stored:
                    stored["tes_bias"] = state["tes_bias"]
                    stored["tes_bias_on"] = state["tes_bias_on"]
                progress(done, len(volts))
        samples_s = wait_s * streaming.rate_hz(state)
        return {each.readout: self._swept(each, at, lowest, wait_s, int(samples_s)) for each in streamed}

    def _swept(self, each: Streamed, at: Sequence[Amps], lowest: Sequence[Amps], wait_s: float,
               samples: int) -> List[float]:
        """The mean phase at each bias. The streamer counts turns by the nearest: a jump by more than half a flux
        quantum, as where a detector latches, loses whole ones."""
        rng = self._random(each.readout, f"sweep/{len(at)}")
        if not each.follows:
            return _meaningless(rng, len(at), samples)
        phases: List[float] = []
        before = seen = 0.0
        for amps, lows in zip(at, lowest):
            clean = each.phase(amps, lows)
            moved = clean - before
            seen = clean if not phases else seen + moved - 2 * pi * round(moved / (2 * pi))
            before = clean
            phases.append(seen + rng.gauss(0, each.noise_rad(amps, lows, wait_s)))
        return phases

    def play_steps(self, group: int, step_volts: float, step_s: float, steps: int,
                   window_s: float) -> SteppedGroup:
        """The response of a TES in its transition: at once that of a resistor, then an exponential to the other
        bias's own current. Source: Irwin and Hilton, section 2.3; sodetlib ``_fit_tau_effs``."""
        state = self._registers.read()
        low, lows = _held(state)
        high = {**low, group: low[group] + self._driven_a(state, group, step_volts)}
        rate = streaming.rate_hz(state)
        after = int(min(window_s, step_s) * rate)
        edges = 2 * steps
        self._wait(step_s * edges)
        phases: Dict[Readout, Sequence[float]] = {}
        for each in self._streamed(state):
            rng = self._random(each.readout, f"steps/{group}/{step_volts:.6f}")
            if not each.follows:
                phases[each.readout] = _meaningless(rng, BEFORE + after, edges)
                continue
            detector = each.channel.detector
            old, new = each.phase(low, lows), each.phase(high, lows)
            at_once = new
            if detector.group == group:
                at_once = old + _resistor_rad(detector, low[group], lows[group], high[group] - low[group])
            sigma = each.noise_rad(low, lows, edges / rate)
            gauss = rng.gauss
            phases[each.readout] = [old + gauss(0, sigma) for _ in range(BEFORE)] + [
                new + (at_once - new) * exp(-n / rate / detector.tau_s) + gauss(0, sigma)
                for n in range(1, after + 1)]
        return SteppedGroup(group, low[group], high[group] - low[group], rate, BEFORE, phases)

    def play_wave(self, group: int, amplitude_volts: float, freq_hz: float, duration_s: float) -> WavedGroup:
        """As the steps, for a sine: the slow response through a pole at 1 / tau, the rest at once."""
        state = self._registers.read()
        at, lows = _held(state)
        wave_a = self._driven_a(state, group, amplitude_volts)
        self._wait(duration_s)
        angles = [2 * pi * n / PERIOD_POINTS for n in range(PERIOD_POINTS)]
        phases: Dict[Readout, Sequence[float]] = {}
        for each in self._streamed(state):
            rng = self._random(each.readout, f"wave/{group}/{freq_hz:g}")
            if not each.follows:
                phases[each.readout] = _meaningless(rng, PERIOD_POINTS, int(freq_hz * duration_s))
                continue
            detector = each.channel.detector
            up, down = (each.phase({**at, group: at[group] + sign * wave_a}, lows) for sign in (1, -1))
            slow = at_once = (up - down) / 2
            if detector.group == group:
                at_once = _resistor_rad(detector, at[group], lows[group], wave_a)
            turn = complex(0, 2 * pi * freq_hz * detector.tau_s)
            answer = slow + (at_once - slow) * turn / (1 + turn)
            sigma = each.noise_rad(at, lows, duration_s / PERIOD_POINTS)
            middle = each.phase(at, lows)
            phases[each.readout] = [middle + answer.real * sin(angle) + answer.imag * cos(angle)
                                    + rng.gauss(0, sigma) for angle in angles]
        return WavedGroup(group, at[group], wave_a, freq_hz, phases)

    def _driven_a(self, state: State, group: int, volts: float) -> float:
        return self.constants.bias_a(volts, state["tes_bias"]["high_current"][group])

    def _streamed(self, state: State) -> Iterator[Streamed]:
        ramped = state["flux_ramp_on"] and "no_flux_ramp" not in self._faults
        for band, registers in sorted(state["bands"].items()):
            if not state["tones_on"].get(band):
                continue
            drawn = self._band_of(int(band))
            channels = drawn.channels
            dead = dead_channels([Assignment(*row) for row in registers["assignment"]], self._faults)
            for number, _, freq, *_ in registers["notches"]:
                place = drawn.nearest(freq)
                beside = channels[place + 1 if place + 1 < len(channels) else place - 1].detector
                follows = ramped and number in registers["feedback_channels"] and number not in dead
                yield Streamed(Readout(int(band), int(number)), channels[place], beside, follows)

    def _random(self, readout: Readout, purpose: str) -> Random:
        return Random(f"{self._seed}/{readout.band}/{readout.channel}/{purpose}")

    def _wait(self, seconds: float) -> None:
        if self._time_scale > 0:
            interruption.sleep(seconds * self._time_scale)


def white_pa(channel: Channel, bias_a: float, lowest_a: float) -> float:
    """The drawn level is that of a superconducting detector; in another state it is as much lower, or higher."""
    detector = channel.detector
    return channel.white_pa * detector.white_pa(bias_a, lowest_a) / detector.white_pa(0.0, 0.0)


def _current_a(detector: Detector, bias_a: Amps, lowest_a: Amps) -> float:
    group = detector.group
    return 0.0 if group == UNGROUPED else detector.current_a(bias_a[group], lowest_a[group])


def _resistor_rad(detector: Detector, bias_a: float, lowest_a: float, change_a: float) -> float:
    """The phase of a change that is too fast for the resistance to follow."""
    return detector.polarity * RAD_PER_A * divided_a(change_a, detector.resistance_ohm(bias_a, lowest_a))


def _meaningless(rng: Random, points: int, samples: int) -> List[float]:
    """What a loop shows that follows nothing: the mean of so many phases, each any."""
    return [rng.uniform(-pi, pi) / sqrt(max(samples, 1)) for _ in range(points)]


def _held(state: State) -> Tuple[Amps, Amps]:
    """What is on each group's line, and how low it has been."""
    groups = range(DETECTOR_GROUPS)
    return ({group: biases.bias_a(state, group) for group in groups},
            {group: biases.lowest_a(state, group) for group in groups})


def _no_stream(state: State) -> Optional[str]:
    """Why nothing could be streamed, None where something can."""
    if not state["flux_ramp_on"]:
        return "the flux ramp is off: nothing can be streamed; run uxm_setup or uxm_relock first"
    if not any(state["tones_on"].values()):
        return "no tones are on: nothing can be streamed; run uxm_setup or uxm_relock first"
    return None
