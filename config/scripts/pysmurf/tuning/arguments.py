"""The command line of every stage: one parser that knows the options of all stages.

A chain of stages can be given the same arguments; a stage takes what is its own and
leaves the rest alone. An option that no stage has is refused.
"""
from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any, Callable, Dict, FrozenSet, List, NoReturn, Optional, Sequence

from tuning.band import BANDS

ARRAY_MAX = 416
"""Usable channels of a band. Source: pysmurf documentation, introduction."""


SWEEP_MAX_MHZ = 0.6
"""A channel reaches 1.2 MHz to either side of its sub-band's centre, and a dip lies up to half of it away."""

CTIME_MAX = 99_999_999_999


UXM_KEYWORDS = {"show_plots": None, "update_cfg": True, "modify_attens": True, "skip_phase_delay": False,
                "skip_setup_amps": False, "setup_notches": None, "new_master_assignment": None,
                "reset_rate_khz": None, "nphi0": None}
"""What sodetlib's functions take, and the only value that is to be had here if it cannot be chosen."""


class Options(argparse.Namespace):
    """What the command line says; the units are those of the help texts."""

    given: FrozenSet[str] = frozenset()
    """The options that the command line names; the others are left to the device configuration."""

    bands: List[int]
    channels: Optional[int]
    seed: Optional[int]
    slot: Optional[int]
    data_dir: str
    ctime: int
    simulate: bool
    hardware: bool
    dry_hardware: bool
    open_timeout: Optional[float]
    faults: str
    uxm_kwargs: Dict[str, Any]
    time_scale: float
    disk_min_mb: float
    keep_outputs: bool
    amps_to_bias: List[str]
    hemt_id_target: float
    lna_id_target: float
    id_tolerance: float
    hemt_vg_min: float
    hemt_vg_max: float
    lna_vg_min: float
    lna_vg_max: float
    max_iter: int
    start_att: int
    step_att: int
    resp_min: float
    resp_max: float
    tone_power: int
    freq_min: float
    freq_max: float
    n_scan: int
    start_freq: float
    stop_freq: float
    amp_cut: float
    grad_cut: float
    sweep_width: float
    df_sweep: float
    delta_freq: float
    min_offset: float
    new_master_assignment: bool
    tunefile: Optional[str]
    setup_notches: bool
    max_iters: int
    gain: float
    step_hz: float
    converge_hz: float
    beta: float
    timeout: float
    force: bool
    npts: int
    nsteps: int
    frac_full_scale_max: float
    wait: float
    reset_rate_khz: float
    nphi0: int
    init_frac_pp: float
    feedback_start: float
    feedback_end: float
    lms_gain: int
    feedback_gain: float
    r2_min: float
    f_ptp_min: float
    f_ptp_max: float
    df_ptp_min: float
    df_ptp_max: float
    duration: float
    window_min: float
    window_max: float
    amps: str
    outputs: str
    scan_wait: float


class ArgumentsRefused(Exception):
    """The command line cannot be understood."""


class StageParser(argparse.ArgumentParser):
    """Exits with 2 and argparse's message, or raises where ``lenient`` (what switches off must go on)."""

    lenient = False

    def __init__(self, name: str, description: Optional[str]) -> None:
        super().__init__(prog=f"{name}.py", description=description, allow_abbrev=False,
                         formatter_class=argparse.RawDescriptionHelpFormatter)

    def understand(self, arguments: Optional[Sequence[str]]) -> Options:
        """The options, and which of them were given; what is unknown raises or ends as `error` has it."""
        options = self.parse_args(arguments, Options())
        for action in self._actions:
            action.default = argparse.SUPPRESS
        options.given = frozenset(vars(self.parse_args(arguments)))
        self._take_keywords(options)
        return options

    def _take_keywords(self, options: Options) -> None:
        """Sodetlib's keywords over the options they stand for; one that is not known fails, as Python would."""
        taken = {}
        for name, value in options.uxm_kwargs.items():
            if name not in UXM_KEYWORDS:
                self.error(f"uxm_setup and uxm_relock take no keyword argument '{name}'")
            if UXM_KEYWORDS[name] is not None and value != UXM_KEYWORDS[name]:
                self.error(f"{name} {value}: only {UXM_KEYWORDS[name]} is to be had; leave stages out by skip "
                           "of tune_squids")
            if name in vars(options) and value is not None:
                taken[name] = value
        vars(options).update(taken)
        options.given |= set(taken)

    def error(self, message: str) -> NoReturn:
        if self.lenient:
            raise ArgumentsRefused(message)
        super().error(message)


