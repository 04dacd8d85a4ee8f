"""Bring each tone to the bottom of its dip and measure eta there again.

Forces the FLUX RAMP OFF, so it comes before tracking_setup. Leaves TONES ON, but for channels that eta could
not be measured of. Its two scans run in the server: one whose stage ended goes on, and switches its tones on at
its end, so run safe_state, which waits for it. A mark of a scan that no longer runs takes --force.
"""
from __future__ import annotations

import sys
from typing import Any, Dict

from tuning.instrument import CannotWork
from tuning.quantiles import median
from tuning.resonator import eta_clipped
from tuning.stage import Stage, stage_main


def measure(stage: Stage, band: int) -> Dict[str, Any]:
    options, instrument = stage.options, stage.instrument
    before = instrument.notches(band)
    if not before:
        raise CannotWork("no tones on: run setup_notches or load_tune first")
    halves = 2 * len(before)
    instrument.run_serial_gradient_descent(
        band, stage.descent(band), lambda done, total: stage.progress(band, done, halves, "channel scans"))
    instrument.run_serial_eta_scan(
        band, options.delta_freq, options.timeout,
        lambda done, total: stage.progress(band, halves - total + done, halves, "channel scans"))
    after = {notch.channel: notch for notch in instrument.notches(band)}
    moved = {notch.channel: abs(after[notch.channel].freq_mhz - notch.freq_mhz)
             for notch in before if notch.channel in after}
    eta_limit = instrument.eta_limit_mhz(band)
    failed = [notch.channel for notch in before
              if notch.channel not in after or moved[notch.channel] > options.sweep_width
              or eta_clipped(after[notch.channel].eta, eta_limit)]
    middle = median(list(moved.values()))
    return {"moved_khz": None if middle is None else middle * 1e3, "n_failed": len(failed),
            "n_all": len(before), "failed_frac": len(failed) / len(before),
            "eta_mag_median_mhz": median([abs(notch.eta) for notch in after.values()])}


def run(stage: Stage) -> None:
    if stage.instrument.read_state().eta_scan_in_progress:
        if not stage.options.force:
            raise CannotWork("a scan is already in progress, or one that failed left the mark: "
                             "run safe_state, or give --force")
        stage.say("an eta scan was marked as in progress; forced")
        stage.instrument.clear_eta_scan()
    stage.each_band(lambda band: measure(stage, band))


if __name__ == "__main__":
    sys.exit(stage_main("serial_algs", __doc__, run))
