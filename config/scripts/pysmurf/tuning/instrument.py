"""What a stage may ask of the instrument.

The interface is cut along pysmurf's ``SmurfControl``: where it has a method for a step, the one here has its
name and its meaning, less what only draws or saves. The simulator implements it, and `tuning.hardware` over
a real ``SmurfControl``. Frequencies are MHz offsets from the band centre unless a name says otherwise.
"""
from __future__ import annotations

from typing import Any, Callable, ContextManager, Dict, List, NamedTuple, Optional, Protocol, Sequence

from tuning.band import Assignment
from tuning.bias_lines import BiasLines, StreamSetting

Progress = Callable[[int, int], None]
"""Called with (done, of how many) while an operation runs."""


class CannotWork(Exception):
    """The instrument, or what an earlier stage left, does not allow this; the text says why."""


class Check(NamedTuple):
    """Something that was looked at before a tune; ``fine`` None where it is only told."""

    name: str
    found: str
    fine: Optional[bool]


class OutputState(NamedTuple):
    """What is switched on, read back from the instrument; None is what cannot be known."""

    amps_on: Optional[bool]
    tones_on: Dict[int, Optional[int]]
    flux_ramp_on: Optional[bool]
    fixed_flux_bias: Optional[float]
    eta_scan_in_progress: Optional[bool]
    """Marked as being in progress, or seen at work in the server."""

    tes_bias_on: Optional[bool]
    noise_on: Optional[bool] = False
    unknown: Dict[str, str] = {}
    """Why something cannot be known, by its name."""

    @property
    def quiet(self) -> Optional[bool]:
        """No tone, no noise, no flux, no bias, no scan; the amplifiers are a matter of policy. None where
        nothing is seen to be on, but not everything can be seen."""
        outputs = [*self.tones_on.values(), self.noise_on, self.flux_ramp_on, self.fixed_flux_bias,
                   self.eta_scan_in_progress, self.tes_bias_on]
        if any(outputs):
            return False
        return None if None in outputs else True


class Sweep(NamedTuple):
    """A response against frequency."""

    freqs_mhz: Sequence[float]
    response: Sequence[complex]


class FoundResonances(NamedTuple):
    """What find_freq saw and found."""

    sweep: Sweep
    resonances_mhz: List[float]


class PhaseDelay(NamedTuple):
    """What estimate_phase_delay set, what is left of the delay, and the sweeps before and after (None where
    the instrument keeps them for itself)."""

    band_delay_us: float
    residual_ns: float
    before: Optional[Sweep]
    after: Optional[Sweep]


class Notch(NamedTuple):
    """A channel's place on its dip: the tone and eta (MHz per unit of response)."""

    channel: int
    subband: int
    freq_mhz: float
    eta: complex


class SweptNotch(NamedTuple):
    """A notch with the fine sweep it came from; channel -1 where none could be assigned (the sweep may then
    be empty)."""

    notch: Notch
    sweep: Sweep


class Descent(NamedTuple):
    """Setting of the serial gradient descent, names as pysmurf's registers have them."""

    max_iters: int
    gain: float
    step_hz: float
    converge_hz: float
    beta: float
    timeout_s: float


class TrackingSetting(NamedTuple):
    """How to ramp and to follow; ``lms_freq_hz`` None where the carrier is yet to be measured."""

    reset_rate_khz: float
    fraction_full_scale: float
    lms_freq_hz: Optional[float]
    feedback_start_frac: float
    feedback_end_frac: float
    feedback_gain: float
    lms_gain: int


class ChannelTrace(NamedTuple):
    """What tracking_setup returns of a channel: tracked frequency and error in kHz, sample by sample.

    ``phase`` is the demodulated one in radians, None where the instrument does not tell it.
    """

    channel: int
    freq_mhz: float
    tracked_khz: Sequence[float]
    error_khz: Sequence[float]
    phase: Optional[float]


class TrackingData(NamedTuple):
    """The traces of a band, two ramps or more; every ramp begins at a multiple of ``samples_per_ramp``."""

    samples_per_ramp: int
    traces: List[ChannelTrace]


class Stream(NamedTuple):
    """Demodulated phase in radians, by band and channel, and the current that one turn of it means."""

    rate_hz: float
    phases: Dict[int, Dict[int, Sequence[float]]]
    pa_per_phi0: float


