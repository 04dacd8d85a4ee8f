"""Measure the delay of cables and processing from the slope of the phase, and make up for it.

A delay that is not made up for turns eta from one side of a dip to the other, and tracking gets worse.
Leaves the band delay CHANGED; killed during its first sweep, it leaves none set until safe_state or the next
stage puts it back. On hardware pysmurf saves its sweeps and its plot itself.
"""
from __future__ import annotations

import sys
from typing import Any, Dict

from tuning import figures
from tuning.instrument import CannotWork, PhaseDelay, Sweep
from tuning.session_folder import write_column
from tuning.stage import Stage, stage_main


def measure(stage: Stage, band: int) -> Dict[str, Any]:
    options = stage.options
    if options.freq_min >= options.freq_max:
        raise CannotWork(f"nothing to sweep from {options.freq_min:g} to {options.freq_max:g} MHz")
    delay = stage.instrument.estimate_phase_delay(band, options.freq_min, options.freq_max, options.n_scan,
                                                  stage.progress_of(band, "scans"))
    if delay.before is not None and delay.after is not None:
        save(stage, band, delay, delay.before, delay.after)
    return {"band_delay_us": delay.band_delay_us, "residual_ns": abs(delay.residual_ns)}


def save(stage: Stage, band: int, delay: PhaseDelay, before: Sweep, after: Sweep) -> None:
    for name, values in (("freq", before.freqs_mhz), ("real", [value.real for value in before.response]),
                         ("imag", [value.imag for value in before.response])):
        path = stage.folder.output(f"b{band}_full_band_resp_{name}.txt")
        write_column(path, values)
        stage.register(path, "full_band_resp", "txt")
    path = stage.folder.plot(f"b{band}_delay.svg")
    figures.phase_delay(path, stage.title("phase delay", band), delay, before, after)
    stage.register(path, "delay", "svg", plot=True)


def run(stage: Stage) -> None:
    stage.each_band(lambda band: measure(stage, band))
    delays = stage.told.of_bands(None, band_delay_us={
        int(band): numbers["band_delay_us"] for band, numbers in stage.numbers.items()})["band_delay_us"]
    bands = [band for band, delay in enumerate(delays) if delay is not None]
    stage.publisher.session_data({"setup_phase_delay": {"bands": bands,
                                                        "band_delay_us": [delays[band] for band in bands]}})


if __name__ == "__main__":
    sys.exit(stage_main("estimate_phase_delay", __doc__, run))
