"""A stand-in for pysmurf's ``SmurfControl`` and sodetlib's ``DetConfig``, made from recorded signatures.

A call that the record does not have, or with arguments that its signature does not take, raises. What the
calls do is no physics: registers that keep what is written to them, and results of the shapes that the real
calls return.
"""
from __future__ import annotations

import ast
import inspect
import json
import math
import os
import pickle
import types
from importlib.machinery import ModuleSpec
from random import Random
from typing import Any, Callable, Dict, List, Optional, Tuple

CHANNELS, SUBBANDS, DIGITIZER_MHZ = 512, 512, 614.4
SUBBAND_MHZ = DIGITIZER_MHZ / SUBBANDS
DIPS_MHZ = [-21.3, -12.4, -3.1, 4.2, 13.7, 22.6]
PERIOD = 0.18
"""Flux quantum, as a fraction of full scale."""

RAMP_SAMPLES, RAMPS = 150, 4
STREAM_RATE_HZ = 200.0

MAIN, RELEASE = "pysmurf main", "pysmurf v9.0.3"

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "signatures.json"), encoding="utf-8") as record:
    RECORD: Dict[str, Any] = json.load(record)


def entries(version: str) -> Dict[str, Dict[str, Any]]:
    """What one version of pysmurf, and sodetlib, have."""
    return {**RECORD["entries"][version], **RECORD["entries"]["sodetlib"]}


def signature(name: str, version: str = MAIN, whole: bool = False) -> inspect.Signature:
    """The recorded one; only where ``whole`` with what it would swallow as **kwargs."""
    entry = entries(version)[name]
    parameters = [inspect.Parameter(each["name"], inspect.Parameter.POSITIONAL_OR_KEYWORD,
                                    default=default_of(each)) for each in entry["parameters"]]
    if whole and "keywords" in entry:
        parameters.append(inspect.Parameter(entry["keywords"], inspect.Parameter.VAR_KEYWORD))
    return inspect.Signature(parameters)


def default_of(parameter: Dict[str, str]) -> Any:
    if "default" not in parameter:
        return inspect.Parameter.empty
    try:
        return ast.literal_eval(parameter["default"])
    except ValueError:  # an expression such as 2**19
        return parameter["default"]


class Vector(List[float]):
    """As much of a numpy array as ``setup_notches`` needs of its resonances."""

    def __add__(self, other: Any) -> Any:
        return Vector(value + other for value in self)


