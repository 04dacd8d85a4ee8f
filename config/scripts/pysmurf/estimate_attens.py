"""Set the attenuators of a band so that the response is neither lost in noise nor too much for the ADC.

Up- and down-converter alike, from 15 in steps of 7, 4, 2, 1 until the largest response is within 0.1 and
0.4 of full scale. Fails, in the numbers, at either end of the attenuators. Leaves the attenuators CHANGED.
"""
from __future__ import annotations

import sys
from typing import Any, Dict

from tuning.stage import Stage, stage_main

ATT_MIN, ATT_MAX = 0, 30
SWEPT_MHZ = (-30.0, 30.0)
"""The part of the band looked at: enough to find its level between the dips."""


def measure(stage: Stage, band: int) -> Dict[str, Any]:
    """The search of sodetlib's ``estimate_uc_dc_atten``."""
    options, instrument = stage.options, stage.instrument
    tone_power = stage.setting("tone_power", band)
    att, step = options.start_att, options.step_att
    tried = 0
    while True:
        instrument.set_att(band, att)
        sweep = instrument.full_band_ampl_sweep(band, *SWEPT_MHZ, tone_power)
        strongest = max(abs(value) for value in sweep.response)
        tried += 1
        stage.say(f"band {band}: attenuation {att}, largest response {strongest:.3f}")
        in_range = options.resp_min < strongest < options.resp_max
        at_end = att == (ATT_MIN if strongest <= options.resp_min else ATT_MAX)
        if in_range or at_end:
            break
        att = min(max(att - step if strongest <= options.resp_min else att + step, ATT_MIN), ATT_MAX)
        step = (step + 1) // 2
    if in_range:
        instrument.keep_att(band, att)
    stage.progress(band, 1, 1, "bands set")
    return {"att": att, "max_resp": round(strongest, 6), "resp_in_range": in_range, "n_tried": tried}


def run(stage: Stage) -> None:
    stage.each_band(lambda band: measure(stage, band))


if __name__ == "__main__":
    sys.exit(stage_main("estimate_attens", __doc__, run))
