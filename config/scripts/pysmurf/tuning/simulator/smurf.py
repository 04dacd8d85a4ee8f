"""The simulated slot: what the stages ask of an instrument, measured on the drawn truth.

Whatever a stage leaves on stands in the register file, so that another process, or the next session, finds
it there. Nothing is handed from the truth to a result: every number comes out of a noisy response.
"""
from __future__ import annotations

import time
from array import array
from contextlib import contextmanager
from math import pi, sqrt
from random import Random
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from tuning import amplifier, carrier, fluxramp, noise, resonator, tracking
from tuning.band import (BANDS, SUBBAND_HALF_WIDTH_MHZ, UNASSIGNED, Assignment, assign_channels,
                         match_channels, subband_centre_mhz)
from tuning.bias_lines import UNGROUPED, StreamSetting
from tuning.dips import find_dips
from tuning.faults import Faults
from tuning.instrument import (CannotWork, ChannelTrace, Check, Descent, FoundResonances, Notch, OutputState,
                               PhaseDelay, Progress, Stream, Sweep, SweptNotch, TrackingData, TrackingSetting)
from tuning.interruption import interruption
from tuning.phase_delay import delay_us, to_register
from tuning.quantiles import median
from tuning.simulator import before, biases, scans, streaming
from tuning.simulator.detectors import SimulatedDetectors, white_pa
from tuning.simulator.feed_line import ChannelLoop, FeedLine
from tuning.simulator.registers import Registers, State, StateBroken, StateLocked, fresh_band
from tuning.simulator.resonator_array import Band, draw_amplifiers, draw_band
from tuning.simulator.serial_algorithms import calibrated_eta, descended
from tuning.tune_file import read_tune, write_tune

SWEEP_SAMPLES = 64
SCAN_SAMPLES = 256
"""Samples averaged for a point of a sweep, and for a point of the serial algorithms."""

SWEEP_STEP_MHZ = 0.04
DELAY_STEP_MHZ = 0.02
"""Steps of the sweeps."""

DRAIN_NOISE_MA = 0.05
FIND_FREQ_BLOCKS = 16
SETTLING_RAMPS = 4
TRACKED_RAMPS = 16
CARRIER_RAMPS = 4
LOOP_STEPS = 8
LOOP_GAIN = 0.6
STREAM_RATE_HZ = 200.0

GATE_STEP_S = 0.5
SWEEP_S = 12.0
PHASE_DELAY_S = 60.0
FIND_FREQ_S = 120.0
NOTCHES_S = 180.0
SERIAL_S = 60.0
TRACKING_S = 10.0
"""How long the real operation takes, in seconds (a band); waited by --time-scale."""

SHORTEST_SCAN_S = 3.0
"""A serial scan whose client is gone goes on for this long at any --time-scale: an abort has to meet it."""

SCAN_END_S = 1.0
"""How long an ended stage waits for the end of the scan it started."""

UNCALIBRATED_ETA = complex(SUBBAND_HALF_WIDTH_MHZ)
"""eta of magnitude 1 (in half widths of a sub-band) at angle 0, which a serial scan sets before it measures."""


class ArrayChoice(NamedTuple):
    """The seed and size asked for on the command line, None where nothing was said."""

    seed: Optional[int]
    channels: Optional[int]


