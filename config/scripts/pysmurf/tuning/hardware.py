"""A real slot: what the stages ask of an instrument, asked of pysmurf's ``SmurfControl``.

The order of the calls and what surrounds them is that of sodetlib's operations (``uxm_setup``,
``uxm_relock``, ``tracking``, ``squid_curves``), which the methods here name as their sources. Those
operations themselves take their limits from the device configuration alone, and several of them ask the
control object for its ``epics_root``, which pysmurf's main no longer has. The device configuration is read and
kept up to date where there is one. Nothing is made up: what a call does not give back is None. Written
against pysmurf 034bf62d and v9.0.3, and sodetlib 0d60bd2.
"""
from __future__ import annotations

import functools
import importlib
import os
import time
from array import array
from cmath import rect
from math import ceil, isfinite, log2, radians
from typing import Any, Callable, ContextManager, Dict, List, Optional, Sequence, Tuple, TypeVar

from tuning.band import UNASSIGNED, Assignment
from tuning.before import Before
from tuning.bias_hardware import HardwareBiasLines
from tuning.bias_lines import StreamSetting
from tuning.checks import preflight_checks
from tuning.control import Control, Memory
from tuning.guard import guard_registers
from tuning.instrument import (CannotWork, ChannelTrace, Check, Descent, FoundResonances, Notch, OutputState,
                               PhaseDelay, Progress, Stream, Sweep, SweptNotch, TrackingData, TrackingSetting)
from tuning.interruption import interruption
from tuning.outputs import C04_MAJOR, FIXED_FLUX_MODE, Outputs
from tuning.scans import Scans
from tuning.sodetlib_operations import Sodetlib
from tuning.tracking import quality

BOTH_AMPS = 0b11
BOTH_TRANSMITTERS = 0b11
AMPS_SETTLE_S = 10.0
GATE_SETTLE_S = 0.2
"""Waits behind power and behind a step of a gate: sodetlib's amp_enable_wait_time and amp_step_wait_time."""

SWEEPS_READ = 2
TRACKING_SAMPLES = 2 ** 18
TRACKED_AT_KHZ = 4.0
"""``n_read`` of sweeps and ``nsamp`` of tracking at this reset rate, as sodetlib gives them."""

MODULATED_R2 = 0.95
"""A channel that repeats less from ramp to ramp says nothing of the carrier. Source: sodetlib
``setup_tracking_params``."""

SETTINGS = ("uc_att", "dc_att", "band_delay_us")

CONFIGURED: Dict[str, Tuple[str, Optional[int]]] = {
    "hemt_id_target": ("amp_hemt_drain_current", None), "lna_id_target": ("amp_50k_drain_current", None),
    "hemt_id_tolerance": ("amp_hemt_drain_current_tolerance", None),
    "lna_id_tolerance": ("amp_50k_drain_current_tolerance", None),
    "hemt_vg_min": ("amp_hemt_gate_volt_min", None), "hemt_vg_max": ("amp_hemt_gate_volt_max", None),
    "lna_vg_min": ("amp_50k_gate_volt_min", None), "lna_vg_max": ("amp_50k_gate_volt_max", None),
    "hemt_vg": ("amp_hemt_gate_volt", None), "lna_vg": ("amp_50k_gate_volt", None),
    "amps_to_bias": ("amps_to_bias", None), "active_bands": ("active_bands", None), "tone_power": ("tone_power", None),
    "amp_cut": ("res_amp_cut", None), "grad_cut": ("res_grad_cut", None),
    "max_iters": ("gradientDescentMaxIters", None), "gain": ("gradientDescentGain", None),
    "step_hz": ("gradientDescentStepHz", None), "converge_hz": ("gradientDescentConvergeHz", None),
    "beta": ("gradientDescentBeta", None), "reset_rate_khz": ("flux_ramp_rate_khz", None),
    "nphi0": ("nphi0", None), "init_frac_pp": ("init_frac_pp", None),
    "feedback_start": ("feedback_start_frac", None), "feedback_end": ("feedback_end_frac", None),
    "lms_gain": ("lms_gain", None), "feedback_gain": ("feedback_gain", None), "r2_min": ("r2_min", None),
    "f_ptp_min": ("f_ptp_range", 0), "f_ptp_max": ("f_ptp_range", 1),
    "df_ptp_min": ("df_ptp_range", 0), "df_ptp_max": ("df_ptp_range", 1)}