class Server:
    """The registers of a slot; they outlive the control objects, of which each stage opens one."""

    def __init__(self, folder: str, bands: Tuple[int, ...] = (0, 1)) -> None:
        self.folder, self.bands = folder, bands
        self.calls: List[str] = []
        self.opened: List[Dict[str, Any]] = []
        self.before: Dict[str, Callable[..., None]] = {}
        """What happens at a call before it is done, by its name: an interrupt, a failure."""

        self.registers: Dict[Tuple[Any, ...], Any] = {}
        """Whatever a ``set_`` wrote that does nothing else, by its name and place."""

        self.scan_lasts = 4
        self.mark_late = 0
        """How often a scan that was asked for is looked at in vain."""

        self.at_scan_end: Callable[[], None] = lambda: None
        """How often a scan is looked at until it is over."""

        self.system_configured: Optional[bool] = True
        self.dead: List[int] = []
        """Channels that the eta scan cannot calibrate, and switches off."""

        self.firmware = (1, 0, 0)
        self.ps_en = 0
        self.optical = 0
        self.drains: Dict[str, float] = {}
        self.gates = {"hemt": -0.9, "50k": -0.6}
        self.att = {band: [0, 0] for band in bands}
        self.delay = {band: 2.0 for band in bands}
        self.amplitudes = {band: [0] * CHANNELS for band in bands}
        self.offsets = {band: [0.0] * CHANNELS for band in bands}
        self.eta_phase = {band: [0.0] * CHANNELS for band in bands}
        self.eta_mag = {band: [0.0] * CHANNELS for band in bands}
        self.feedback = {band: [0] * CHANNELS for band in bands}
        self.feedback_enable = {band: 1 for band in bands}
        self.lms = {band: [1, 1, 1] for band in bands}
        self.scanning = {band: 0 for band in bands}
        self.ramp_on = 0
        self.mode = 0
        self.dac = 2 ** 15
        self.coupling = "AC"
        self.tes = [0.0] * 15
        self.answers: Dict[str, Any] = {}
        """What functions of sodetlib return, by ``module.function``."""

        self.waveform = 0
        self.streaming = 0
        self.tune_path = ""
        self.flux = True
        self.tracked_with: List[Dict[str, Any]] = []
        self.exp: Dict[str, Any] = {"downsample_factor": 20, "coupling_mode": "dc", "synthesis_scale": 1,
                                    "downsample_mode": "internal", "tunefile": None,
                                    "downsample_filter": {"order": 4, "cutoff_freq": 63.0}}
        self.band_config: List[Dict[str, Any]] = [
            {"uc_att": None, "dc_att": None, "band_delay_us": None, "frac_pp": None, "lms_freq_hz": None}
            for _ in range(8)]

    def scan_of(self, band: int) -> int:
        """Whether the scan of a band runs; a look at it brings it nearer to its end, a mere mark has none."""
        if self.scanning[band] > self.scan_lasts and self.mark_late:
            self.scanning[band] -= 1
            return 0
        if self.scanning[band] > 1:
            self.scanning[band] -= 1
            if self.scanning[band] == 1:
                self.scanning[band] = 0
                self.at_scan_end()
            return 1
        return 0

    def on(self, band: int) -> List[int]:
        return [channel for channel, amplitude in enumerate(self.amplitudes[band]) if amplitude]

    @property
    def quiet(self) -> bool:
        noise = any(self.registers.get(("noise_select", band)) for band in self.bands)
        return not (any(self.on(band) for band in self.bands) or self.ramp_on or self.mode or any(self.tes)
                    or any(self.scanning.values()) or self.waveform or self.streaming or noise)


def recorded(owner: str, server_of: Callable[[Any], Server], version: str = MAIN) -> Callable[[type], type]:
    """Class decorator: recorded methods go through their signatures, then to any ``_do_<name>``."""
    def wrap(name: str, do: Optional[Callable[..., Any]]) -> Callable[..., Any]:
        wanted = signature(f"{owner}.{name}", version)

        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            bound = wanted.bind(*args, **kwargs)
            bound.apply_defaults()
            server = server_of(self)
            server.calls.append(name)
            if name in server.before:
                server.before[name](**bound.arguments)
            if do is None:
                return register(server, name, bound.args)
            # A default of another version means nothing here.
            taken = inspect.signature(do).parameters
            return do(self, **{key: value for key, value in bound.arguments.items()
                               if key in taken or any(each.kind is each.VAR_KEYWORD for each in taken.values())})
        setattr(call, "__signature__", signature(f"{owner}.{name}", version, whole=True).replace(parameters=[
            inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            *signature(f"{owner}.{name}", version, whole=True).parameters.values()]))
        return call

    def make(made: type) -> type:
        for key, entry in entries(version).items():
            of, name = key.split(".")
            if of == owner and entry["kind"] == "method" and name != "__init__" and name not in vars(made):
                setattr(made, name, wrap(name, getattr(made, f"_do_{name}", None)))
        return made
    return make


def register(server: Server, name: str, args: Tuple[Any, ...]) -> Any:
    """A plain register: what was written to it, else 0, of every channel if it is an array."""
    what, _, which = name.partition("_")
    if what == "set":
        *place, value = args
        server.registers[(which, *place)] = value
    if what != "get":
        return None
    return server.registers.get((which, *args), [0] * CHANNELS if which.endswith("_array") else
                                int(which == "rf_enable"))


