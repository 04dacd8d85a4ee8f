"""Take a tune from its file instead of finding the resonators again, and switch its tones on.

The last tune, or the one named by --tunefile; with --setup-notches its dips are swept again. Follow with
serial_algs, since the dips may have moved. Leaves TONES ON.
"""
from __future__ import annotations

import os
import sys
import time
from typing import Any, Dict, List

from tuning.instrument import CannotWork, Notch
from tuning.session_folder import last_tune, tune_time
from tuning.stage import Stage, stage_main


def chosen_file(stage: Stage) -> str:
    """The file named, else that of the tune in use, else (simulated tunes only) the newest one on disk."""
    in_use = stage.instrument.tune_file()
    if stage.options.tunefile:
        path = stage.options.tunefile
    elif in_use and os.path.exists(in_use):
        path = in_use
    else:
        path = last_tune(stage.options.data_dir) or "" if stage.instrument.simulated else ""
    if not path:
        where = f" below {stage.folder.data_dir}" if stage.instrument.simulated else ""
        raise CannotWork(f"no tune file{where}: run preset setup first")
    return os.path.abspath(path)


def load(stage: Stage, band: int, path: str, tune: Dict[int, List[Notch]]) -> Dict[str, Any]:
    options, instrument = stage.options, stage.instrument
    if not tune.get(band):
        raise CannotWork(f"no band {band} in {path}")
    instrument.use_tune(path, {band: tune[band]})
    if options.setup_notches:
        instrument.setup_notches(
            band, [notch.freq_mhz for notch in tune[band]], stage.setting("tone_power", band),
            options.sweep_width, options.df_sweep, options.delta_freq, options.min_offset,
            options.new_master_assignment and "new_master_assignment" in options.given,
            stage.progress_of(band))
    tones = instrument.read_state().tones_on.get(band, 0)
    stage.progress(band, tones, len(tune[band]), "channels")
    return {"n_tones": tones, "tune_age_s": max(int(time.time()) - tune_time(path), 0)}


def run(stage: Stage) -> None:
    path = chosen_file(stage)
    tune = stage.instrument.read_tune(path)
    stage.say(f"tune {path}")
    stage.each_band(lambda band: load(stage, band, path, tune))


if __name__ == "__main__":
    sys.exit(stage_main("load_tune", __doc__, run))
