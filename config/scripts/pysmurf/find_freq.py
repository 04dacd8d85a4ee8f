"""Sweep a band and find the resonators: dips in amplitude where the phase turns.

Compare the number found with the number designed. Leaves the band's tones OFF; amplifiers and attenuators
stay as they are.
"""
from __future__ import annotations

import sys
from typing import Any, Dict

from tuning import figures
from tuning.instrument import CannotWork
from tuning.session_folder import write_column
from tuning.stage import Stage, stage_main

NARROWEST_MHZ = 1.0


def measure(stage: Stage, band: int) -> Dict[str, Any]:
    options = stage.options
    if options.stop_freq - options.start_freq < NARROWEST_MHZ:
        raise CannotWork(f"nothing to sweep from {options.start_freq:g} to {options.stop_freq:g} MHz")
    found = stage.instrument.find_freq(band, options.start_freq, options.stop_freq,
                                       stage.setting("tone_power", band), stage.setting("amp_cut"),
                                       stage.setting("grad_cut"), stage.progress_of(band))
    for name, values in (("freq", found.sweep.freqs_mhz), ("resp", found.sweep.response)):
        path = stage.folder.output(f"b{band}_amp_sweep_{name}.txt")
        write_column(path, values)
        stage.register(path, "sweep_response", "txt")
    path = stage.folder.output(f"b{band}_amp_sweep_resonance.txt")
    write_column(path, found.resonances_mhz)
    stage.register(path, "resonances", "txt")
    path = stage.folder.plot(f"b{band}_find_freq.svg")
    figures.find_freq(path, stage.title("find_freq", band), found)
    stage.register(path, "find_freq", "svg", plot=True)
    return {"n_res": len(found.resonances_mhz)}


def run(stage: Stage) -> None:
    stage.each_band(lambda band: measure(stage, band))


if __name__ == "__main__":
    sys.exit(stage_main("find_freq", __doc__, run))