@recorded("CryoCard", lambda card: card.server)
class FakeCard:
    list_of_c04_amps = ["50k1", "50k2", "hemt1", "hemt2"]

    def __init__(self, server: Server) -> None:
        self.server = server
        self.writepv = CardRegister()

    def _do_get_fw_version(self) -> Tuple[int, int, int]:
        return self.server.firmware

    def _do_read_ps_en(self) -> int:
        return self.server.ps_en

    def _do_write_ps_en(self, enables: int) -> None:
        self.server.ps_en = enables

    def _do_write_optical(self, value: int) -> None:
        self.server.optical = value


class CardRegister:
    """Where words for the card are written: nothing of the stand-in's card goes through it."""


class FakePublisher:
    pub_id = "stream"


@recorded("SmurfControl", lambda control: control.server)
class FakeControl:
    """One control object: what pysmurf keeps in the process is lost with it."""

    pA_per_phi0 = 9e6
    server: Server
    version = MAIN

    def __init__(self, **asked: Any) -> None:
        server = self.server
        server.opened.append(asked)
        self.C = FakeCard(server)
        self.pub = FakePublisher()
        self.bands = list(server.bands)
        self.freq_resp: Dict[int, Dict[str, Any]] = {band: {"lock_status": {}} for band in server.bands}
        self.channel_assignment_files = {
            name.rsplit("_b", 1)[1][:-4].join(("band_", "")): os.path.join(server.folder, name)
            for name in sorted(os.listdir(server.folder)) if "_channel_assignment_b" in name}
        self.lms_freq_hz = {band: 20000.0 for band in server.bands}

    # --- outputs
    def _do_band_off(self, band: int) -> None:
        self.server.amplitudes[band] = [0] * CHANNELS
        self.server.feedback[band] = [0] * CHANNELS

    def _do_flux_ramp_off(self) -> None:
        self.server.ramp_on = 0

    def _do_get_system_configured(self) -> Optional[bool]:
        return self.server.system_configured

    def _do_get_jesd_status(self) -> str:
        return "Locked"

    def _do_get_pysmurf_version(self) -> str:
        return "7.7.7"

    def _do_get_fpga_git_hash_short(self) -> str:
        return "a1b2c3d"

    def _do_set_tes_bias_off(self) -> None:
        self.server.tes = [0.0] * 15

    def _do_all_off(self) -> None:
        for band in self.bands:
            self._do_band_off(band)
        self._do_flux_ramp_off()
        self._do_set_tes_bias_off()

    def _do_set_cfg_reg_ena_bit(self, val: int) -> None:
        self.server.ramp_on = val

    def _do_set_mode_control(self, val: int) -> None:
        self.server.mode = val

    def _do_set_flux_ramp_dac(self, val: int) -> None:
        self.server.dac = val

    def _do_set_eta_phase_array(self, band: int, val: List[float]) -> None:
        self.server.eta_phase[band] = list(val)

    def _do_set_eta_mag_array(self, band: int, val: List[float]) -> None:
        self.server.eta_mag[band] = list(val)

    def _do_get_feedback_enable(self, band: int) -> int:
        return self.server.feedback_enable[band]

    def _do_set_rtm_arb_waveform_enable(self, val: int) -> None:
        self.server.waveform = val

    def _do_which_on(self, band: int) -> List[int]:
        return self.server.on(band)

    def _do_get_cfg_reg_ena_bit(self) -> int:
        return self.server.ramp_on

    def _do_get_mode_control(self) -> int:
        return self.server.mode

    def _do_get_flux_ramp_dac(self) -> int:
        return self.server.dac

    def _do_get_eta_scan_in_progress(self, band: int) -> int:
        late = self.server.mark_late and self.server.scanning[band] > self.server.scan_lasts
        return int(self.server.scan_of(band) or (self.server.scanning[band] > 0 and not late))

    def _do_get_tes_bias_bipolar_array(self, return_raw: bool) -> List[float]:
        return list(self.server.tes)

    def _do_set_tes_bias_bipolar_array(self, bias_group_volt_array: List[float]) -> None:
        self.server.tes = list(bias_group_volt_array)

    def _do__cryo_root(self, band: int) -> str:
        return f"Base[{band}].CryoChannels."

    def _do__caput(self, pvname: str, val: Any, **rest: Any) -> None:
        band, name = int(pvname[5:pvname.index("]")]), pvname.rsplit(".", 1)[1]
        if name == "etaScanInProgress":
            self.server.scanning[band] = val
            return
        kind = {"runSerialGradientDescent": "run_serial_gradient_descent",
                "runSerialEtaScan": "run_serial_eta_scan"}[name]
        assert not self.server.ramp_on, name
        self.server.scanning[band] = self.server.scan_lasts + self.server.mark_late
        self.server.calls.append(kind)
        getattr(self, f"_do_{kind}")(band)
        if kind in self.server.before:
            self.server.before[kind]()

    def _do__caget(self, pvname: str, **rest: Any) -> Any:
        assert pvname.endswith(".Running"), pvname
        band = int(pvname[5:pvname.index("]")])
        return self.server.scan_of(band)

    def _do_get_cryo_card_ac_dc_mode(self) -> str:
        return self.server.coupling

    def _do_set_mode_dc(self, write_log: bool) -> None:
        self.server.coupling = "DC"

    def _do_set_mode_ac(self, write_log: bool) -> None:
        self.server.coupling = "AC"

    # --- amplifiers
    def _do_get_amplifier_biases(self) -> Dict[str, Any]:
        found: Dict[str, Any] = {}
        for amp, (pinch_off, gain) in {"hemt": (-1.2, 20.0), "50k": (-0.9, 60.0)}.items():
            gate = self.server.gates[amp]
            found.update({f"{amp}_gate_volt": gate, f"{amp}_enable": bool(self.server.ps_en),
                          f"{amp}_drain_current": gain * max(gate - pinch_off, 0) ** 2})
        return found

    def _do_set_amp_gate_voltage(self, amp: str, voltage: float, override: bool) -> None:
        self.server.gates[amp] = voltage

    def _do_set_amp_drain_voltage(self, amp: str, volt: float, override: bool) -> None:
        self.server.drains[amp] = volt

    # --- the line
    def _do_set_att_uc(self, b: int, val: int) -> None:
        self.server.att[b][0] = val

    def _do_set_att_dc(self, b: int, val: int) -> None:
        self.server.att[b][1] = val

    def _do_get_att_uc(self, b: int) -> int:
        return self.server.att[b][0]

    def _do_get_att_dc(self, b: int) -> int:
        return self.server.att[b][1]

    def _do_get_band_delay_us(self, band: int) -> float:
        return self.server.delay[band]

    def _do_set_band_delay_us(self, band: int, val: float) -> None:
        self.server.delay[band] = val

    def _do_get_digitizer_frequency_mhz(self, band: int) -> float:
        return DIGITIZER_MHZ

    def _do_get_number_sub_bands(self, band: int) -> int:
        return SUBBANDS

    def _do_get_band_center_mhz(self, band: int) -> float:
        return 4250.0 + 500.0 * band

    def _do_get_subband_centers(self, band: int, as_offset: bool, hardcode: bool,
                                yml: Any) -> Tuple[List[int], List[float]]:
        return list(range(SUBBANDS)), [(n + 1 - SUBBANDS / 2) * SUBBAND_MHZ for n in range(SUBBANDS)]

    def _do_full_band_ampl_sweep(self, band: int, subband: List[int], tone_power: int, n_read: int,
                                 n_step: int) -> Tuple[List[List[float]], List[List[complex]]]:
        centres = self._do_get_subband_centers(band, True, False, None)[1]
        steps = 25
        freqs = [[0.0] * steps for _ in range(CHANNELS)]
        response = [[0j] * steps for _ in range(CHANNELS)]
        level = 0.25 * 10 ** (-(sum(self.server.att[band]) - 30) / 40)
        for place in subband:
            for step in range(steps):
                freq = centres[place] + SUBBAND_MHZ * (2 * step / (steps - 1) - 1)
                freqs[place][step] = freq
                dip = min(abs(freq - each) for each in DIPS_MHZ)
                response[place][step] = complex(level * (1 - 0.7 / (1 + (dip / 0.05) ** 2)))
        return freqs, response

    def _do_estimate_phase_delay(self, band: int, **asked: Any) -> Tuple[float, float]:
        self.server.delay[band] = 2.41
        self.server.ramp_on = 0
        return 2.41, 0.0004

    def _do_find_freq(self, band: int, start_freq: float, stop_freq: float, **asked: Any) -> Any:
        centres = self._do_get_subband_centers(band, True, False, None)[1]
        subbands = [n for n, centre in enumerate(centres) if start_freq <= centre <= stop_freq]
        self.freq_resp[band]["find_freq"] = {"resonance": Vector(DIPS_MHZ), "timestamp": ["1700000123"]}
        self.server.tracked_with.append({"tone_power": asked["tone_power"], "amp_cut": asked["amp_cut"]})
        self.server.amplitudes[band][3] = 12
        return self._do_full_band_ampl_sweep(band, subbands, 12, 2, 31)

    # --- notches and the tune
    def _do_setup_notches(self, band: int, resonance: Any, tone_power: int, df_sweep: float,
                          new_master_assignment: bool, **asked: Any) -> None:
        self._do_band_off(band)
        if "find_freq" not in self.freq_resp[band]:
            return
        centre = self._do_get_band_center_mhz(band)
        freqs = resonance + centre
        if not new_master_assignment:
            assert f"band_{band}" in self.channel_assignment_files
        self.freq_resp[band]["tone_power"] = tone_power
        found: Dict[int, Dict[str, Any]] = {}
        for place, freq in enumerate(freqs):
            subband = int(round((freq - centre) / SUBBAND_MHZ)) - 1 + SUBBANDS // 2
            lonely = place < len(freqs) - 1
            sweep = [freq + step * df_sweep for step in range(-20, 21)]
            found[place] = {
                "freq": freq, "eta": 0.2 * (1 + 1j), "eta_scaled": abs(0.2 * (1 + 1j)) / SUBBAND_MHZ,
                "eta_phase": 45.0, "subband": subband, "channel": subband if lonely else -1,
                "offset": freq - centre - (subband + 1 - SUBBANDS / 2) * SUBBAND_MHZ,
                "freq_eta_scan": sweep if lonely else None,
                "resp_eta_scan": [0.25 * (1 - 0.7 / complex(1, (each - freq) / 0.05)) for each in sweep]
                if lonely else None}
        self.freq_resp[band]["resonances"] = found
        path = os.path.join(self.server.folder, f"1700000000_channel_assignment_b{band}.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{each['freq']:.4f},{each['subband']},{each['channel']},-1\n"
                            for each in found.values())
        self.channel_assignment_files[f"band_{band}"] = path
        self.tune_file = os.path.join(self.server.folder, f"{1700000000 + len(self.server.calls)}_tune.npy")
        with open(self.tune_file, "wb") as binary:
            pickle.dump(self.freq_resp, binary)
        self.server.tune_path = self.tune_file
        self._do_relock(band)

    def _do_relock(self, band: int, **asked: Any) -> None:
        for each in self.freq_resp[band]["resonances"].values():
            channel = each["channel"]
            if channel >= 0:
                self.server.amplitudes[band][channel] = self.freq_resp[band]["tone_power"]
                self.server.offsets[band][channel] = each["offset"]
                self.server.eta_phase[band][channel] = each["eta_phase"]
                self.server.eta_mag[band][channel] = each["eta_scaled"]
                self.server.feedback[band][channel] = 1

    def _do_load_tune(self, filename: Optional[str], override: bool, last_tune: bool, band: Any) -> Any:
        if filename is None or not os.path.exists(filename):
            return None
        with open(filename, "rb") as file:
            stored = pickle.load(file)
        if not override:
            return stored
        if band is None:
            self.freq_resp, self.tune_file = stored, filename
        else:
            self.freq_resp[band] = stored[band]
        return None

    def _do_last_tune(self) -> Optional[str]:
        tunes = sorted(name for name in os.listdir(self.server.folder) if name.endswith("_tune.npy"))
        if not tunes and self.version == RELEASE:
            raise IndexError("index -1 is out of bounds for axis 0 with size 0")
        return os.path.join(self.server.folder, tunes[-1]) if tunes else None

    def _do_set_tune_file_path(self, val: str) -> None:
        self.server.tune_path = val

    def _do_get_master_assignment(self, band: int) -> Any:
        with open(self.channel_assignment_files[f"band_{band}"], encoding="utf-8") as file:
            rows = [line.split(",") for line in file]
        return ([float(row[0]) for row in rows], [int(row[1]) for row in rows], [int(row[2]) for row in rows],
                [int(row[3]) for row in rows])

    # --- registers of the channels
    def _do_get_tone_frequency_offset_mhz(self, band: int) -> List[float]:
        return [(channel + 1 - SUBBANDS / 2) * SUBBAND_MHZ for channel in range(CHANNELS)]

    def _do_get_center_frequency_array(self, band: int) -> List[float]:
        return self.server.offsets[band]

    def _do_set_center_frequency_array(self, band: int, val: List[float]) -> None:
        self.server.offsets[band] = list(val)

    def _do_get_eta_phase_array(self, band: int) -> List[float]:
        return self.server.eta_phase[band]

    def _do_get_eta_mag_array(self, band: int) -> List[float]:
        return self.server.eta_mag[band]

    def _do_get_amplitude_scale_array(self, band: int) -> List[int]:
        return self.server.amplitudes[band]

    def _do_set_amplitude_scale_array(self, band: int, val: List[int]) -> None:
        self.server.amplitudes[band] = list(val)

    def _do_get_feedback_enable_array(self, band: int) -> List[int]:
        return list(self.server.feedback[band])

    def _do_set_feedback_enable_array(self, band: int, val: List[int]) -> None:
        self.server.feedback[band] = list(val)

    def _do_get_subband_from_channel(self, band: int, channel: int, **rest: Any) -> int:
        return channel

    # --- serial algorithms
    def _do_run_serial_gradient_descent(self, band: int) -> None:
        self.server.eta_mag[band], self.server.eta_phase[band] = [1.0] * CHANNELS, [0.0] * CHANNELS
        self.server.feedback[band] = [0] * CHANNELS
        self.server.offsets[band] = [offset and offset + 0.002 for offset in self.server.offsets[band]]

    def _do_run_serial_eta_scan(self, band: int) -> None:
        on = self.server.on(band)
        for channel in self.server.dead:
            self.server.amplitudes[band][channel] = 0
        self.server.eta_mag[band] = [0.25 if channel in on else 1.0 for channel in range(CHANNELS)]
        self.server.eta_phase[band] = [45.0 if channel in on else 0.0 for channel in range(CHANNELS)]
        self.server.feedback[band] = [int(channel in self.server.on(band)) for channel in range(CHANNELS)]

    # --- flux
    def _do_set_feedback_enable(self, band: int, val: int) -> None:
        self.server.feedback_enable[band] = val

    def _do_get_lms_enable1(self, band: int) -> int:
        return self.server.lms[band][0]

    def _do_get_lms_enable2(self, band: int) -> int:
        return self.server.lms[band][1]

    def _do_get_lms_enable3(self, band: int) -> int:
        return self.server.lms[band][2]

    def _do_set_lms_enable1(self, band: int, val: int) -> None:
        self.server.lms[band][0] = val

    def _do_set_lms_enable2(self, band: int, val: int) -> None:
        self.server.lms[band][1] = val

    def _do_set_lms_enable3(self, band: int, val: int) -> None:
        self.server.lms[band][2] = val

    def _do_set_fixed_flux_ramp_bias(self, fractionFullScale: float, debug: bool, do_config: bool) -> None:
        self.server.ramp_on = 0
        self.server.coupling = "DC"
        if do_config:
            self.server.mode = 1
        code = math.floor(2 ** 16 * (1 - abs(fractionFullScale)) / 2)
        self.server.dac = 2 ** 16 - code - 1 if fractionFullScale < 0 else code

    def _do_unset_fixed_flux_ramp_bias(self, acCouple: bool) -> None:
        self.server.ramp_on, self.server.mode = 0, 0
        if acCouple:
            self.server.coupling = "AC"

    def _do_get_loop_filter_output_array(self, band: int) -> List[float]:
        below = self.server.dac > 2 ** 15
        fraction = 1 - 2 * (2 ** 16 - 1 - self.server.dac if below else self.server.dac) / 2 ** 16
        return [0.05 * math.cos(2 * math.pi * (-fraction if below else fraction) / PERIOD)] * CHANNELS

    def _do_tracking_setup(self, band: int, lms_freq_hz: Optional[float], meas_lms_freq: bool,
                           reset_rate_khz: float, fraction_full_scale: float, return_data: bool,
                           **asked: Any) -> Any:
        self.server.ramp_on, self.server.mode = 1, 0
        self.server.tracked_with.append({"reset_rate_khz": reset_rate_khz, **asked})
        if lms_freq_hz is None:
            assert meas_lms_freq
            self.lms_freq_hz[band] = 2 * fraction_full_scale / PERIOD * reset_rate_khz * 1e3
        if not return_data:
            return None
        turns = [2 * math.pi * 5 * n / RAMP_SAMPLES for n in range(RAMP_SAMPLES)] * (RAMPS + 1)
        on = set(self.server.on(band))
        bad = max(on, default=-1)

        if not self.server.flux:
            drawn = Random(7)
            noise = [[drawn.gauss(0, 0.01) if channel in on else 0.0 for channel in range(CHANNELS)]
                     for _ in turns]
            return noise, noise, [[0]]

        def rows(good: float, poor: float) -> List[List[float]]:
            return [[math.sin(turn) * (poor if channel == bad else good) if channel in on else 0.0
                     for channel in range(CHANNELS)] for turn in turns]
        return rows(0.05, 0.5), rows(0.005, 0.2), [[0]]

    def _do_make_sync_flag(self, sync: Any) -> List[int]:
        return [0] + [20 + RAMP_SAMPLES * n for n in range(RAMPS + 1)][:RAMPS + 1]

    # --- streams
    def _do_stream_data_on(self, **asked: Any) -> Optional[str]:
        self.server.streaming = 1
        return os.path.join(self.server.folder, "1700000000.dat")

    def _do_stream_data_off(self, write_log: bool, register_file: bool) -> None:
        self.server.streaming = 0

    def _do_read_stream_data(self, datafile: str, **asked: Any) -> Any:
        count = 1200
        times = [1_700_000_000_000_000_000 + int(n * 1e9 / STREAM_RATE_HZ) for n in range(count)]
        mask = [[-1] * CHANNELS for _ in self.bands]
        phases: List[List[float]] = []
        for band in self.bands:
            for channel in self.server.on(band):
                mask[band][channel] = len(phases)
                # A stream that is no constant: its level is all that is looked at.
                phases.append([1e-3 * math.sin(0.7 * n * n + channel) for n in range(count)])
        return times, phases, mask