class Instrument(Protocol):
    """One SMuRF slot."""

    simulated: bool
    version: str
    """Goes with every registered file as the version of pysmurf."""

    seed: Optional[int]
    """What the simulated numbers come from; None on hardware."""

    bias_lines: BiasLines
    """Those of its detectors."""

    @property
    def introduction(self) -> str:
        """What this is, in a few words for the operator."""

    def checks(self) -> List[Check]:
        """What a tune relies on, looked at without a write."""

    def configured(self, name: str, band: Optional[int] = None) -> Optional[Any]:
        """A value for an option that the command line leaves open, None where none is configured."""

    def read_state(self) -> OutputState:
        """What is on, as the registers say."""

    def stream_state(self) -> Dict[str, Any]:
        """What is streamed, and of which channels, under the names of the agent's check_state."""

    def running_scans(self) -> List[int]:
        """Bands in which a scan runs in the server, whichever client started it."""

    def all_off(self) -> None:
        """Tones of all bands off, then the flux ramp with any fixed bias, then the TES bias."""

    def prepare(self, bands: Sequence[int]) -> None:
        """`all_off`, and the settings that a tune takes for granted."""

    def clear_eta_scan(self) -> None:
        """Forget a scan that a killed run left in progress; refuses where one runs."""

    def make_quiet(self, disable_amps: bool, patience_s: float, say: Callable[[str], None]) -> None:
        """Everything off, whatever state the registers are in; amplifiers on request. A scan that runs
        switches its tones on again at its end, so that is waited for, ``patience_s`` at most."""

    def enable_amps(self) -> None:
        """Power for the cryogenic amplifiers (``write_ps_en``)."""

    def disable_amps(self) -> None:
        """No power for the amplifiers."""

    def get_amplifier_biases(self) -> Dict[str, float]:
        """``{amp}_gate_volt`` in V and ``{amp}_drain_current`` in mA, measured."""

    def set_amp_gate_voltage(self, amp: str, volts: float) -> None:
        """Gate of one amplifier."""

    def keep_amps(self, biases: Dict[str, float]) -> None:
        """The amplifiers are as they should be: what follows them may go on, and the gate voltages are
        remembered for sessions to come."""

    def as_before(self, band: Optional[int], tones: bool) -> ContextManager[None]:
        """What is changed in here is put back unless it gets to its end: a band, its tones only where asked for
        and off otherwise; or, without a band, what all bands share."""

    def set_att(self, band: int, attenuation: int) -> None:
        """Up- and down-converter attenuator alike, in half dB."""

    def keep_att(self, band: int, attenuation: int) -> None:
        """Remember an attenuation that was found good, for sessions to come."""

    def full_band_ampl_sweep(self, band: int, start_mhz: float, stop_mhz: float, tone_power: int) -> Sweep:
        """The complex response, swept with one tone."""

    def estimate_phase_delay(self, band: int, freq_min: float, freq_max: float, n_scan: int,
                             progress: Progress) -> PhaseDelay:
        """Measure the delay of line and processing, make up for it, and measure what is left."""

    def find_freq(self, band: int, start_freq: float, stop_freq: float, tone_power: int, amp_cut: float,
                  grad_cut: float, progress: Progress) -> FoundResonances:
        """Tones off, sweep, find the dips; progress counts dips found of channels designed."""

    def found_resonances(self, band: int) -> Optional[List[float]]:
        """What find_freq found last, None before it ever ran."""

    def setup_notches(self, band: int, resonances_mhz: Sequence[float], tone_power: int, sweep_width: float,
                      df_sweep: float, delta_freq: float, min_offset: float, new_master_assignment: bool,
                      progress: Progress) -> List[SweptNotch]:
        """Fine sweep of each dip, eta, channels; tones on for those that have one."""

    def notches(self, band: int) -> List[Notch]:
        """The channels of the tune in use whose tones are on."""

    def assignment(self, band: int) -> List[Assignment]:
        """The channel assignment in use, with what has no channel."""

    def eta_limit_mhz(self, band: int) -> float:
        """The largest |eta| that the instrument sets; one that is so large was clipped."""

    def read_tune(self, path: str) -> Dict[int, List[Notch]]:
        """The notches in a tune file, by band; refuses a file that is no tune."""

    def use_tune(self, path: str, notches: Dict[int, List[Notch]]) -> None:
        """Take over these notches and switch their tones on; ``path`` is the file they stand in."""

    def save_tune(self, path: str) -> Optional[str]:
        """See that the tune in use, of all bands, is in a file: ``path`` unless the instrument wrote its own.
        Returns the file, None where there is no tune."""

    def tune_file(self) -> Optional[str]:
        """The file of the tune in use."""

    def run_serial_gradient_descent(self, band: int, descent: Descent, progress: Progress) -> None:
        """Each tone to the bottom of its dip; forces the flux ramp off."""

    def run_serial_eta_scan(self, band: int, delta_freq: float, timeout_s: float, progress: Progress) -> None:
        """Eta of each channel again; forces the flux ramp off."""

    def set_lms_enable(self, band: int, enabled: bool) -> None:
        """Tracking by harmonics of the carrier; off leaves the slow integral."""

    def toggle_feedback(self, band: int) -> None:
        """Feedback off and on, which restarts the loops at their tones."""

    def set_fixed_flux_ramp_bias(self, fraction: float) -> None:
        """A steady flux bias, as a fraction of full scale from -1 to 1."""

    def unset_fixed_flux_ramp_bias(self) -> None:
        """Back to the (still) flux ramp."""

    def get_loop_filter_output_array(self, band: int) -> Dict[int, float]:
        """How far in MHz each channel's loop has moved its tone."""

    def measure_carrier(self, band: int, setting: TrackingSetting) -> Optional[float]:
        """Start the flux ramp and measure, feedback off, what it makes of the SQUID curves, in kHz; None
        where no channel shows it."""

    def tracking_setup(self, band: int, setting: TrackingSetting, progress: Progress) -> TrackingData:
        """Start the flux ramp and the loops, and take the traces of all channels."""

    def keep_tracking(self, band: int, setting: TrackingSetting, nphi0: int) -> None:
        """Remember how a band tracks, for sessions to come."""

    def set_feedback_enable(self, band: int, channels: Sequence[int]) -> None:
        """Feedback for these channels, none for the others, which do not track."""

    def save_results(self, path: str, results: Dict[str, Any]) -> bool:
        """Save what was found, by channel, as sodetlib's own loaders read it; false where that is not its way,
        and nothing is saved."""

    def take_stream_data(self, bands: Sequence[int], seconds: float,
                         progress: Callable[[int, int, int], None],
                         setting: StreamSetting = StreamSetting("noise")) -> Stream:
        """Stream the demodulated phases; progress is called with (band, done, of how many)."""
