"""Sweep each dip finely, measure eta, assign channels and switch their tones on.

Writes the channel assignment and the tune file, by which a later session can relock (on hardware it is
pysmurf's own file). Dips that stand too close to each other get no channel. Leaves TONES ON.
"""
from __future__ import annotations

import sys
from typing import Any, Dict

from tuning import figures
from tuning.band import UNASSIGNED
from tuning.instrument import CannotWork
from tuning.quantiles import median
from tuning.stage import Stage, stage_main
from tuning.tune_file import write_assignment


def measure(stage: Stage, band: int) -> Dict[str, Any]:
    options = stage.options
    resonances = stage.instrument.found_resonances(band)
    if resonances is None:
        raise CannotWork("no resonators known: run find_freq first")
    swept = stage.instrument.setup_notches(band, resonances, stage.setting("tone_power", band),
                                           options.sweep_width,
                                           options.df_sweep, options.delta_freq, options.min_offset,
                                           options.new_master_assignment, stage.progress_of(band))
    path = stage.folder.output(f"channel_assignment_b{band}.txt")
    write_assignment(path, band, stage.instrument.assignment(band))
    stage.register(path, "master_assignment", "txt")
    assigned = [each for each in swept if each.notch.channel != UNASSIGNED]
    if assigned:
        path = stage.folder.plot(f"b{band}_eta.svg")
        figures.eta(path, stage.title("eta", band), assigned)
        stage.register(path, "eta", "svg", plot=True)
    return {"n_assigned": len(assigned), "n_unassigned": len(swept) - len(assigned),
            "eta_mag_median_mhz": median([abs(each.notch.eta) for each in assigned])}


def run(stage: Stage) -> None:
    stage.each_band(lambda band: measure(stage, band))
    done = {int(band): numbers for band, numbers in stage.numbers.items()}
    told = stage.told.of_bands(0, assigned_num={band: numbers["n_assigned"] for band, numbers in done.items()},
                               unassigned_num={band: numbers["n_unassigned"] for band, numbers in done.items()})
    assigned = sum(told["assigned_num"])
    stage.publisher.session_data(stage.told.headline(
        "Resonators with a channel", f"{assigned} of {assigned + sum(told['unassigned_num'])}"))
    path = stage.instrument.save_tune(stage.folder.output("tune.npy"))
    if path is None:
        stage.say("no channel assigned: no tune to write")
        return
    stage.register(path, "tune", "npy")


if __name__ == "__main__":
    sys.exit(stage_main("setup_notches", __doc__, run))
