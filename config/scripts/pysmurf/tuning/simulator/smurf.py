"""The simulated slot: what the stages ask of an instrument, measured on the drawn truth.

Whatever a stage leaves on stands in the register file, so that another process, or the next session, finds
it there. Nothing is handed from the truth to a result: every number comes out of a noisy response.
"""
from __future__ import annotations

import time
from array import array
from bisect import bisect_left
from cmath import exp
from math import pi, sqrt
from random import Random
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from tuning import amplifier, fluxramp, noise, resonator, tracking
from tuning.band import (BANDS, UNASSIGNED, Assignment, assign_channels, centre_mhz, match_channels)
from tuning.dips import find_dips
from tuning.faults import Faults
from tuning.harmonics import fit_period
from tuning.instrument import (CannotWork, ChannelTrace, Descent, FoundResonances, Notch, OutputState,
                               PhaseDelay, Progress, Stream, Sweep, SweptNotch, TrackingData, TrackingSetting)
from tuning.phase_delay import delay_us, to_register
from tuning.quantiles import median
from tuning.resonator import Resonator
from tuning.simulator.registers import Registers, State, StateBroken, StateLocked, fresh_band
from tuning.simulator.resonator_array import Band, draw_amplifiers, draw_band

SAMPLE_NOISE = 0.003
"""Noise of one 2.4 MHz sample of a response, in each quadrature; full scale of the ADC is 1."""

SWEEP_SAMPLES = 64
SWEEP_STEP_MHZ = 0.04
DELAY_STEP_MHZ = 0.02
SCAN_SAMPLES = 256
"""Samples averaged for a point of a sweep, and for a point of the serial algorithms."""

DRAIN_NOISE_MA = 0.05
AMPS_OFF_DB = 10.0
TONE_POWER_STEP_DB = 3.0
ATTENUATION_STEP_DB = 0.5
"""Half a dB a code, and 10 dB less through amplifiers without power, are this simulator's choice."""

RAMP_POINTS = 16
"""Points of the ramp over which a slow measurement averages while the ramp runs."""

SETTLING_RAMPS = 4
TRACKED_RAMPS = 16
CARRIER_RAMPS = 4
LOOP_STEPS = 8
LOOP_GAIN = 0.6
ETA_BAD_RAD = 70 * pi / 180
STREAM_RATE_HZ = 200.0

GATE_STEP_S = 0.5
SWEEP_S = 12.0
PHASE_DELAY_S = 60.0
FIND_FREQ_S = 120.0
NOTCHES_S = 180.0
SERIAL_S = 60.0
TRACKING_S = 10.0
"""How long the real operation takes, in seconds (a band); waited by --time-scale."""


Line = Tuple[Notch, tracking.ChannelLine, List[float]]
"""A channel, what its loop sees of the line, and where its dip is at each bias, in kHz from the tone."""


class ArrayChoice(NamedTuple):
    """The seed and size asked for on the command line, None where nothing was said."""

    seed: Optional[int]
    channels: Optional[int]


