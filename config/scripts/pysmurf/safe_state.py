"""Make the slot quiet after a failure, an abort or a crash: whatever was left on goes off.

Tones of all bands OFF, flux ramp OFF, fixed flux bias 0, TES bias OFF, mark of an eta scan cleared; the
amplifiers by --amps keep or off. Reads back what is on afterwards. Works with a missing or broken state
file too, and takes no notice of arguments it does not know, nor of faults of the process.
"""
from __future__ import annotations

import sys
from typing import List, Optional, Sequence

from tuning.arguments import ArgumentsRefused, Options, stage_parser
from tuning.faults import Faults
from tuning.instrument import CannotWork
from tuning.stage import Numbers, Stage, run_stage

NEEDED = ("--data-dir", "--ctime", "--amps")
MODES = ("--simulate", "--hardware")


def options(arguments: Optional[Sequence[str]]) -> Options:
    """What the command line says; of one that cannot be understood, the part that safe_state needs."""
    given: List[str] = list(sys.argv[1:] if arguments is None else arguments)
    parser = stage_parser("safe_state", __doc__)
    parser.lenient = True
    try:
        known, unknown = parser.parse_known_args(given, Options())
        if unknown:
            print(f"safe_state: ignored {' '.join(unknown)}", file=sys.stderr)
        return known
    except ArgumentsRefused as refused:
        print(f"safe_state: {refused}; going on without", file=sys.stderr)
    kept: List[str] = []
    for place, argument in enumerate(given):
        name, equals, _ = argument.partition("=")
        words = [argument] if equals or name not in NEEDED else given[place:place + 2]
        if name in NEEDED + MODES:
            try:
                parser.parse_args(words, Options())
                kept += words
            except ArgumentsRefused as refused:
                print(f"safe_state: {refused}; going on without", file=sys.stderr)
    return parser.parse_args(kept, Options())


def run(stage: Stage) -> None:
    instrument = stage.instrument
    failed = ""
    try:
        instrument.make_quiet(stage.options.amps == "off")
    except CannotWork as reason:
        # What did go off is worth telling too.
        failed = str(reason)
        stage.complain(f"safe_state: {failed}")
    state = instrument.read_state()
    common: Numbers = {"quiet": state.quiet, "amps_on": state.amps_on, "flux_ramp_on": state.flux_ramp_on,
                       "fixed_flux_bias": state.fixed_flux_bias, "tes_bias_on": state.tes_bias_on,
                       "eta_scan_in_progress": state.eta_scan_in_progress}
    for band in stage.options.bands:
        stage.numbers[str(band)] = {**common, "tones_on": state.tones_on.get(band, 0)}
        stage.progress(band, 1, 1, "bands made quiet")
        if failed or not state.quiet:
            stage.errors[str(band)] = failed or "something is still on"


def main(arguments: Optional[Sequence[str]] = None) -> int:
    return run_stage("safe_state", options(arguments), Faults({}), run)


if __name__ == "__main__":
    sys.exit(main())