def parts(text: str) -> List[str]:
    """The elements of a list, as JSON (the controller's way) or separated by commas (a person's)."""
    return [str(part) for part in json.loads(text)] if text.startswith("[") else text.split(",")


def json_object(text: str) -> Dict[str, Any]:
    given = _json(text)
    if not isinstance(given, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON object")
    return given


def json_numbers(fewest: int, most: int, alone: bool = False) -> Callable[[str], Any]:
    """A JSON list of so many numbers, or one that stands ``alone``."""
    def check(text: str) -> Any:
        given = _json(text)
        if alone and _is_number(given):
            return given
        if not isinstance(given, list) or not fewest <= len(given) <= most or not all(map(_is_number, given)):
            count = str(most) if fewest == most else f"{fewest} to {most}"
            raise argparse.ArgumentTypeError(f"{text!r} is {'neither a number nor' if alone else 'not'} a list of "
                                             f"{count} numbers")
        return given
    return check


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def json_groups(text: str) -> Any:
    """Bias groups: a number, a list, or null; which of them there are is known later."""
    given = _json(text)
    every = given if isinstance(given, list) else [] if given is None else [given]
    if any(isinstance(each, bool) or not isinstance(each, int) for each in every):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a bias group nor a list of them")
    return given


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON: {wrong}") from wrong


def bands(text: str) -> Optional[List[int]]:
    """None for those that the device configuration names."""
    if text in ("", "null"):
        return None
    chosen = sorted({int(part) for part in parts(text)})
    if not chosen or chosen[0] < 0 or chosen[-1] >= BANDS:
        raise argparse.ArgumentTypeError(f"{text!r}: bands are 0 to {BANDS - 1}, separated by commas")
    return chosen


def names(*allowed: str) -> Callable[[str], List[str]]:
    def choose(text: str) -> List[str]:
        chosen = [part.strip() for part in parts(text) if part.strip()]
        wrong = [name for name in chosen if name not in allowed]
        if wrong or not chosen:
            raise argparse.ArgumentTypeError(f"{text!r}: choose from {', '.join(allowed)}")
        return chosen
    choose.__name__ = "list"
    return choose


def number(low: float, high: float) -> Callable[[str], float]:
    def check(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not within {low:g} to {high:g}")
        return value
    check.__name__ = "number"
    return check


def integer(low: int, high: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not within {low} to {high}")
        return value
    check.__name__ = "integer"
    return check


def stage_parser(stage: str, description: Optional[str]) -> StageParser:
    parser = StageParser(stage, description)
    common_options(parser.add_argument_group("every stage"))
    _amplifiers(parser.add_argument_group("preflight, setup_amps, safe_state"))
    _line(parser.add_argument_group("estimate_attens, estimate_phase_delay, find_freq"))
    _notches(parser.add_argument_group("setup_notches, load_tune, serial_algs"))
    _flux(parser.add_argument_group("squid_curve, tracking_setup, take_noise"))
    return parser


def parse(stage: str, description: Optional[str], arguments: Optional[Sequence[str]]) -> Options:
    return stage_parser(stage, description).understand(arguments)


def common_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--bands", type=bands, default=[0], metavar="0,1",
                       help="bands to work on; null for those that are active (0)")
    group.add_argument("--channels", type=integer(1, ARRAY_MAX), metavar="N",
                       help="channels of a simulated band (64, or those of the array in the state file)")
    group.add_argument("--seed", type=int, metavar="N",
                       help="of the simulator; without it that of the array in the state file, else drawn")
    group.add_argument("--slot", type=integer(1, 15), default=os.environ.get("SLOT"), metavar="N",
                       help="slot of the crate (SLOT)")
    group.add_argument("--data-dir", default=os.environ.get("PYSMURF_DATA_DIR", "data"), metavar="DIR",
                       help="holds simulator/ and smurf_data/ (PYSMURF_DATA_DIR, else ./data)")
    group.add_argument("--ctime", type=integer(0, CTIME_MAX), default=int(time.time()), metavar="N",
                       help="unix time of the session, whose folder the files go to (now)")
    mode = group.add_mutually_exclusive_group()
    mode.add_argument("--simulate", action="store_true",
                      help="use the simulator, also where pysmurf is there")
    mode.add_argument("--hardware", action="store_true", help="use pysmurf, never the simulator")
    mode.add_argument("--dry-hardware", action="store_true",
                      help="use pysmurf, but only read: what would be written is printed")
    group.add_argument("--open-timeout", type=number(0.01, 3600), metavar="s",
                       help="longest wait for the control object of the hardware (45; preflight and "
                            "safe_state 15)")
    group.add_argument("--faults", type=lambda text: ",".join(parts(text)), default="", metavar="a,b",
                       help="faults of the simulator, name or name@stage (also SMURF_SIM_FAULTS)")
    group.add_argument("--uxm-kwargs", type=json_object, default={}, metavar="JSON",
                       help="keywords of sodetlib's uxm_setup or uxm_relock, as its callers give them")
    group.add_argument("--time-scale", type=number(0, 1), default=0.0, metavar="0..1",
                       help="part of the real waiting times that the simulator waits (0)")


def _amplifiers(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--disk-min-mb", type=number(0, 1e9), default=500.0, metavar="MB",
                       help="free space below which preflight says no (500)")
    group.add_argument("--keep-outputs", action="store_true",
                       help="preflight only looks, and leaves tones, flux ramp and bias as they are")
    group.add_argument("--amps-to-bias", type=names("hemt", "50k"), default=["hemt", "50k"],
                       metavar="hemt,50k", help="amplifiers to set (both)")
    group.add_argument("--hemt-id-target", type=number(0, 100), default=8.0, metavar="mA",
                       help="drain current of the HEMT (8)")
    group.add_argument("--50k-id-target", dest="lna_id_target", type=number(0, 100), default=15.0,
                       metavar="mA", help="drain current of the 50 K amplifier (15)")
    group.add_argument("--id-tolerance", type=number(0, 100), default=0.2, metavar="mA",
                       help="how far a drain current may be off (0.2)")
    group.add_argument("--hemt-vg-min", type=float, default=-2.0, metavar="V", help="gate limit (-2)")
    group.add_argument("--hemt-vg-max", type=float, default=0.0, metavar="V", help="gate limit (0)")
    group.add_argument("--50k-vg-min", dest="lna_vg_min", type=float, default=-1.0, metavar="V",
                       help="gate limit (-1)")
    group.add_argument("--50k-vg-max", dest="lna_vg_max", type=float, default=1.0, metavar="V",
                       help="gate limit (1)")
    group.add_argument("--max-iter", type=integer(1, 1000), default=50, metavar="N",
                       help="steps of the gate voltage (50)")
    group.add_argument("--amps", choices=("keep", "off"), default="keep",
                       help="safe_state: keep the amplifiers as they are, or switch them off (keep)")
    group.add_argument("--outputs", choices=("keep", "off"), default="off",
                       help="all_off: keep tones, flux ramp and biases, or switch them off (off)")
    group.add_argument("--scan-wait", type=number(0, 3600), default=300.0, metavar="s",
                       help="safe_state: longest wait for a scan that runs in the server (300)")


def _line(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--start-att", type=integer(0, 30), default=15, metavar="N",
                       help="first attenuation, in half dB (15)")
    group.add_argument("--step-att", type=integer(1, 15), default=7, metavar="N", help="first step (7)")
    group.add_argument("--resp-min", type=number(0, 1), default=0.1, metavar="R",
                       help="wanted response, lower end (0.1)")
    group.add_argument("--resp-max", type=number(0, 1), default=0.4, metavar="R",
                       help="wanted response, upper end (0.4)")
    group.add_argument("--tone-power", type=integer(0, 15), default=12, metavar="N",
                       help="tone power, in steps of 3 dB (12)")
    group.add_argument("--freq-min", type=number(-250, 250), default=-2.4, metavar="MHz",
                       help="estimate_phase_delay: from (-2.4)")
    group.add_argument("--freq-max", type=number(-250, 250), default=2.4, metavar="MHz",
                       help="estimate_phase_delay: to (2.4)")
    group.add_argument("--n-scan", type=integer(1, 100), default=5, metavar="N",
                       help="estimate_phase_delay: scans to average (5)")
    group.add_argument("--start-freq", type=number(-250, 250), default=-250.0, metavar="MHz",
                       help="find_freq: from (-250)")
    group.add_argument("--stop-freq", type=number(-250, 250), default=250.0, metavar="MHz",
                       help="find_freq: to (250)")
    group.add_argument("--amp-cut", type=number(0, 1), default=0.25, metavar="R",
                       help="find_freq: depth of a dip, as a part of the median around it (0.25)")
    group.add_argument("--grad-cut", type=number(0, 4), default=0.05, metavar="rad",
                       help="find_freq: step of the phase in a dip (0.05)")


def _notches(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--sweep-width", type=number(0.01, SWEEP_MAX_MHZ), default=0.3, metavar="MHz",
                       help="setup_notches: sweep to either side (0.3)")
    group.add_argument("--df-sweep", type=number(0.0001, 1), default=0.002, metavar="MHz",
                       help="setup_notches: step of the sweep (0.002)")
    group.add_argument("--delta-freq", type=number(0.0001, 1), default=0.01, metavar="MHz",
                       help="distance from the dip where eta is measured (0.01)")
    group.add_argument("--min-offset", type=number(0, 5), default=0.1, metavar="MHz",
                       help="resonators closer than this get no channel (0.1)")
    group.add_argument("--new-master-assignment", action="store_true", default=True,
                       help="setup_notches: assign the channels from scratch (the default)")
    group.add_argument("--old-master-assignment", dest="new_master_assignment", action="store_false",
                       help="setup_notches: keep the channels of the last assignment")
    group.add_argument("--tunefile", metavar="FILE", help="load_tune: this file (the last tune)")
    group.add_argument("--setup-notches", action="store_true",
                       help="load_tune: sweep the notches of the tune again")
    group.add_argument("--max-iters", type=integer(1, 10000), default=100, metavar="N",
                       help="serial_algs: steps of the gradient descent (100)")
    group.add_argument("--gain", type=number(0, 1), default=0.001, metavar="MHz^2",
                       help="serial_algs: step by gradient of the size of the response (0.001)")
    group.add_argument("--step-hz", type=number(1, 1e6), default=5000.0, metavar="Hz",
                       help="serial_algs: distance at which the gradient is measured (5000)")
    group.add_argument("--converge-hz", type=number(1, 1e6), default=500.0, metavar="Hz",
                       help="serial_algs: a smaller move ends the descent (500)")
    group.add_argument("--beta", type=number(0, 0.99), default=0.1, metavar="R",
                       help="serial_algs: part of the last move kept in the next (0.1)")
    group.add_argument("--timeout", type=number(0.001, 86400), default=240.0, metavar="s",
                       help="serial_algs: longest wait for each of its two algorithms (240)")
    group.add_argument("--force", action="store_true",
                       help="serial_algs: also where a scan is said to be in progress")


def _flux(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--npts", type=integer(1, 1000), default=4, metavar="N",
                       help="squid_curve: readings a step (4)")
    group.add_argument("--nsteps", type=integer(20, 10000), default=500, metavar="N",
                       help="squid_curve: steps of the bias (500)")
    group.add_argument("--frac-full-scale-max", type=number(0.01, 1), default=0.3, metavar="R",
                       help="squid_curve: largest bias, as a fraction of full scale (0.3)")
    group.add_argument("--wait", type=number(0, 60), default=0.1, metavar="s",
                       help="squid_curve: wait after a step of the bias (0.1)")
    group.add_argument("--reset-rate-khz", type=number(1, 100), default=4.0, metavar="kHz",
                       help="tracking_setup: flux ramps a millisecond (4)")
    group.add_argument("--nphi0", type=integer(1, 20), default=5, metavar="N",
                       help="tracking_setup: flux quanta a ramp (5)")
    group.add_argument("--init-frac-pp", type=number(0.01, 1), default=0.4, metavar="R",
                       help="tracking_setup: fraction of full scale at which the carrier is measured (0.4)")
    group.add_argument("--feedback-start", type=number(0, 0.999), default=0.02, metavar="R",
                       help="tracking_setup: part of the ramp after which feedback begins (0.02)")
    group.add_argument("--feedback-end", type=number(0.001, 1), default=0.98, metavar="R",
                       help="tracking_setup: part of the ramp after which feedback ends (0.98)")
    group.add_argument("--lms-gain", type=integer(0, 7), default=0, metavar="N",
                       help="tracking_setup: bits of the accumulator (0); no effect in the simulator")
    group.add_argument("--feedback-gain", type=number(1, 65535), default=2048.0, metavar="N",
                       help="tracking_setup: 2048 is about 4 kHz of bandwidth (2048)")
    group.add_argument("--r2-min", type=number(0, 1), default=0.9, metavar="R", help="good tracking (0.9)")
    group.add_argument("--f-ptp-min", type=float, default=10.0, metavar="kHz", help="good tracking (10)")
    group.add_argument("--f-ptp-max", type=float, default=200.0, metavar="kHz", help="good tracking (200)")
    group.add_argument("--df-ptp-min", type=float, default=0.0, metavar="kHz", help="good tracking (0)")
    group.add_argument("--df-ptp-max", type=float, default=100.0, metavar="kHz", help="good tracking (100)")
    group.add_argument("--duration", type=number(1, 3600), default=30.0, metavar="s",
                       help="take_noise: length of the stream (30)")
    group.add_argument("--window-min", type=number(0, 100), default=10.0, metavar="Hz",
                       help="take_noise: white level is the median from (10)")
    group.add_argument("--window-max", type=number(0, 100), default=30.0, metavar="Hz",
                       help="take_noise: to (30)")