class SimulatedSmurf:
    """Implements `tuning.instrument.Instrument`."""

    simulated = True
    version = "simulated"

    def __init__(self, registers: Registers, choice: ArrayChoice, fresh_array: bool, faults: Faults,
                 time_scale: float, drawn: Callable[[int, Band], None]) -> None:
        """``fresh_array``: the stage begins with the array itself, so that another seed means another array;
        a stage that builds on a tune stays with the array the tune was made on."""
        self._registers = registers
        self._faults = faults
        self._time_scale = time_scale
        self._drawn = drawn
        self._bands: Dict[int, Band] = {}
        self._loops: Dict[int, Dict[int, float]] = {}
        self._still: Optional[Tuple[Tuple[Any, ...], List[Line]]] = None
        self._array_seed, self._channels = self._choose_array(choice, fresh_array)
        self.seed: Optional[int] = self._array_seed if choice.seed is None else choice.seed

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
                return int(known["seed"]), int(known["channels"])
        except (StateBroken, StateLocked, KeyError, TypeError, ValueError):
            # Nothing to build on. What only looks or switches off goes on; the others meet the state again.
            return choice.seed or 0, choice.channels or 64

    # --- truth, noise and time -------------------------------------------------------------------------

    def _band(self, band: int) -> Band:
        if band not in self._bands:
            self._bands[band] = draw_band(self._array_seed, band, self._channels)
            self._drawn(band, self._bands[band])
        return self._bands[band]

    def _random(self, band: int, purpose: str) -> Random:
        return Random(f"{self.seed}/{band}/{purpose}")

    def _wait(self, seconds: float) -> None:
        if self._time_scale > 0:
            time.sleep(seconds * self._time_scale)

    def _reported(self, progress: Progress, seconds: float) -> Progress:
        """A progress that waits its share of the real operation's time."""
        last = 0

        def report(done: int, total: int) -> None:
            nonlocal last
            self._wait(seconds * (done - last) / total)
            last = done
            progress(done, total)

        return report

    # --- registers -------------------------------------------------------------------------------------

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
                           bool(state["eta_scan_in_progress"]), bool(state["tes_bias_on"]))

    def all_off(self) -> None:
        with self._registers.transaction() as state:
            self._switch_off(state)

    def _switch_off(self, state: State) -> None:
        for band in set(state["tones_on"]) | set(state["bands"]):
            self._tones_off(state, int(band))
        self._ramp_off(state)
        state["fixed_flux_bias"] = 0.0
        state["flux_ramp_relay"] = "AC"
        state["tes_bias_on"] = False

    def clear_eta_scan(self) -> None:
        with self._registers.transaction() as state:
            state["eta_scan_in_progress"] = False

    def make_quiet(self, disable_amps: bool) -> None:
        with self._registers.rescue() as state:
            self._switch_off(state)
            state["eta_scan_in_progress"] = False
            if disable_amps:
                state["amps_on"] = False

    # --- amplifiers ------------------------------------------------------------------------------------

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

    # --- the line --------------------------------------------------------------------------------------

    def set_att(self, band: int, attenuation: int) -> None:
        with self._registers.transaction() as state:
            self._band_state(state, band)["att"] = attenuation

    def _gain(self, state: State, band: int, tone_power: int) -> float:
        """Response without any dip: the line's level, tone power, both attenuators, and the amplifiers."""
        own = self._band_state(state, band)
        decibel = TONE_POWER_STEP_DB * (tone_power - 12) - 2 * own["att"] * ATTENUATION_STEP_DB
        if not state["amps_on"]:
            decibel -= AMPS_OFF_DB
        return self._band(band).level * 10 ** (decibel / 20)

    def _biases(self, state: State) -> List[float]:
        """The flux bias that a slow measurement sees: one, or all of a running ramp."""
        if "no_flux_ramp" in self._faults:
            return [0.0]
        if state["flux_ramp_on"]:
            return fluxramp.ramp(state["flux_ramp"]["fraction_full_scale"], RAMP_POINTS)
        return [float(state["fixed_flux_bias"])]

    def _resonators(self, band: int, bias: float) -> List[Resonator]:
        return sorted(channel.resonator(bias) for channel in self._band(band).channels)

    def _responses(self, state: State, band: int, tone_power: int) -> Callable[..., List[complex]]:
        """A function that measures the response at rising frequencies, with noise of so many samples' mean."""
        gain = self._gain(state, band, tone_power)
        delay = self._band(band).delay_us - self._band_state(state, band)["band_delay_us"]
        arrays = [self._resonators(band, bias) for bias in self._biases(state)]

        def measure(freqs: Sequence[float], rng: Random, samples: int) -> List[complex]:
            sigma = SAMPLE_NOISE / sqrt(samples)
            total = resonator.transmission(freqs, arrays[0], gain)
            for others in arrays[1:]:
                total = [a + b for a, b in zip(total, resonator.transmission(freqs, others, gain))]
            gauss = rng.gauss
            seen = [_saturated(value / len(arrays) + complex(gauss(0, sigma), gauss(0, sigma))) for value in total]
            # The delay last, so that an amplitude does not depend on it, noise and all.
            return resonator.delayed(freqs, seen, delay)

        return measure

    def full_band_ampl_sweep(self, band: int, start_mhz: float, stop_mhz: float, tone_power: int) -> Sweep:
        with self._registers.transaction() as state:
            own = self._band_state(state, band)
            own["tone_power"] = tone_power
        freqs = _grid(start_mhz, stop_mhz, SWEEP_STEP_MHZ)
        rng = self._random(band, f"sweep/{own['att']}/{tone_power}")
        response = self._responses(state, band, tone_power)(freqs, rng, SWEEP_SAMPLES)
        self._wait(SWEEP_S)
        return Sweep(freqs, response)

    def estimate_phase_delay(self, band: int, freq_min: float, freq_max: float, n_scan: int,
                             progress: Progress) -> PhaseDelay:
        report = self._reported(progress, PHASE_DELAY_S)
        freqs = _grid(freq_min, freq_max, DELAY_STEP_MHZ)
        delays = []
        sweeps = []
        for turn, name in enumerate(("before", "after")):
            with self._registers.transaction() as state:
                self._band_state(state, band)["band_delay_us"] = to_register(delays[0]) if delays else 0.0
            state, own = self._read_band(band)
            measure = self._responses(state, band, own["tone_power"])
            total = [0j] * len(freqs)
            for scan in range(n_scan):
                rng = self._random(band, f"phase_delay/{name}/{scan}")
                total = [a + b for a, b in zip(total, measure(freqs, rng, SWEEP_SAMPLES))]
                report(turn * n_scan + scan + 1, 2 * n_scan)
            sweeps.append(Sweep(freqs, [value / n_scan for value in total]))
            delays.append(delay_us(freqs, sweeps[-1].response))
        return PhaseDelay(to_register(delays[0]), delays[1] * 1e3, *sweeps)

    def find_freq(self, band: int, start_freq: float, stop_freq: float, tone_power: int, amp_cut: float,
                  grad_cut: float, progress: Progress) -> FoundResonances:
        with self._registers.transaction() as state:
            self._tones_off(state, band)
            self._band_state(state, band)["tone_power"] = tone_power
        state, _ = self._read_band(band)
        measure = self._responses(state, band, tone_power)
        freqs = _grid(start_freq, stop_freq, SWEEP_STEP_MHZ)
        rng = self._random(band, "find_freq")
        response: List[complex] = []
        designed = self._band(band).designed
        blocks = 16
        seen = 0
        for block in range(blocks):
            part = freqs[block * len(freqs) // blocks:(block + 1) * len(freqs) // blocks]
            response += measure(part, rng, SWEEP_SAMPLES)
            seen += len(find_dips(part, response[-len(part):], amp_cut, grad_cut))
            self._wait(FIND_FREQ_S / blocks)
            if block < blocks - 1:
                progress(min(seen, designed), designed)
        found = find_dips(freqs, response, amp_cut, grad_cut)
        progress(min(len(found), designed), designed)
        with self._registers.transaction() as state:
            self._band_state(state, band)["resonances_mhz"] = found
        return FoundResonances(Sweep(freqs, response), found)

    def found_resonances(self, band: int) -> Optional[List[float]]:
        return self._read_band(band)[1]["resonances_mhz"]

    # --- notches and the tune ----------------------------------------------------------------------------

    def setup_notches(self, band: int, resonances_mhz: Sequence[float], tone_power: int, sweep_width: float,
                      df_sweep: float, delta_freq: float, min_offset: float, new_master_assignment: bool,
                      progress: Progress) -> List[SweptNotch]:
        report = self._reported(progress, NOTCHES_S)
        with self._registers.transaction() as state:
            self._tones_off(state, band)
            self._band_state(state, band)["tone_power"] = tone_power
        state, own = self._read_band(band)
        measure = self._responses(state, band, tone_power)
        master = [Assignment(*row) for row in own["assignment"]]
        if new_master_assignment or not master:
            rows = assign_channels(resonances_mhz, min_offset)
        else:
            rows = match_channels(resonances_mhz, master, min_offset)
        rng = self._random(band, "setup_notches")
        swept = []
        for done, row in enumerate(rows, 1):
            freqs = _grid(row.freq_mhz - sweep_width, row.freq_mhz + sweep_width, df_sweep)
            response = measure(freqs, rng, SWEEP_SAMPLES)
            lowest = min(range(len(freqs)), key=lambda place: abs(response[place]))
            reach = max(int(round(delta_freq / df_sweep)), 1)
            low, high = max(lowest - reach, 0), min(lowest + reach, len(freqs) - 1)
            eta = resonator.clip_eta(resonator.eta(freqs[low], freqs[high], response[low], response[high]))
            swept.append(SweptNotch(Notch(row.channel, row.subband, freqs[lowest], eta), Sweep(freqs, response)))
            report(done, len(rows))
        tuned = [each.notch for each in swept if each.notch.channel != UNASSIGNED]
        with self._registers.transaction() as state:
            own = self._band_state(state, band)
            own["assignment"] = [list(row) for row in rows]
            self._store_notches(state, band, tuned)
        return swept

    def _store_notches(self, state: State, band: int, notches: Sequence[Notch]) -> None:
        self._band_state(state, band)["notches"] = [
            [notch.channel, notch.subband, notch.freq_mhz, notch.eta.real, notch.eta.imag] for notch in notches]
        state["tones_on"][str(band)] = len(notches)

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

    def all_notches(self) -> Dict[int, List[Notch]]:
        state = self._registers.read()
        return {band: self._notches_of(state, band) for band in range(BANDS) if str(band) in state["bands"]}

    def use_tune(self, path: str, notches: Dict[int, List[Notch]]) -> None:
        with self._registers.transaction() as state:
            for band, tuned in notches.items():
                self._store_notches(state, band, tuned)
                own = self._band_state(state, band)
                own["resonances_mhz"] = [notch.freq_mhz for notch in tuned]
                own["assignment"] = [[notch.freq_mhz, notch.subband, notch.channel] for notch in tuned]
            state["tune_file"] = path

    def name_tune(self, path: str) -> None:
        with self._registers.transaction() as state:
            state["tune_file"] = path

    def tune_file(self) -> Optional[str]:
        return self._registers.read()["tune_file"]

    # --- serial algorithms -------------------------------------------------------------------------------

    def _begin_scan(self, band: int) -> Tuple[List[Notch], Callable[..., List[complex]]]:
        with self._registers.transaction() as state:
            self._ramp_off(state)
            state["eta_scan_in_progress"] = True
        state, own = self._read_band(band)
        return self.notches(band), self._responses(state, band, own["tone_power"])

    def _end_scan(self, band: int, notches: Sequence[Notch]) -> None:
        with self._registers.transaction() as state:
            self._store_notches(state, band, notches)
            state["eta_scan_in_progress"] = False

    def run_serial_gradient_descent(self, band: int, descent: Descent, progress: Progress) -> None:
        report = self._reported(progress, SERIAL_S)
        started = time.monotonic()
        notches, measure = self._begin_scan(band)
        rng = self._random(band, "gradient_descent")
        centred = []
        for done, notch in enumerate(notches, 1):
            freq = self._descend(notch.freq_mhz, descent, lambda freqs: measure(freqs, rng, SCAN_SAMPLES))
            if freq is not None:
                centred.append(notch._replace(freq_mhz=freq))
            report(done, len(notches))
            if time.monotonic() - started > descent.timeout_s:
                raise CannotWork(f"band {band}: gradient descent not done in {descent.timeout_s:g} s")
        self._end_scan(band, centred)

    @staticmethod
    def _descend(freq: float, descent: Descent, measure: Callable[[List[float]], List[complex]]) -> Optional[float]:
        """Down the gradient of the power, relative to that beside the dip; None if it does not settle."""
        step = descent.step_hz * 1e-6
        settled = descent.converge_hz * 1e-6
        beside = max(abs(value) ** 2 for value in measure([freq - 0.5, freq + 0.5]))
        move = 0.0
        for _ in range(descent.max_iters):
            left, right = measure([freq - step, freq + step])
            gradient = (abs(right) ** 2 - abs(left) ** 2) / (2 * step * beside)
            move = -descent.gain * gradient + descent.beta * move
            freq += move
            if abs(move) < settled:
                return freq
        return None

    def run_serial_eta_scan(self, band: int, delta_freq: float, timeout_s: float, progress: Progress) -> None:
        report = self._reported(progress, SERIAL_S)
        started = time.monotonic()
        notches, measure = self._begin_scan(band)
        rng = self._random(band, "eta_scan")
        scanned = []
        for done, notch in enumerate(notches, 1):
            low, high = notch.freq_mhz - delta_freq, notch.freq_mhz + delta_freq
            at_low, at_high = measure([low, high], rng, SCAN_SAMPLES)
            scanned.append(notch._replace(eta=resonator.clip_eta(resonator.eta(low, high, at_low, at_high))))
            report(done, len(notches))
            if time.monotonic() - started > timeout_s:
                raise CannotWork(f"band {band}: eta scan not done in {timeout_s:g} s")
        self._end_scan(band, scanned)

    # --- flux ------------------------------------------------------------------------------------------------

    def set_lms_enable(self, band: int, enabled: bool) -> None:
        with self._registers.transaction() as state:
            self._band_state(state, band)["lms_enabled"] = enabled

    def toggle_feedback(self, band: int) -> None:
        self._loops[band] = {}

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
        state, _ = self._read_band(band)
        loops = self._loops.setdefault(band, {})
        bias = self._biases(state)[0]
        rng = self._random(band, f"loop_filter/{bias:.6f}")
        sigma = SAMPLE_NOISE / sqrt(SCAN_SAMPLES)
        for notch, line, dip_khz in self._still_lines(state, band, bias):
            place = loops.get(notch.channel, 0.0) * 1e3
            noise_khz = abs(notch.eta) * 1e3 * sigma
            for _ in range(LOOP_STEPS):
                error = rng.gauss(0, noise_khz) - tracking.frequency_error(place - dip_khz[0], line)
                place = min(max(place + LOOP_GAIN * error, -tracking.CLAMP_KHZ), tracking.CLAMP_KHZ)
            loops[notch.channel] = place * 1e-3
        return dict(loops)

    def _still_lines(self, state: State, band: int, bias: float) -> List[Line]:
        """`_lines` at one bias, kept while nothing changes: a bias is read several times."""
        setting = (band, bias, state["amps_on"], self._band_state(state, band))
        if self._still is None or self._still[0] != setting:
            self._still = (setting, self._lines(state, band, [bias]))
        return self._still[1]

    def _lines(self, state: State, band: int,
               biases: Sequence[float]) -> List[Line]:
        """Each channel with what its loop sees, and where its dip is at each bias, in kHz from the tone."""
        own = self._band_state(state, band)
        gain = self._gain(state, band, own["tone_power"])
        delay = self._band(band).delay_us - own["band_delay_us"]
        turn = complex(1)
        if "eta_bad" in self._faults:
            turn = exp(1j * ETA_BAD_RAD)
        middle = biases[len(biases) // 2]
        channels = sorted(self._band(band).channels, key=lambda channel: channel.dip_mhz(middle))
        resting = [channel.resonator(middle) for channel in channels]
        places = [each.freq_mhz for each in resting]
        lines = []
        for notch in self._notches_of(state, band):
            mine = _nearest(places, notch.freq_mhz)
            others = resting[max(mine - resonator.NEIGHBOURS, 0):mine] + resting[mine + 1:mine + resonator.NEIGHBOURS]
            line = resonator.background(notch.freq_mhz, others, gain) * _turned(notch.freq_mhz, delay)
            channel = channels[mine]
            lines.append((notch,
                          tracking.ChannelLine(notch.eta * turn * line * 1e3, channel.q_ratio,
                                               channel.bandwidth_mhz * 1e3, delay * 1e-3),
                          [(channel.dip_mhz(bias) - notch.freq_mhz) * 1e3 for bias in biases]))
        return lines

    def tracking_setup(self, band: int, setting: TrackingSetting, progress: Progress) -> TrackingData:
        report = self._reported(progress, TRACKING_S)
        with self._registers.transaction() as state:
            state["flux_ramp_on"] = True
            state["fixed_flux_bias"] = 0.0
            state["flux_ramp_relay"] = "AC"
            state["flux_ramp"] = {"fraction_full_scale": setting.fraction_full_scale,
                                  "reset_rate_khz": setting.reset_rate_khz}
        state, _ = self._read_band(band)
        samples = fluxramp.samples_per_ramp(setting.reset_rate_khz)
        biases = fluxramp.ramp(setting.fraction_full_scale, samples)
        if "no_flux_ramp" in self._faults:
            biases = [0.0] * samples
        measuring = setting.lms_freq_hz is None
        loop = tracking.Loop(0.0 if measuring else tracking.step_size(setting.feedback_gain),
                             (setting.lms_freq_hz or 0.0) * 1e-3, samples,
                             setting.feedback_start_frac, setting.feedback_end_frac)
        ramps = CARRIER_RAMPS if measuring else SETTLING_RAMPS + TRACKED_RAMPS
        settling = 0 if measuring else SETTLING_RAMPS
        lines = self._lines(state, band, biases)
        traces = []
        for done, (notch, line, dip_khz) in enumerate(lines, 1):
            rng = self._random(band, f"tracking/{measuring}/{notch.channel}")
            sigma = abs(notch.eta) * 1e3 * SAMPLE_NOISE
            gauss = rng.gauss
            noise_khz = [gauss(0, sigma) for _ in range(samples * ramps)]
            tracked, error, phases = tracking.follow(dip_khz, line, loop, ramps, noise_khz)
            skip = settling * samples
            traces.append(ChannelTrace(notch.channel, notch.freq_mhz, tracked[skip:], error[skip:],
                                       sum(phases[settling:]) / (ramps - settling)))
            report(done, len(lines))
        return TrackingData(samples, traces)

    # --- streams -----------------------------------------------------------------------------------------------

    def set_feedback_enable(self, band: int, channels: Sequence[int]) -> None:
        with self._registers.transaction() as state:
            self._band_state(state, band)["feedback_channels"] = list(channels)

    def take_stream_data(self, bands: Sequence[int], seconds: float,
                         progress: Callable[[int, int, int], None]) -> Stream:
        """Streams of the noise model at 200 Hz, not 2.4 MHz samples; a loop without a ramp gives any phase."""
        state = self._registers.read()
        samples = int(seconds * STREAM_RATE_HZ)
        phases: Dict[int, Dict[int, Sequence[float]]] = {}
        self._wait(seconds)
        for band in bands:
            own = self._band_state(state, band)
            streams: Dict[int, Sequence[float]] = {}
            lines = self._lines(state, band, [0.0])
            colours = self._colours(band, [notch for notch, _, _ in lines])
            ramped = state["flux_ramp_on"] and "no_flux_ramp" not in self._faults
            following = set(own["feedback_channels"]) if ramped else set()
            for place in range(0, len(lines), 2):
                pair = lines[place:place + 2]
                rng = self._random(band, f"stream/{pair[0][0].channel}")
                drawn = noise.draw_streams(colours[place], colours[min(place + 1, len(lines) - 1)],
                                           STREAM_RATE_HZ, samples, rng)
                for (notch, _, _), current in zip(pair, drawn):
                    if notch.channel in following:
                        scale = 2 * pi / fluxramp.PA_PER_PHI0
                        streams[notch.channel] = array("d", [value * scale for value in current])
                    else:
                        streams[notch.channel] = array("d", [rng.uniform(-pi, pi) for _ in range(samples)])
                progress(band, min(place + 2, len(lines)), len(lines))
            phases[band] = streams
        return Stream(STREAM_RATE_HZ, phases)

    def _colours(self, band: int, notches: Sequence[Notch]) -> List[noise.Colour]:
        channels = self._band(band).channels
        colours = []
        for notch in notches:
            channel = min(channels, key=lambda each: abs(each.base_mhz - notch.freq_mhz))
            colours.append(noise.Colour(channel.white_pa, channel.knee_hz, channel.knee_power))
        return colours


def _grid(start: float, stop: float, step: float) -> List[float]:
    """Frequencies from start to stop, both included."""
    return [start + step * place for place in range(int((stop - start) / step + 1.5))]


def _nearest(places: Sequence[float], wanted: float) -> int:
    """Index of the nearest of rising values."""
    right = min(bisect_left(places, wanted), len(places) - 1)
    left = max(right - 1, 0)
    return left if wanted - places[left] < places[right] - wanted else right


def _saturated(value: complex) -> complex:
    """The ADC ends at 1."""
    size = abs(value)
    return value if size <= 1 else value / size


def _turned(freq_mhz: float, delay: float) -> complex:
    return exp(-2j * pi * freq_mhz * delay)