class SimulatedSmurf:
    """Implements `tuning.instrument.Instrument`."""

    simulated = True
    version = "simulated"

    def __init__(self, registers: Registers, choice: ArrayChoice, fresh_array: bool, faults: Faults,
                 time_scale: float, drawn: Callable[[int, Band], None], action: str = "") -> None:
        """``fresh_array``: the stage begins with the array itself, so that another seed means another array;
        a stage that builds on a tune stays with the array the tune was made on. ``action`` is what a stream is
        told to be for."""
        self._registers = registers
        self._faults = faults
        self._time_scale = time_scale
        self._drawn = drawn
        self._bands: Dict[int, Band] = {}
        self._loop_places: Dict[int, Dict[int, float]] = {}
        self._still: Optional[Tuple[int, State, float, List[ChannelLoop]]] = None
        self._array_seed, self._channels = self._choose_array(choice, fresh_array)
        self.seed: Optional[int] = self._array_seed if choice.seed is None else choice.seed
        self.bias_lines = SimulatedDetectors(registers, self._band, self.seed or 0, faults, time_scale, action)
        if "rssi_lockup" in faults:
            registers.lock_rssi(True)

    @property
    def array_seed(self) -> int:
        return self._array_seed

    @property
    def introduction(self) -> str:
        other = "" if self.seed == self._array_seed else f", on the array of seed {self._array_seed}"
        return f"simulated, seed {self.seed}{other}"

    def _choose_array(self, choice: ArrayChoice, fresh_array: bool) -> Tuple[int, int]:
        try:
            with self._registers.transaction() as state:
                known = state["array"]
                if known is None or (fresh_array and (choice.seed, choice.channels) != (None, None)):
                    seed = choice.seed
                    if seed is None:
                        seed = known["seed"] if known else Random().randrange(1, 1_000_000)
                    size = choice.channels or (known["channels"] if known and choice.seed is None else 64)
                    known = state["array"] = {"seed": seed, "channels": size}
                return known["seed"], known["channels"]
        except (StateBroken, StateLocked):
            # Nothing to build on. What only looks or switches off goes on; the others meet the state again.
            return choice.seed or 0, choice.channels or 64

    # --- truth, noise and time --------------------------------------------------------------------

    def _band(self, band: int) -> Band:
        if band not in self._bands:
            self._bands[band] = draw_band(self._array_seed, band, self._channels)
            self._drawn(band, self._bands[band])
        return self._bands[band]

    def _random(self, band: int, purpose: str) -> Random:
        return Random(f"{self.seed}/{band}/{purpose}")

    def _wait(self, seconds: float) -> None:
        if self._time_scale > 0:
            interruption.sleep(seconds * self._time_scale)

    def _reported(self, progress: Progress, seconds: float) -> Progress:
        """A progress that waits its share of the real operation's time."""
        last = 0

        def report(done: int, total: int) -> None:
            nonlocal last
            self._wait(seconds * (done - last) / total)
            last = done
            progress(done, total)

        return report

    # --- registers --------------------------------------------------------------------------------

    @staticmethod
    def _band_state(state: State, band: int) -> State:
        return state["bands"].setdefault(str(band), fresh_band())

    def _read_band(self, band: int) -> Tuple[State, State]:
        state = self._registers.read()
        return state, self._band_state(state, band)

    @staticmethod
    def _tones_off(state: State, band: int) -> None:
        state["tones_on"][str(band)] = 0

    @staticmethod
    def _ramp_off(state: State) -> None:
        state["flux_ramp_on"] = False

    def read_state(self) -> OutputState:
        state = self._registers.read()
        return OutputState(bool(state["amps_on"]), {int(b): n for b, n in state["tones_on"].items()},
                           bool(state["flux_ramp_on"]), state["fixed_flux_bias"],
                           bool(state["eta_scan_in_progress"]), bool(state["tes_bias_on"]),
                           any(state["noise_on"].values()))

    def stream_state(self) -> Dict[str, Any]:
        state = self._registers.read()
        stream, tones = state["stream"], [(int(band), on) for band, on in sorted(state["tones_on"].items()) if on]
        mask = [512 * band + notch.channel for band, _ in tones for notch in self._notches_of(state, band)]
        return {"channel_mask": mask, "downsample_factor": stream["downsample_factor"], "agg_time": 1.0,
                "open_g3stream": int(stream["open_g3stream"]), "pysmurf_action": stream["pysmurf_action"],
                "pysmurf_action_timestamp": stream["pysmurf_action_timestamp"], "stream_tag": stream["stream_tag"],
                "num_active_channels": sum(on for _, on in tones)}

    def checks(self) -> List[Check]:
        """All that a simulated slot could hold against a tune: a scan that would switch tones on behind it."""
        try:
            running = ", ".join(map(str, self.running_scans()))
        except (StateBroken, StateLocked):
            # The state itself is looked at in its own right.
            return []
        return [Check("scans running", f"in band {running}" if running else "none", not running)]

    def configured(self, name: str, band: Optional[int] = None) -> Optional[Any]:
        """A simulated slot has no configuration of its own."""
        return None

    def running_scans(self) -> List[int]:
        return sorted(map(int, self._registers.read()["scans"]))

    def all_off(self) -> None:
        with self._registers.transaction() as state:
            self._switch_off(state)

    def _switch_off(self, state: State) -> None:
        for band in set(state["tones_on"]) | set(state["bands"]):
            self._tones_off(state, int(band))
        self._ramp_off(state)
        state["fixed_flux_bias"] = 0.0
        state["flux_ramp_relay"] = "AC"
        biases.off(state)
        streaming.end(state)
        state["noise_on"] = {}

    def _enable_rf(self, state: State, bands: Iterable[str]) -> None:
        for band in bands:
            self._band_state(state, int(band))["rf_enabled"] = True

    def _cut_rf(self, state: State, bands: Iterable[str]) -> None:
        for band in bands:
            self._band_state(state, int(band))["rf_enabled"] = False
            self._tones_off(state, int(band))

    def prepare(self, bands: Sequence[int]) -> None:
        with self._registers.transaction() as state:
            self._switch_off(state)
            self._enable_rf(state, set(state["bands"]) - set(state["scans"]))

    @contextmanager
    def as_before(self, band: Optional[int], tones: bool) -> Iterator[None]:
        with self._registers.transaction() as state:
            if band is not None:
                if str(band) in state["scans"]:
                    raise CannotWork("a scan runs in the server: safe_state waits for its end")
                self._band_state(state, band)
            before.put_back(state, band, outputs=False)
            before.keep(state, band, tones)
        try:
            yield
        except BaseException:
            with interruption.held():
                self._put_back(band)
            raise
        with self._registers.transaction() as state:
            before.forget(state, band)

    def _put_back(self, band: Optional[int]) -> None:
        """As before the stage; behind a scan that still runs, without RF, this is left to `make_quiet`."""
        if band in self.running_scans():
            with self._registers.transaction() as state:
                self._cut_rf(state, [str(band)])
            self._registers.wait_for_scans(SCAN_END_S)
        with self._registers.transaction() as state:
            if str(band) not in state["scans"]:
                before.put_back(state, band, outputs=True)

    def clear_eta_scan(self) -> None:
        with self._registers.transaction() as state:
            if state["scans"]:
                raise CannotWork("a scan runs in the server: its mark goes at its end")
            state["eta_scan_in_progress"] = False

    def make_quiet(self, disable_amps: bool, patience_s: float, say: Callable[[str], None]) -> None:
        with self._registers.rescue() as state:
            self._switch_off(state)
            if disable_amps:
                state["amps_on"] = False
            scanning = sorted(state["scans"])
            # A scan gives its tones back at its end: without RF they stay silent.
            self._cut_rf(state, scanning)
        if scanning:
            say(f"a scan runs in the server: waiting up to {patience_s:g} s for its end")
            if not self._registers.wait_for_scans(patience_s):
                raise CannotWork(f"a scan still runs in the server after {patience_s:g} s: "
                                 f"the RF of band {', '.join(scanning)} stays cut")
        with self._registers.rescue() as state:
            self._switch_off(state)
            state["eta_scan_in_progress"] = False
            self._enable_rf(state, scanning)
            before.put_back_all(state)

    # --- amplifiers -------------------------------------------------------------------------------

    def enable_amps(self) -> None:
        with self._registers.transaction() as state:
            state["amps_on"] = True

    def disable_amps(self) -> None:
        with self._registers.transaction() as state:
            state["amps_on"] = False

    def get_amplifier_biases(self) -> Dict[str, float]:
        state = self._registers.read()
        biases = {}
        for name, drawn in draw_amplifiers(self._amplifier_seed).items():
            gate = self._gates(state).get(name, drawn.start_volt)
            gain = drawn.gain / 20 if "amp_fail" in self._faults else drawn.gain
            current = amplifier.drain_current_ma(gate, drawn.pinch_off, gain) if state["amps_on"] else 0.0
            # The noise belongs to the reading: the same voltage reads the same again.
            current += self._random(0, f"drain/{name}/{gate:.4f}").gauss(0, DRAIN_NOISE_MA)
            biases[f"{name}_gate_volt"] = gate
            biases[f"{name}_drain_current"] = max(current, 0.0)
        return biases

    @property
    def _amplifier_seed(self) -> int:
        # Not the array's: setup_amps comes before the stages that may take up another array.
        return self._array_seed if self.seed is None else self.seed

    def _gates(self, state: State) -> Dict[str, float]:
        """Gate voltages as set before, on these amplifiers; those of another seed mean nothing here."""
        return dict(state["amps"]["gate_volt"]) if state["amps"].get("seed") == self._amplifier_seed else {}

    def set_amp_gate_voltage(self, amp: str, volts: float) -> None:
        with self._registers.transaction() as state:
            gates = self._gates(state)
            gates[amp] = round(volts, 4)
            state["amps"] = {"seed": self._amplifier_seed, "gate_volt": gates}
        self._wait(GATE_STEP_S)

    def keep_amps(self, biases: Dict[str, float]) -> None:
        """Nothing to do: the registers keep them."""

    # --- the line ---------------------------------------------------------------------------------

    def set_att(self, band: int, attenuation: int) -> None:
        with self._registers.transaction() as state:
            self._band_state(state, band)["att"] = attenuation

    def keep_att(self, band: int, attenuation: int) -> None:
        """Nothing to do: the register keeps it."""

    def _line(self, state: State, band: int) -> FeedLine:
        return FeedLine(self._band(band), state, self._band_state(state, band), self._faults)

    def full_band_ampl_sweep(self, band: int, start_mhz: float, stop_mhz: float, tone_power: int) -> Sweep:
        with self._registers.transaction() as state:
            own = self._band_state(state, band)
            own["tone_power"] = tone_power
        freqs = _grid(start_mhz, stop_mhz, SWEEP_STEP_MHZ)
        rng = self._random(band, f"sweep/{own['att']}/{tone_power}")
        response = self._line(state, band).measure(freqs, rng, SWEEP_SAMPLES)
        self._wait(SWEEP_S)
        return Sweep(freqs, response)

    def estimate_phase_delay(self, band: int, freq_min: float, freq_max: float, n_scan: int,
                             progress: Progress) -> PhaseDelay:
        report = self._reported(progress, PHASE_DELAY_S)
        freqs = _grid(freq_min, freq_max, DELAY_STEP_MHZ)
        delays: List[float] = []
        sweeps: List[Sweep] = []
        kept = self._read_band(band)[1]["band_delay_us"]
        try:
            for turn, name in enumerate(("before", "after")):
                with self._registers.transaction() as state:
                    state["noise_on"][str(band)] = True
                    self._band_state(state, band)["band_delay_us"] = to_register(delays[0]) if delays else 0.0
                line = self._line(state, band)
                total = [0j] * len(freqs)
                for scan in range(n_scan):
                    rng = self._random(band, f"phase_delay/{name}/{scan}")
                    total = [a + b for a, b in zip(total, line.measure(freqs, rng, SWEEP_SAMPLES))]
                    report(turn * n_scan + scan + 1, 2 * n_scan)
                sweeps.append(Sweep(freqs, [value / n_scan for value in total]))
                delays.append(delay_us(freqs, sweeps[-1].response))
            kept = to_register(delays[0])
        finally:
            with interruption.held(), self._registers.transaction() as state:
                state["noise_on"][str(band)] = False
                self._band_state(state, band)["band_delay_us"] = kept
        return PhaseDelay(kept, delays[1] * 1e3, *sweeps)

    def find_freq(self, band: int, start_freq: float, stop_freq: float, tone_power: int, amp_cut: float,
                  grad_cut: float, progress: Progress) -> FoundResonances:
        line = self._quiet_line(band, tone_power)
        freqs = _grid(start_freq, stop_freq, SWEEP_STEP_MHZ)
        rng = self._random(band, "find_freq")
        response: List[complex] = []
        designed = self._band(band).designed
        seen = 0
        for block in range(FIND_FREQ_BLOCKS):
            first, last = (edge * len(freqs) // FIND_FREQ_BLOCKS for edge in (block, block + 1))
            response += line.measure(freqs[first:last], rng, SWEEP_SAMPLES)
            seen += len(find_dips(freqs[first:last], response[first:last], amp_cut, grad_cut))
            self._wait(FIND_FREQ_S / FIND_FREQ_BLOCKS)
            if block < FIND_FREQ_BLOCKS - 1:
                progress(min(seen, designed), designed)
        found = find_dips(freqs, response, amp_cut, grad_cut)
        progress(min(len(found), designed), designed)
        with self._registers.transaction() as state:
            self._band_state(state, band)["resonances_mhz"] = found
        return FoundResonances(Sweep(freqs, response), found)

    def _quiet_line(self, band: int, tone_power: int) -> FeedLine:
        """The line with the band's own tones off, for a sweep of this power."""
        with self._registers.transaction() as state:
            self._tones_off(state, band)
            self._band_state(state, band)["tone_power"] = tone_power
        return self._line(state, band)

    def found_resonances(self, band: int) -> Optional[List[float]]:
        return self._read_band(band)[1]["resonances_mhz"]

    # --- notches and the tune ---------------------------------------------------------------------

    def setup_notches(self, band: int, resonances_mhz: Sequence[float], tone_power: int, sweep_width: float,
                      df_sweep: float, delta_freq: float, min_offset: float, new_master_assignment: bool,
                      progress: Progress) -> List[SweptNotch]:
        report = self._reported(progress, NOTCHES_S)
        master = self.assignment(band)
        if new_master_assignment or not master:
            rows = assign_channels(resonances_mhz, min_offset)
        else:
            rows = match_channels(resonances_mhz, master, min_offset)
        with self._registers.transaction() as state:
            self._band_state(state, band)["assignment"] = [list(row) for row in rows]
        line = self._quiet_line(band, tone_power)
        rng = self._random(band, "setup_notches")
        swept = []
        for done, row in enumerate(rows, 1):
            freqs = _grid(row.freq_mhz - sweep_width, row.freq_mhz + sweep_width, df_sweep)
            response = line.measure_channel(row.subband, row.channel, freqs, rng, SWEEP_SAMPLES)
            lowest = min(range(len(freqs)), key=lambda place: abs(response[place]))
            reach = max(int(round(delta_freq / df_sweep)), 1)
            low, high = max(lowest - reach, 0), min(lowest + reach, len(freqs) - 1)
            eta = resonator.clip_eta(resonator.eta(freqs[low], freqs[high], response[low], response[high]))
            notch = Notch(row.channel, row.subband, freqs[lowest], eta)
            swept.append(SweptNotch(notch, Sweep(freqs, response)))
            report(done, len(rows))
        tuned = [each.notch for each in swept if each.notch.channel != UNASSIGNED]
        with self._registers.transaction() as state:
            self._store_notches(state, band, tuned)
        return swept

    def _store_notches(self, state: State, band: int, notches: Sequence[Notch]) -> None:
        self._band_state(state, band)["notches"] = _rows(notches)
        scans.switch_tones_on(state, band)

    @staticmethod
    def _notches_of(state: State, band: int) -> List[Notch]:
        rows = state["bands"].get(str(band), fresh_band())["notches"]
        return [Notch(int(channel), int(subband), freq, complex(real, imaginary))
                for channel, subband, freq, real, imaginary in rows]

    def notches(self, band: int) -> List[Notch]:
        state = self._registers.read()
        return self._notches_of(state, band) if state["tones_on"].get(str(band)) else []

    def assignment(self, band: int) -> List[Assignment]:
        return [Assignment(*row) for row in self._read_band(band)[1]["assignment"]]

    def eta_limit_mhz(self, band: int) -> float:
        return SUBBAND_HALF_WIDTH_MHZ

    def read_tune(self, path: str) -> Dict[int, List[Notch]]:
        return read_tune(path)

    def use_tune(self, path: str, notches: Dict[int, List[Notch]]) -> None:
        with self._registers.transaction() as state:
            for band, tuned in notches.items():
                self._store_notches(state, band, tuned)
                own = self._band_state(state, band)
                own["resonances_mhz"] = [notch.freq_mhz for notch in tuned]
                own["assignment"] = [[notch.freq_mhz, notch.subband, notch.channel] for notch in tuned]
            state["tune_file"] = path

    def save_tune(self, path: str) -> Optional[str]:
        state = self._registers.read()
        notches = {band: self._notches_of(state, band) for band in range(BANDS) if str(band) in state["bands"]}
        if not any(notches.values()):
            return None
        write_tune(path, notches)
        with self._registers.transaction() as state:
            state["tune_file"] = path
        return path

    def tune_file(self) -> Optional[str]:
        return self._registers.read()["tune_file"]

    # --- serial algorithms ------------------------------------------------------------------------

    def _scanned_line(self, band: int) -> FeedLine:
        """The line with no ramp on it, as each serial algorithm forces it."""
        with self._registers.transaction() as state:
            self._ramp_off(state)
        return self._line(state, band)

    def _run_scan(self, band: int, kind: str, notches: Sequence[Notch], feedback: List[int], timeout_s: float,
                  progress: Progress) -> None:
        """Start a scan that ends with these notches, and wait for it as a client does.

        What it finds is known beforehand, since the scan itself needs no client: one that goes away leaves it
        running. A client that waits winds the clock on to its end, if --time-scale says so.
        """
        report = self._reported(progress, SERIAL_S)
        started = time.monotonic()
        with self._registers.transaction() as state:
            if str(band) in state["scans"]:
                raise CannotWork(f"{kind}: a scan runs in the server already")
            scanned = self._notches_of(state, band) if state["tones_on"].get(str(band)) else []
            self._store_notches(state, band, [notch._replace(eta=UNCALIBRATED_ETA) for notch in scanned])
            self._band_state(state, band)["feedback_channels"] = []
            scans.begin(state, band, self._registers.clock(),
                        max(SERIAL_S * self._time_scale, SHORTEST_SCAN_S), _rows(notches), feedback)
            mine = state["scans"][str(band)]
        for done in range(1, len(scanned) + 1):
            report(done, len(scanned))
            if time.monotonic() - started > timeout_s:
                raise CannotWork(f"{kind} not done in {timeout_s:g} s")
        with self._registers.transaction() as state:
            if state["scans"].get(str(band)) == mine:
                scans.finish(state, band)

    def run_serial_gradient_descent(self, band: int, descent: Descent, progress: Progress) -> None:
        line = self._scanned_line(band)
        rng = self._random(band, "gradient_descent")
        centred = []
        for notch in self.notches(band):
            def response(freqs: List[float], notch: Notch = notch) -> List[complex]:
                return line.measure_channel(notch.subband, notch.channel, freqs, rng, SCAN_SAMPLES)
            freq = descended(notch.freq_mhz, subband_centre_mhz(notch.subband), descent, response)
            centred.append(notch._replace(freq_mhz=freq, eta=UNCALIBRATED_ETA))
        self._run_scan(band, "gradient descent", centred, [], descent.timeout_s, progress)

    def run_serial_eta_scan(self, band: int, delta_freq: float, timeout_s: float, progress: Progress) -> None:
        """The scan switches a tone off whose channel gives no signal."""
        line = self._scanned_line(band)
        rng = self._random(band, "eta_scan")
        scanned = []
        for notch in self.notches(band):
            freqs = [notch.freq_mhz - delta_freq, notch.freq_mhz, notch.freq_mhz + delta_freq]
            eta = calibrated_eta(delta_freq, *line.measure_channel(notch.subband, notch.channel, freqs, rng,
                                                                   SCAN_SAMPLES))
            if eta is not None:
                scanned.append(notch._replace(eta=eta))
        self._run_scan(band, "eta scan", scanned, [notch.channel for notch in scanned], timeout_s, progress)

    # --- flux -------------------------------------------------------------------------------------

    def set_lms_enable(self, band: int, enabled: bool) -> None:
        with self._registers.transaction() as state:
            self._band_state(state, band)["lms_enabled"] = enabled

    def toggle_feedback(self, band: int) -> None:
        self._loop_places[band] = {}

    def set_fixed_flux_ramp_bias(self, fraction: float) -> None:
        if abs(fraction) > 1:
            raise ValueError(f"flux bias {fraction} is not within -1 to 1")
        with self._registers.transaction() as state:
            self._ramp_off(state)
            state["flux_ramp_relay"] = "DC"
            state["fixed_flux_bias"] = fraction

    def unset_fixed_flux_ramp_bias(self) -> None:
        with self._registers.transaction() as state:
            self._ramp_off(state)
            state["flux_ramp_relay"] = "AC"
            state["fixed_flux_bias"] = 0.0

    def get_loop_filter_output_array(self, band: int) -> Dict[int, float]:
        """The slow integral: a few more steps of each loop towards the zero of its error, then its place."""
        places = self._loop_places.setdefault(band, {})
        bias, loops = self._still_loops(band)
        rng = self._random(band, f"loop_filter/{bias:.6f}")
        for notch, line, dip_khz, noise_khz in loops:
            place = places.get(notch.channel, 0.0) * 1e3
            sigma = noise_khz / sqrt(SCAN_SAMPLES)
            for _ in range(LOOP_STEPS):
                error = rng.gauss(0, sigma) - tracking.frequency_error(place - dip_khz[0], line)
                place = min(max(place + LOOP_GAIN * error, -tracking.CLAMP_KHZ), tracking.CLAMP_KHZ)
            places[notch.channel] = place * 1e-3
        return dict(places)

    def _still_loops(self, band: int) -> Tuple[float, List[ChannelLoop]]:
        """The bias and the loops at it, kept while no register changes: each bias is read several times."""
        state = self._registers.read()
        if self._still is None or self._still[:2] != (band, state):
            line = self._line(state, band)
            bias = line.slow_biases()[0]
            self._still = (band, state, bias, line.loops(self._notches_of(state, band), [bias]))
        return self._still[2:]

    def measure_carrier(self, band: int, setting: TrackingSetting) -> Optional[float]:
        data = self._track(band, setting._replace(lms_freq_hz=None), lambda done, total: None)
        seen = [carrier.carrier_khz(trace.error_khz, data.samples_per_ramp, setting.reset_rate_khz)
                for trace in data.traces]
        return median([each for each in seen if each is not None])

    def tracking_setup(self, band: int, setting: TrackingSetting, progress: Progress) -> TrackingData:
        return self._track(band, setting, progress)

    def _track(self, band: int, setting: TrackingSetting, progress: Progress) -> TrackingData:
        """Without a carrier (``lms_freq_hz`` None) the loops stand still, and the traces show the dips move."""
        report = self._reported(progress, TRACKING_S)
        with self._registers.transaction() as state:
            state["flux_ramp_on"] = True
            state["fixed_flux_bias"] = 0.0
            state["flux_ramp_relay"] = "AC"
            state["flux_ramp"] = {"fraction_full_scale": setting.fraction_full_scale,
                                  "reset_rate_khz": setting.reset_rate_khz}
        line = self._line(state, band)
        samples = fluxramp.samples_per_ramp(setting.reset_rate_khz)
        biases = line.ramp_biases(setting.fraction_full_scale, samples)
        measuring = setting.lms_freq_hz is None
        loop = tracking.Loop(0.0 if measuring else tracking.step_size(setting.feedback_gain),
                             (setting.lms_freq_hz or 0.0) * 1e-3, samples,
                             setting.feedback_start_frac, setting.feedback_end_frac)
        settling, kept = (0, CARRIER_RAMPS) if measuring else (SETTLING_RAMPS, TRACKED_RAMPS)
        loops = line.loops(self._notches_of(state, band), biases)
        traces = []
        for done, (notch, seen, dip_khz, sigma) in enumerate(loops, 1):
            gauss = self._random(band, f"tracking/{measuring}/{notch.channel}").gauss
            tracked, error, phases = tracking.follow(
                dip_khz, seen, loop, settling + kept,
                [gauss(0, sigma) for _ in range(samples * (settling + kept))])
            skip = settling * samples
            traces.append(ChannelTrace(notch.channel, notch.freq_mhz, tracked[skip:], error[skip:],
                                       sum(phases[settling:]) / kept))
            report(done, len(loops))
        return TrackingData(samples, traces)

    def keep_tracking(self, band: int, setting: TrackingSetting, nphi0: int) -> None:
        """Nothing to do: the registers keep it."""

    def save_results(self, path: str, results: Dict[str, Any]) -> bool:
        """Results of the simulator are tables, which the stage writes."""
        return False

    # --- streams ----------------------------------------------------------------------------------

    def set_feedback_enable(self, band: int, channels: Sequence[int]) -> None:
        with self._registers.transaction() as state:
            self._band_state(state, band)["feedback_channels"] = list(channels)

    def take_stream_data(self, bands: Sequence[int], seconds: float,
                         progress: Callable[[int, int, int], None],
                         setting: StreamSetting = StreamSetting("noise")) -> Stream:
        """Streams of the noise model at 200 Hz, not of the loops; a loop without a ramp gives any phase."""
        state = self._registers.read()
        ramped = state["flux_ramp_on"] and "no_flux_ramp" not in self._faults
        samples = int(seconds * STREAM_RATE_HZ)
        self.bias_lines.begin(setting)
        try:
            self._wait(seconds)
            # The stream is on as long as its samples come, which is here.
            return Stream(STREAM_RATE_HZ, {band: self._band_streams(state, band, samples, ramped, progress)
                                           for band in bands}, fluxramp.PA_PER_PHI0)
        finally:
            with interruption.held():
                self.bias_lines.stream_off()

    def _band_streams(self, state: State, band: int, samples: int, ramped: bool,
                      progress: Callable[[int, int, int], None]) -> Dict[int, Sequence[float]]:
        streams: Dict[int, Sequence[float]] = {}
        notches = self._notches_of(state, band)
        following = self._band_state(state, band)["feedback_channels"] if ramped else []
        per_pa = 2 * pi / fluxramp.PA_PER_PHI0
        for place in range(0, len(notches), 2):
            pair = notches[place:place + 2]
            rng = self._random(band, f"stream/{pair[0].channel}")
            colours = [self._colour(state, band, notch) for notch in pair]
            drawn = noise.draw_streams(colours[0], colours[-1], STREAM_RATE_HZ, samples, rng)
            for notch, current in zip(pair, drawn):
                phases = [value * per_pa for value in current] if notch.channel in following else \
                         [rng.uniform(-pi, pi) for _ in range(samples)]
                streams[notch.channel] = array("d", phases)
            progress(band, min(place + 2, len(notches)), len(notches))
        return streams

    def _colour(self, state: State, band: int, notch: Notch) -> noise.Colour:
        """As drawn, louder or quieter by the state of the detector."""
        drawn = self._band(band)
        channel = drawn.channels[drawn.nearest(notch.freq_mhz)]
        group = channel.detector.group
        level = channel.white_pa if group == UNGROUPED else \
            white_pa(channel, biases.bias_a(state, group), biases.lowest_a(state, group))
        return noise.Colour(level, channel.knee_hz, channel.knee_power)


def _rows(notches: Sequence[Notch]) -> List[List[float]]:
    """Notches as they stand in the state."""
    return [[notch.channel, notch.subband, notch.freq_mhz, notch.eta.real, notch.eta.imag]
            for notch in notches]


def _grid(start: float, stop: float, step: float) -> List[float]:
    """Frequencies from start to stop, both included."""
    return [start + step * place for place in range(int((stop - start) / step + 1.5))]