"""Options of the stages by sodetlib's names for them, and the place where the value is a range."""

Made = TypeVar("Made", bound=type)


def failures_told(made: Made) -> Made:
    """What a call of pysmurf raises becomes `CannotWork`, which the stages know how to tell."""
    def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return method(*args, **kwargs)
            except CannotWork:
                raise
            except Exception as failure:
                raise CannotWork(f"{method.__name__}: {type(failure).__name__}: {failure}") from failure
        return call

    for name, part in list(vars(made).items()):
        if callable(part) and not name.startswith("_"):
            setattr(made, name, guarded(part))
    return made


@failures_told
class HardwareSmurf:
    """Implements `tuning.instrument.Instrument`."""

    simulated = False
    seed: Optional[int] = None

    def __init__(self, control: Control, memory: Memory, dry: bool, say: Callable[[str], None]) -> None:
        self._smurf = control.smurf
        self._config = control.config
        self._told = control.told
        self._memory = memory
        self._dry = dry
        guard_registers(self._smurf, dry, say)
        self._scans = Scans(self._smurf)
        self._before = Before(self._smurf, memory, self._scans, say)
        coupling = "AC" if self._config is None else str(self._config.dev.exp["coupling_mode"]).upper()
        self._outputs = Outputs(self._smurf, self._scans, self._before, coupling)
        self._lms_before: Dict[int, List[int]] = {}
        self._coupling_before: Optional[str] = None
        self._on: Dict[int, List[int]] = {}
        self._written: Optional[str] = None
        self.version = control.version
        self.sodetlib = None if self._config is None else Sodetlib(self._smurf, self._config)
        self.bias_lines = HardwareBiasLines(self._smurf, self.sodetlib, memory)

    @property
    def introduction(self) -> str:
        return f"pysmurf {self.version}, {self._told}"

    # --- configuration ----------------------------------------------------------------------------

    def _bands(self) -> List[int]:
        return [int(band) for band in self._smurf.bands]

    def _band_off(self, band: int) -> None:
        with interruption.held():
            self._outputs.band_off(band)

    def _check(self, band: int) -> None:
        if band not in self._bands():
            raise CannotWork(f"band {band} is not in pysmurf's configuration, which has "
                             f"{', '.join(map(str, self._bands())) or 'none'}")

    def _setting(self, band: int, name: str) -> Any:
        """A band's setting as sodetlib's device configuration has it, else as a stage here left it."""
        kept = None if self._config is None else self._config.dev.bands[band].get(name)
        return self._memory.of_band(band).get(name) if kept is None else kept

    def configured(self, name: str, band: Optional[int] = None) -> Optional[Any]:
        """What the device configuration says of an option."""
        if self._config is None or name not in CONFIGURED:
            return None
        key, place = CONFIGURED[name]
        value = self._config.dev.exp.get(key)
        if value is None and band is not None:
            value = self._config.dev.bands[band].get(key)
        return value if value is None or place is None else value[place]

    def _keep(self, band: int, values: Dict[str, Any]) -> None:
        """Remember settings of a band, as ``update_cfg`` does in sodetlib's operations."""
        with interruption.held():
            self._memory.keep(band, values)
            if self._config is not None and not self._dry:
                self._config.dev.update_band(band, values, update_file=True)

    def _keep_tune(self, path: str) -> None:
        with interruption.held():
            self._memory.keep_tune_file(path)
            if self._config is not None and not self._dry:
                self._config.dev.update_experiment({"tunefile": path}, update_file=True)

    # --- outputs ----------------------------------------------------------------------------------

    def checks(self) -> List[Check]:
        return preflight_checks(self._smurf, self._config, self._scans, self._outputs, self._told,
                                self.version)

    def read_state(self) -> OutputState:
        return self._outputs.read()

    def running_scans(self) -> List[int]:
        return self._outputs.scanned()

    def stream_state(self) -> Dict[str, Any]:
        """Source: socs ``check_state``; without sodetlib there is no streamer with tags."""
        of_streamer = {"agg_time": None, "open_g3stream": int(self._smurf.get_stream_enable()),
                       "pysmurf_action": "", "pysmurf_action_timestamp": 0, "stream_tag": ""} \
            if self.sodetlib is None else self.sodetlib.stream_registers()
        return {"channel_mask": [int(channel) for channel in self._smurf.get_channel_mask()],
                "downsample_factor": self._smurf.get_downsample_factor(), **of_streamer,
                "num_active_channels": sum(len(self._smurf.which_on(band)) for band in self._bands())}

    def all_off(self) -> None:
        """``all_off``, and what it leaves: the noise, the waveform on the bias lines, the steady flux bias."""
        self._outputs.all_off()

    def prepare(self, bands: Sequence[int]) -> None:
        """Source: sodetlib ``uxm_setup``, its step "Reset to known state"."""
        for band in self._bands():
            self._before.recover(band)
        self.all_off()
        self._smurf.set_filter_disable(0)
        if self._config is None:
            return
        wanted = self._config.dev.exp
        self._smurf.set_downsample_factor(wanted["downsample_factor"])
        # The relay has few turns in its life, and is turned only if it has to be.
        if self._smurf.get_cryo_card_ac_dc_mode().lower() != wanted["coupling_mode"]:
            if wanted["coupling_mode"] == "dc":
                self._smurf.set_mode_dc()
            else:
                self._smurf.set_mode_ac()
        for band in bands:
            self._smurf.set_synthesis_scale(band, wanted["synthesis_scale"])

    def clear_eta_scan(self) -> None:
        """Source: sodetlib ``run_grad_descent_and_eta_scan`` with force_run."""
        for band in self._bands():
            self._scans.clear_mark(band)

    def make_quiet(self, disable_amps: bool, patience_s: float, say: Callable[[str], None]) -> None:
        self._outputs.make_quiet(disable_amps, patience_s, say)

    def as_before(self, band: Optional[int], tones: bool) -> ContextManager[None]:
        if band is not None:
            self._check(band)
        return self._before.unless_done(band, tones)

    # --- amplifiers -------------------------------------------------------------------------------

    def enable_amps(self) -> None:
        """Source: sodetlib ``setup_amps`` for a C02 card.

        A C04 or C05 card has two HEMTs and two 50 K amplifiers whose drain voltages have to be chosen too:
        the stage has no parameters for these, so it is refused.
        """
        major = self._smurf.C.get_fw_version()[0]
        if major == 0:
            raise CannotWork("no cryostat card answers")
        if major == C04_MAJOR:
            raise CannotWork("the cryostat card is a C04 or C05, with amplifiers hemt1, hemt2, 50k1 and "
                             "50k2: this stage sets the hemt and 50k of a C02 card only; bias them with "
                             "sodetlib's setup_amps and skip setup_amps here")
        before = int(self._smurf.C.read_ps_en())
        self._smurf.C.write_ps_en(BOTH_AMPS)
        if before & BOTH_AMPS != BOTH_AMPS:
            interruption.sleep(AMPS_SETTLE_S)
        if int(self._smurf.C.read_ps_en()) != BOTH_AMPS:
            raise CannotWork("the amplifiers did not take power")

    def disable_amps(self) -> None:
        self._outputs.disable_amps()

    def keep_amps(self, biases: Dict[str, float]) -> None:
        """Also switches the 300 K amplifiers on. Source: the end of sodetlib ``setup_amps`` with update_cfg."""
        self._smurf.C.write_optical(BOTH_TRANSMITTERS)
        if self._config is not None and not self._dry:
            with interruption.held():
                self._config.dev.update_experiment(
                    {f"amp_{name}": volts for name, volts in biases.items()}, update_file=True)

    def get_amplifier_biases(self) -> Dict[str, float]:
        biases = self._smurf.get_amplifier_biases()
        return {name: float(value) for name, value in biases.items()
                if name.endswith(("_gate_volt", "_drain_current"))}

    def set_amp_gate_voltage(self, amp: str, volts: float) -> None:
        """Source: sodetlib ``find_gate_voltage``."""
        self._smurf.set_amp_gate_voltage(amp, volts, override=True)
        interruption.sleep(GATE_SETTLE_S)

    # --- the line ---------------------------------------------------------------------------------

    def set_att(self, band: int, attenuation: int) -> None:
        self._check(band)
        self._smurf.set_att_uc(band, attenuation)
        self._smurf.set_att_dc(band, attenuation)

    def keep_att(self, band: int, attenuation: int) -> None:
        """Source: sodetlib ``estimate_uc_dc_atten`` with update_cfg."""
        self._keep(band, {"uc_att": attenuation, "dc_att": attenuation})

    def full_band_ampl_sweep(self, band: int, start_mhz: float, stop_mhz: float, tone_power: int) -> Sweep:
        """The sub-bands whose centres are in the range; the sweep spoils the tones there are: they go off."""
        self._check(band)
        numbers, centres = self._smurf.get_subband_centers(band)
        chosen = [int(number) for number, centre in zip(numbers, centres) if start_mhz <= centre <= stop_mhz]
        if not chosen:
            raise CannotWork(f"no sub-band between {start_mhz:g} and {stop_mhz:g} MHz")
        try:
            freqs, response = self._smurf.full_band_ampl_sweep(band, chosen, tone_power, SWEEPS_READ)
        finally:
            self._band_off(band)
        return _flat_sweep(freqs, response)

    def estimate_phase_delay(self, band: int, freq_min: float, freq_max: float, n_scan: int,
                             progress: Progress) -> PhaseDelay:
        """``estimate_phase_delay``, which saves its sweeps and its plot itself and hands back two delays."""
        try:
            measured, rest = self._smurf.estimate_phase_delay(
                band, make_plot=True, show_plot=False, n_scan=n_scan,
                freq_min=freq_min * 1e6, freq_max=freq_max * 1e6)
        finally:
            self._band_off(band)
        self._keep(band, {"band_delay_us": float(measured)})
        progress(2 * n_scan, 2 * n_scan)
        return PhaseDelay(float(measured), float(rest) * 1e3, None, None)

    def find_freq(self, band: int, start_freq: float, stop_freq: float, tone_power: int, amp_cut: float,
                  grad_cut: float, progress: Progress) -> FoundResonances:
        """Source: sodetlib ``setup_tune``. How many dips were designed is not known here."""
        self._check(band)
        try:
            freqs, response = self._smurf.find_freq(
                band, start_freq=start_freq, stop_freq=stop_freq, tone_power=tone_power, make_plot=False,
                show_plot=False, grad_cut=grad_cut, amp_cut=amp_cut)
        finally:
            self._band_off(band)
        left = self._smurf.freq_resp[band]["find_freq"]
        found = [float(freq) for freq in left["resonance"]]
        with interruption.held():
            self._memory.keep(band, {"resonances_mhz": found})
            self._memory.keep_find_freq(band, left)
        progress(len(found), len(found))
        return FoundResonances(_flat_sweep(freqs, response), found)

    def found_resonances(self, band: int) -> Optional[List[float]]:
        return self._memory.of_band(band).get("resonances_mhz")

    # --- notches and the tune ---------------------------------------------------------------------

    def setup_notches(self, band: int, resonances_mhz: Sequence[float], tone_power: int, sweep_width: float,
                      df_sweep: float, delta_freq: float, min_offset: float, new_master_assignment: bool,
                      progress: Progress) -> List[SweptNotch]:
        """``setup_notches``, which writes the tune and the assignment and switches the tones on.

        It reads the resonances from what ``find_freq`` left in the same process, so they are put there. What
        has no channel is not swept.
        """
        self._check(band)
        if not resonances_mhz:
            self._band_off(band)
            return []
        self._take_over_other_bands(band)
        known = f"band_{band}" in self._smurf.channel_assignment_files
        resonances = importlib.import_module("numpy").asarray(list(resonances_mhz), dtype=float)
        # The tune holds what find_freq left, and sodetlib's fit_tune reads its time there.
        left = self._smurf.freq_resp.setdefault(band, {}).get("find_freq") or self._memory.find_freq(band)
        self._smurf.freq_resp[band]["find_freq"] = {**left, "resonance": resonances}
        self._smurf.setup_notches(
            band, resonance=resonances, tone_power=tone_power, sweep_width=sweep_width, df_sweep=df_sweep,
            min_offset=min_offset, delta_freq=delta_freq,
            new_master_assignment=new_master_assignment or not known)
        found = _in_order(self._smurf.freq_resp[band]["resonances"])
        swept = [self._swept_notch(band, each) for each in found]
        beyond = [each.notch.channel for each in swept if 0 in each.sweep.response and any(each.sweep.response)]
        if beyond:
            raise CannotWork(f"the sweeps of channels {', '.join(map(str, beyond))} leave their channels, and "
                             "the server answers with zeros there: take a smaller sweep width")
        self._written = str(self._smurf.tune_file)
        self._keep_tune(self._written)
        progress(len(swept), len(swept))
        return swept

    def _take_over_other_bands(self, band: int) -> None:
        """The tune in use has other bands, which the file that ``setup_notches`` writes would lack."""
        path = self.tune_file()
        if path is None or not os.path.exists(path):
            return
        stored = self._smurf.load_tune(path, override=False) or {}
        for other, tuned in stored.items():
            if other != band and "resonances" not in self._smurf.freq_resp.get(other, {}):
                self._smurf.freq_resp[other] = tuned

    def _notch(self, band: int, found: Dict[str, Any]) -> Notch:
        offset = float(found["freq"]) - self._smurf.get_band_center_mhz(band)
        return Notch(int(found["channel"]), int(found["subband"]), offset, complex(found["eta"]))

    def _swept_notch(self, band: int, found: Dict[str, Any]) -> SweptNotch:
        centre = self._smurf.get_band_center_mhz(band)
        freqs, response = found["freq_eta_scan"], found["resp_eta_scan"]
        sweep = Sweep([], []) if freqs is None else \
            Sweep([float(freq) - centre for freq in freqs], [complex(value) for value in response])
        return SweptNotch(self._notch(band, found), sweep)

    def notches(self, band: int) -> List[Notch]:
        """From the registers of the channels whose tones are on, as sodetlib reads them to update a tune."""
        self._check(band)
        on = self._channels_on(band)
        if not on:
            return []
        places = self._smurf.get_tone_frequency_offset_mhz(band)
        offsets = self._smurf.get_center_frequency_array(band)
        phases = self._smurf.get_eta_phase_array(band)
        scaled = self._smurf.get_eta_mag_array(band)
        limit = self.eta_limit_mhz(band)
        return [Notch(channel, int(self._smurf.get_subband_from_channel(band, channel)),
                      float(places[channel]) + float(offsets[channel]),
                      rect(float(scaled[channel]) * limit, radians(float(phases[channel]))))
                for channel in on]

    def _channels_on(self, band: int) -> List[int]:
        return [int(channel) for channel in self._smurf.which_on(band)]

    def eta_limit_mhz(self, band: int) -> float:
        """Source: ``setup_notches``, its subband_half_width."""
        digitizer_mhz = float(self._smurf.get_digitizer_frequency_mhz(band))
        return digitizer_mhz / int(self._smurf.get_number_sub_bands(band))

    def assignment(self, band: int) -> List[Assignment]:
        if f"band_{band}" not in self._smurf.channel_assignment_files:
            return []
        freqs, subbands, channels, _ = self._smurf.get_master_assignment(band)
        centre = self._smurf.get_band_center_mhz(band)
        return [Assignment(float(freq) - centre, int(subband), int(channel))
                for freq, subband, channel in zip(freqs, subbands, channels)]

    def read_tune(self, path: str) -> Dict[int, List[Notch]]:
        """The notches of pysmurf's tune file."""
        if not os.path.exists(path):
            raise CannotWork(f"no tune in {path}: no such file")
        stored = self._smurf.load_tune(path, override=False)
        tune: Dict[int, List[Notch]] = {}
        for band, tuned in (stored or {}).items():
            if int(band) in self._bands() and tuned.get("resonances"):
                notches = [self._notch(int(band), found) for found in _in_order(tuned["resonances"])]
                tune[int(band)] = [notch for notch in notches if notch.channel != UNASSIGNED]
        return tune

    def use_tune(self, path: str, notches: Dict[int, List[Notch]]) -> None:
        """``load_tune`` and ``relock``, behind the settings it was taken with.

        Source: sodetlib ``uxm_relock`` and ``reload_tune``.
        """
        for band in notches:
            self._check(band)
            self._apply_settings(band)
            self._smurf.load_tune(path, band=band)
            self._smurf.relock(band)
        self._smurf.set_tune_file_path(path)
        self._memory.keep_tune_file(path)

    def _apply_settings(self, band: int) -> None:
        """The attenuators and the delay, which a restarted server has forgotten."""
        uc_att, dc_att, delay = (self._setting(band, name) for name in SETTINGS)
        if uc_att is not None:
            self._smurf.set_att_uc(band, uc_att)
        if dc_att is not None:
            self._smurf.set_att_dc(band, dc_att)
        if delay is not None:
            self._smurf.set_band_delay_us(band, delay)

    def save_tune(self, path: str) -> Optional[str]:
        """Nothing to write: ``setup_notches`` wrote pysmurf's own file, if it was called."""
        return self._written

    def tune_file(self) -> Optional[str]:
        """The file in use: as remembered, else as the device configuration says, else pysmurf's last one."""
        kept = self._memory.tune_file
        if kept is None and self._config is not None:
            kept = self._config.dev.exp.get("tunefile")
        if kept is None:
            try:
                kept = self._smurf.last_tune()
            except IndexError:  # v9.0.3, where there is no tune yet.
                pass
        return None if kept is None else str(kept)

    # --- serial algorithms ------------------------------------------------------------------------

    def run_serial_gradient_descent(self, band: int, descent: Descent, progress: Progress) -> None:
        """Source: sodetlib ``run_grad_descent_and_eta_scan``: one that changed amplitudes went wrong."""
        self._check(band)
        self._smurf.set_gradient_descent_step_hz(band, descent.step_hz)
        self._smurf.set_gradient_descent_max_iters(band, descent.max_iters)
        self._smurf.set_gradient_descent_gain(band, descent.gain)
        self._smurf.set_gradient_descent_converge_hz(band, descent.converge_hz)
        self._smurf.set_gradient_descent_beta(band, descent.beta)
        amplitudes = list(self._smurf.get_amplitude_scale_array(band))
        self._smurf.flux_ramp_off()
        self._scans.run(band, "runSerialGradientDescent", descent.timeout_s)
        if list(self._smurf.get_amplitude_scale_array(band)) != amplitudes:
            raise CannotWork("the gradient descent changed amplitudes: it went wrong on the server")
        count = len(self._channels_on(band))
        progress(count, count)

    def run_serial_eta_scan(self, band: int, delta_freq: float, timeout_s: float, progress: Progress) -> None:
        """A channel that it cannot calibrate it switches off, and off it stays."""
        self._check(band)
        count = len(self._channels_on(band))
        usual = self._smurf.get_eta_scan_del_f(band)
        self._smurf.set_eta_scan_del_f(band, int(round(delta_freq * 1e6)))
        self._smurf.flux_ramp_off()
        self._scans.run(band, "runSerialEtaScan", timeout_s)
        self._smurf.set_eta_scan_del_f(band, usual)
        progress(count, count)

    # --- flux -------------------------------------------------------------------------------------

    def set_lms_enable(self, band: int, enabled: bool) -> None:
        """Off remembers the three switches and the gain, and takes the configured gain; on puts them back.

        Source: sodetlib ``take_squid_curve``.
        """
        self._check(band)
        if not enabled:
            self._lms_before.setdefault(band, [
                int(self._smurf.get_lms_enable1(band)), int(self._smurf.get_lms_enable2(band)),
                int(self._smurf.get_lms_enable3(band)), int(self._smurf.get_lms_gain(band))])
        usual = [1, 1, 1, self._smurf.get_lms_gain(band)]
        switches = self._lms_before.pop(band, usual) if enabled else \
            [0, 0, 0, int(self.configured("lms_gain", band) or 0)]
        self._smurf.set_lms_enable1(band, switches[0])
        self._smurf.set_lms_enable2(band, switches[1])
        self._smurf.set_lms_enable3(band, switches[2])
        self._smurf.set_lms_gain(band, switches[3])

    def toggle_feedback(self, band: int) -> None:
        self._on[band] = self._channels_on(band)
        self._smurf.toggle_feedback(band)

    def set_fixed_flux_ramp_bias(self, fraction: float) -> None:
        """The first one turns relay and mode; from then on only the bias moves."""
        configure = self._smurf.get_mode_control() != FIXED_FLUX_MODE
        if configure and self._coupling_before is None:
            self._coupling_before = self._smurf.get_cryo_card_ac_dc_mode()
        self._smurf.set_fixed_flux_ramp_bias(fraction, debug=False, do_config=configure)

    def unset_fixed_flux_ramp_bias(self) -> None:
        """Back to the coupling there was before: as read, else as configured, else AC."""
        before = self._coupling_before
        if before is None and self._config is not None:
            before = str(self._config.dev.exp["coupling_mode"])
        self._smurf.unset_fixed_flux_ramp_bias(acCouple=before is None or before.upper() != "DC")
        self._coupling_before = None

    def get_loop_filter_output_array(self, band: int) -> Dict[int, float]:
        if band not in self._on:
            self._on[band] = self._channels_on(band)
        places = self._smurf.get_loop_filter_output_array(band)
        return {channel: float(places[channel]) for channel in self._on[band]}

    def measure_carrier(self, band: int, setting: TrackingSetting) -> Optional[float]:
        """``tracking_setup`` with meas_lms_freq, of the channels that the ramp modulates.

        A second time, with the others muted: without a response pysmurf makes a carrier of the noise. Source:
        sodetlib ``setup_tracking_params``.
        """
        self._check(band)
        amplitudes = list(self._smurf.get_amplitude_scale_array(band))
        samples, traces = self._track(band, setting, None)
        modulated = {trace.channel for trace in traces
                     if quality(trace.tracked_khz, trace.error_khz, samples) >= MODULATED_R2}
        if not modulated:
            return None
        self._smurf.set_amplitude_scale_array(
            band, [amplitude if channel in modulated else 0 for channel, amplitude in enumerate(amplitudes)])
        self._track(band, setting, None)
        self._smurf.set_amplitude_scale_array(band, amplitudes)
        carrier_hz = float(self._smurf.lms_freq_hz[band])
        return carrier_hz * 1e-3 if isfinite(carrier_hz) and carrier_hz > 0 else None

    def tracking_setup(self, band: int, setting: TrackingSetting, progress: Progress) -> TrackingData:
        self._check(band)
        samples, traces = self._track(band, setting, setting.lms_freq_hz)
        progress(len(traces), len(traces))
        return TrackingData(samples, traces)

    def _track(self, band: int, setting: TrackingSetting,
               lms_freq_hz: Optional[float]) -> Tuple[int, List[ChannelTrace]]:
        """``tracking_setup``, with ramps told by its sync flags and channels by an error that moves; it
        measures the carrier first where it is not given, and has feedback off meanwhile.

        Sources: sodetlib ``setup_tracking_params``, ``TrackingResults.add_band_data``,
        ``compute_tracking_quality``. There is no demodulated phase in what it gives back.
        """
        longer = max(TRACKED_AT_KHZ / setting.reset_rate_khz, 1.0)
        self._smurf.set_feedback_enable(band, 1)
        tracked, error, sync = self._smurf.tracking_setup(
            band, channel=[], reset_rate_khz=setting.reset_rate_khz, make_plot=False, show_plot=False,
            nsamp=TRACKING_SAMPLES * 2 ** ceil(log2(longer)), lms_freq_hz=lms_freq_hz,
            meas_lms_freq=lms_freq_hz is None, fraction_full_scale=setting.fraction_full_scale,
            feedback_gain=int(setting.feedback_gain), lms_gain=setting.lms_gain, return_data=True,
            feedback_start_frac=setting.feedback_start_frac, feedback_end_frac=setting.feedback_end_frac)
        starts = [int(start) for start in self._smurf.make_sync_flag(sync) if start > 0]
        if len(starts) < 3:
            whole = max(len(starts) - 1, 0)
            raise CannotWork(f"the traces hold {whole} whole flux ramps, and two are needed")
        samples = min(after - before for before, after in zip(starts, starts[1:]))
        traces: List[ChannelTrace] = []
        for notch in self.notches(band):
            error_khz = _ramps(error, notch.channel, starts, samples)
            if max(error_khz) > min(error_khz):
                tracked_khz = _ramps(tracked, notch.channel, starts, samples)
                traces.append(ChannelTrace(notch.channel, notch.freq_mhz, tracked_khz, error_khz, None))
        return samples, traces

    def keep_tracking(self, band: int, setting: TrackingSetting, nphi0: int) -> None:
        """sodetlib's ``relock_tracking_setup`` takes what is kept as found at the reset rate and with the flux
        quanta of the device configuration: so it is kept as it would have been there."""
        rate = self.configured("reset_rate_khz") or setting.reset_rate_khz
        quanta = (self.configured("nphi0") or nphi0) / nphi0
        assert setting.lms_freq_hz is not None
        self._keep(band, {"frac_pp": setting.fraction_full_scale * quanta,
                          "lms_freq_hz": setting.lms_freq_hz * quanta * rate / setting.reset_rate_khz})

    # --- streams ----------------------------------------------------------------------------------

    def set_feedback_enable(self, band: int, channels: Sequence[int]) -> None:
        """What sodetlib's ``disable_bad_chans`` is there for."""
        self._check(band)
        enabled = self._smurf.get_feedback_enable_array(band)
        for channel in self._channels_on(band):
            enabled[channel] = int(channel in channels)
        self._smurf.set_feedback_enable_array(band, enabled)

    def take_stream_data(self, bands: Sequence[int], seconds: float,
                         progress: Callable[[int, int, int], None],
                         setting: StreamSetting = StreamSetting("noise")) -> Stream:
        """``stream_data_on`` and ``off`` round a wait, and the file read back; the stream is switched off
        whatever happens. Settings of the downsampling as in sodetlib ``stream_g3_on``. Its file has no tags."""
        if self._config is not None:
            wanted = self._config.dev.exp
            self._smurf.set_downsample_mode(wanted["downsample_mode"])
            self._smurf.set_downsample_factor(wanted["downsample_factor"])
            filter_wanted = wanted["downsample_filter"]
            self._smurf.set_downsample_filter(filter_wanted["order"], filter_wanted["cutoff_freq"])
            self._smurf.set_filter_disable(0)
        try:
            path = self._smurf.stream_data_on()
            if path is not None:
                interruption.sleep(seconds)
        finally:
            with interruption.held():
                self._smurf.stream_data_off()
        if path is None:
            raise CannotWork("the stream did not start: the flux ramp has no frequency; "
                             "run tracking_setup first")
        times, phases, places = self._smurf.read_stream_data(path)
        if len(times) < 2:
            raise CannotWork(f"nothing in the stream's file {path}")
        # Time stamps are in nanoseconds.
        rate = (len(times) - 1) / ((int(times[-1]) - int(times[0])) * 1e-9)
        streams: Dict[int, Dict[int, Sequence[float]]] = {}
        for band in bands:
            streams[band] = {}
            for channel in self._channels_on(band) if band < len(places) else []:
                place = int(places[band][channel])
                if place >= 0:
                    streams[band][channel] = array("d", [float(value) for value in phases[place]])
            progress(band, len(streams[band]), len(streams[band]))
        return Stream(rate, streams, float(self._smurf.pA_per_phi0))


    def save_results(self, path: str, results: Dict[str, Any]) -> bool:
        """A dictionary of arrays, as sodetlib's ``validate_and_save`` writes it."""
        numpy = importlib.import_module("numpy")
        meta = {"tunefile": self.tune_file(), "pA_per_phi0": float(self._smurf.pA_per_phi0),
                "timestamp": time.time(), "pysmurf_client_version": self.version,
                "stream_id": None if self._config is None else self._config.stream_id,
                "slot": None if self._config is None else self._config.slot}
        arrays = {name: numpy.asarray(value) if isinstance(value, list) else value
                  for name, value in results.items()}
        with interruption.held():
            numpy.save(path, {"meta": meta, **arrays}, allow_pickle=True)
        return True


def _in_order(resonances: Dict[Any, Dict[str, Any]]) -> List[Dict[str, Any]]:
    return [resonances[key] for key in sorted(resonances)]


def _flat_sweep(freqs: Sequence[Sequence[float]], response: Sequence[Sequence[complex]]) -> Sweep:
    """One row a sub-band, all zeros where none was swept, to one sweep in rising frequency.

    Source: ``find_all_peak``, which puts them together in the same way.
    """
    points = sorted([(float(freq), complex(value)) for row, values in zip(freqs, response)
                     if any(freq != 0 for freq in row) for freq, value in zip(row, values)],
                    key=lambda point: point[0])
    return Sweep([freq for freq, _ in points], [value for _, value in points])


def _ramps(rows: Sequence[Sequence[float]], channel: int, starts: Sequence[int], samples: int) -> array:
    """A channel's column in kHz (from MHz), each whole ramp cut to ``samples``."""
    return array("d", [float(rows[place][channel]) * 1e3 for start in starts[:-1]
                       for place in range(start, start + samples)])
