"""Make the slot quiet after a failure, an abort or a crash: whatever was left on goes off.

Tones and noise of all bands OFF, flux ramp OFF, fixed flux bias 0, TES bias OFF; the amplifiers by --amps keep
or off. A scan that runs in the server would switch its tones on again: its RF is cut, its end waited for, and
what it left switched off. Reads back twice what is on, and says quiet only if both times nothing was. Works
with a missing or broken state file too, and takes no notice of arguments it does not know, nor of faults of
the process.
"""
from __future__ import annotations

import sys
from typing import List, Optional, Sequence

from tuning.arguments import ArgumentsRefused, Options, stage_parser
from tuning.faults import Faults
from tuning.instrument import CannotWork
from tuning.stage import Numbers, Stage, run_stage

NEEDED = ("--data-dir", "--ctime", "--amps", "--outputs", "--scan-wait")
MODES = ("--simulate", "--hardware", "--dry-hardware")


PAUSE_S = 1.0
"""Between the two looks at what is on."""


def options(arguments: Optional[Sequence[str]], name: str = "safe_state") -> Options:
    """What the command line says; of one that cannot be understood, the part that safe_state needs."""
    given: List[str] = list(sys.argv[1:] if arguments is None else arguments)
    parser = stage_parser(name, __doc__)
    parser.lenient = True
    try:
        known, unknown = parser.parse_known_args(given, Options())
        if unknown:
            print(f"{name}: ignored {' '.join(unknown)}", file=sys.stderr)
        return known
    except ArgumentsRefused as refused:
        print(f"{name}: {refused}; going on without", file=sys.stderr)
    kept: List[str] = []
    for place, argument in enumerate(given):
        option, equals, _ = argument.partition("=")
        words = [argument] if equals or option not in NEEDED else given[place:place + 2]
        if option in NEEDED + MODES:
            try:
                parser.parse_args(words, Options())
                kept += words
            except ArgumentsRefused as refused:
                print(f"{name}: {refused}; going on without", file=sys.stderr)
    return parser.parse_args(kept, Options())


def run(stage: Stage) -> None:
    instrument = stage.instrument
    failed = switch_off(stage)
    states = [instrument.read_state()]
    stage.wait(PAUSE_S)
    states.append(instrument.read_state())
    if any(state.eta_scan_in_progress for state in states):
        # Asked for just before the client was killed, it began behind our back.
        failed = switch_off(stage)
        states = [instrument.read_state()]
    state = states[-1]
    quiet = [each.quiet for each in states]
    common: Numbers = {"quiet": False if False in quiet else state.quiet, "amps_on": state.amps_on,
                       "flux_ramp_on": state.flux_ramp_on, "fixed_flux_bias": state.fixed_flux_bias,
                       "tes_bias_on": state.tes_bias_on, "noise_on": state.noise_on,
                       "eta_scan_in_progress": state.eta_scan_in_progress}
    for name, reason in state.unknown.items():
        stage.complain(f"safe_state: {name} cannot be known: {reason}")
    for band in stage.options.bands:
        stage.numbers[str(band)] = {**common, "tones_on": state.tones_on.get(band, 0)}
        stage.progress(band, 1, 1, "bands made quiet")
        if failed or not common["quiet"]:
            stage.errors[str(band)] = failed or ("something is still on" if common["quiet"] is False
                                                 else "not everything can be known")


def switch_off(stage: Stage) -> str:
    """What could not be switched off; what did go off is worth telling too."""
    options = stage.options
    try:
        stage.instrument.make_quiet(options.amps == "off", options.scan_wait, stage.say)
    except CannotWork as reason:
        stage.complain(f"safe_state: {reason}")
        return str(reason)
    return ""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    return run_stage("safe_state", options(arguments), Faults({}), run)


if __name__ == "__main__":
    sys.exit(main())
