"""Look at the slot before a tune: does everything fit, does it answer, what is on, is there room on the disk.

Tells in a table what it found: versions, whether every call that the stages make fits the installed code,
whether the system is configured, JESD, the cryostat card, scans that run, RF. Where all is fine it then
switches off what a tune must not begin with: tones, flux ramp and TES bias (not the amplifiers, nor the mark of
an eta scan). With --keep-outputs, or where something is not fine, it only looks.
"""
from __future__ import annotations

import os
import shutil
import sys
import time
from typing import List, Optional, Sequence

from tuning.instrument import CannotWork, Check, OutputState
from tuning.stage import Numbers, Stage, stage_main


def free_mb(path: str) -> float:
    """Free space in MB where a folder lies, or will lie."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return shutil.disk_usage(path).free / 1e6


def run(stage: Stage) -> None:
    options, instrument = stage.options, stage.instrument
    started = time.monotonic()
    checks = instrument.checks()
    for line in table(checks):
        stage.say(line)
    wrong = [check.name for check in checks if check.fine is False]
    state: Optional[OutputState] = None
    try:
        state = instrument.read_state()
    except CannotWork as reason:
        # Told by state_ok, so that the operator sees it beside the disk instead of a stage without numbers.
        stage.say(f"state not readable: {reason}")
    answer_s = time.monotonic() - started
    disk_mb = free_mb(stage.folder.data_dir)
    if state is not None:
        slot = "slot" if options.slot is None else f"slot {options.slot}"
        stage.say(f"{slot}: {describe(state)}")
        for name, reason in state.unknown.items():
            stage.say(f"{name} cannot be known: {reason}")
    fine = state is not None and not wrong
    if wrong:
        stage.complain(f"preflight: not fine: {', '.join(wrong)}; nothing was touched")
    elif fine and not options.keep_outputs:
        instrument.prepare(options.bands)
    common: Numbers = {"state_ok": fine, "n_checks": len(checks), "n_wrong": len(wrong),
                       "answer_s": round(answer_s, 3),
                       "disk_free_mb": round(disk_mb, 1), "disk_ok": disk_mb >= options.disk_min_mb}
    if state is not None:
        common.update(amps_on=state.amps_on, flux_ramp_on=state.flux_ramp_on, tes_bias_on=state.tes_bias_on,
                      noise_on=state.noise_on, eta_scan_in_progress=state.eta_scan_in_progress,
                      fixed_flux_bias=state.fixed_flux_bias)
    for place, band in enumerate(options.bands, 1):
        found = {} if state is None else {"tones_on": state.tones_on.get(band, 0)}
        stage.numbers[str(band)] = {**common, **found}
        stage.progress(band, place, len(options.bands), "bands looked at")


def table(checks: Sequence[Check]) -> List[str]:
    """A line a check: its name, whether it is fine, what was found."""
    width = max([len(check.name) for check in checks], default=0)
    words = {True: "fine", False: "NOT FINE", None: ""}
    return [f"{check.name:<{width}}  {words[check.fine]:<8}  {check.found}" for check in checks]


def describe(state: OutputState) -> str:
    """What is on, in words."""
    on: List[str] = ["amplifiers"] if state.amps_on else []
    on += [f"{count} tones in band {band}" for band, count in sorted(state.tones_on.items()) if count]
    on += ["noise"] if state.noise_on else []
    on += ["flux ramp"] if state.flux_ramp_on else []
    on += [f"flux bias {state.fixed_flux_bias:g}"] if state.fixed_flux_bias else []
    on += ["TES bias"] if state.tes_bias_on else []
    on += ["an eta scan"] if state.eta_scan_in_progress else []
    return ", ".join(on) + " on" if on else "all quiet"


if __name__ == "__main__":
    sys.exit(stage_main("preflight", __doc__, run))