@recorded("DeviceConfig", lambda device: device.server)
class FakeDevice:
    def __init__(self, server: Server) -> None:
        self.server, self.exp, self.bands = server, server.exp, server.band_config

    def _do_update_band(self, band_index: int, data: Dict[str, Any], update_file: bool) -> None:
        assert update_file
        self.bands[band_index].update(data)

    def _do_update_experiment(self, data: Dict[str, Any], update_file: bool) -> None:
        assert update_file
        self.exp.update(data)


def control_class(server: Server, version: str, fails: Optional[Exception]) -> type:
    """``SmurfControl`` as a version has it: by which arguments it is opened is read from it and its base."""
    def opened(self: Any, **asked: Any) -> None:
        if fails is not None:
            raise fails
        taken = {**signature("SmurfBase.__init__", version).parameters,
                 **signature("SmurfControl.__init__", version).parameters}
        assert set(asked) <= set(taken), f"{set(asked) - set(taken)} not taken"
        FakeControl.__init__(self, **asked)

    def base(self: Any, **asked: Any) -> None:
        """Of the base class only the signature counts."""

    setattr(opened, "__signature__", signature("SmurfControl.__init__", version, whole=True))
    setattr(base, "__signature__", signature("SmurfBase.__init__", version, whole=True))
    smurf_base = type("SmurfBase", (), {"__init__": base})
    made = type("SmurfControl", (FakeControl, smurf_base), {"__init__": opened, "server": server,
                                                              "version": version})
    return recorded("SmurfControl", lambda control: control.server, version)(made)


