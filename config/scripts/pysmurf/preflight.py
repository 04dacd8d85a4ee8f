"""Look at the slot before a tune: does it answer, what is on, is there room on the disk; then make it quiet.

Reads back what is switched on, and then switches off what a tune must not begin with: tones, flux ramp and
TES bias (not the amplifiers, nor the mark of an eta scan). With --keep-outputs it only looks.
"""
from __future__ import annotations

import os
import shutil
import sys
import time
from typing import List, Optional

from tuning.instrument import CannotWork, OutputState
from tuning.stage import Numbers, Stage, stage_main


def free_mb(path: str) -> float:
    """Free space in MB where a folder lies, or will lie."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return shutil.disk_usage(path).free / 1e6


def run(stage: Stage) -> None:
    options, instrument = stage.options, stage.instrument
    started = time.monotonic()
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
        if not options.keep_outputs:
            instrument.prepare(options.bands)
    common: Numbers = {"state_ok": state is not None, "answer_s": round(answer_s, 3),
                       "disk_free_mb": round(disk_mb, 1), "disk_ok": disk_mb >= options.disk_min_mb}
    if state is not None:
        common.update(amps_on=state.amps_on, flux_ramp_on=state.flux_ramp_on, tes_bias_on=state.tes_bias_on,
                      eta_scan_in_progress=state.eta_scan_in_progress, fixed_flux_bias=state.fixed_flux_bias)
    for place, band in enumerate(options.bands, 1):
        found = {} if state is None else {"tones_on": state.tones_on.get(band, 0)}
        stage.numbers[str(band)] = {**common, **found}
        stage.progress(band, place, len(options.bands), "bands looked at")


def describe(state: OutputState) -> str:
    """What is on, in words."""
    on: List[str] = ["amplifiers"] if state.amps_on else []
    on += [f"{count} tones in band {band}" for band, count in sorted(state.tones_on.items()) if count]
    on += ["flux ramp"] if state.flux_ramp_on else []
    on += [f"flux bias {state.fixed_flux_bias:g}"] if state.fixed_flux_bias else []
    on += ["TES bias"] if state.tes_bias_on else []
    on += ["an eta scan"] if state.eta_scan_in_progress else []
    return ", ".join(on) + " on" if on else "all quiet"


if __name__ == "__main__":
    sys.exit(stage_main("preflight", __doc__, run))