def sodetlib_functions(server: Server) -> Dict[str, types.ModuleType]:
    """Its modules with those functions that are recorded: they take what their signatures take, and hand back
    what the test wants."""
    found: Dict[str, types.ModuleType] = {}

    def function(name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            bound = signature(name, whole=True).bind(*args, **kwargs)
            server.calls.append(name)
            if name in server.before:
                server.before[name](**bound.arguments)
            answer = server.answers.get(name)
            return answer(**bound.arguments) if callable(answer) else answer
        return call

    for name, entry in RECORD["entries"]["sodetlib"].items():
        if name[0].islower():
            module = found.setdefault(entry["module"], types.ModuleType(entry["module"]))
            setattr(module, name.split(".")[1], function(name))
    return found


def modules(server: Server, open_fails: Optional[Exception] = None,
            version: str = MAIN) -> Dict[str, types.ModuleType]:
    """What to put into ``sys.modules`` so that the stages find pysmurf, sodetlib and numpy."""
    def module(name: str, **parts: Any) -> types.ModuleType:
        made = types.ModuleType(name)
        made.__spec__ = ModuleSpec(name, None, origin="a stand-in")
        for part, value in parts.items():
            setattr(made, part, value)
        return made

    smurf_control = control_class(server, version, open_fails)

    @recorded("DetConfig", lambda config: server)
    class FakeConfig:
        slot: Optional[int] = None
        stream_id = "stream"
        sys_file = "/config/sys_config.yml"
        pysmurf_file = "/config/pysmurf.cfg"

        def _do_load_config_files(self, slot: Optional[int], **asked: Any) -> None:
            self.slot = 2 if slot is None else slot
            self.dev = FakeDevice(server)
            self.dev_file = "/config/dev_cfg.yaml"

        def get_smurf_control(self, **asked: Any) -> Any:
            """As sodetlib's: it names the server by an epics_root, whatever pysmurf takes."""
            os.environ["SMURFPUB_ID"] = "stream"
            return smurf_control(epics_root=f"smurf_server_s{self.slot}", cfg_file=self.pysmurf_file,
                                 setup=False, make_logfile=False, data_path_id="stream", **asked)

    def save(path: str, content: Any, allow_pickle: bool) -> None:
        with open(path, "wb") as file:
            pickle.dump(content, file)

    numpy = module("numpy", asarray=lambda values, dtype=None: Vector(values), save=save)
    return {**sodetlib_functions(server),
            "pysmurf": module("pysmurf", __version__="7.7.7"), "numpy": numpy,
            "pysmurf.client": module("pysmurf.client", SmurfControl=smurf_control),
            "sodetlib": module("sodetlib", __version__="1.2.3"),
            "sodetlib.det_config": module("sodetlib.det_config", DetConfig=FakeConfig)}
