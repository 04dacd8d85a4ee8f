"""Switch the slot off: tones, flux ramp, biases and streams, and the amplifiers; then read back what is on.

With --amps keep the amplifiers stay as they are, with --outputs keep nothing but them is touched.
"""
from __future__ import annotations

import sys

import safe_state
from tuning.faults import Faults
from tuning.stage import Stage, run_stage


def run(stage: Stage) -> None:
    options, instrument = stage.options, stage.instrument
    if options.outputs == "off":
        safe_state.run(stage)
    elif options.amps == "off":
        instrument.disable_amps()
    state = instrument.read_state()
    done = (options.amps == "keep" or state.amps_on is False) and \
        (options.outputs == "keep" or state.quiet is True)
    for band in stage.options.bands:
        numbers = stage.numbers.setdefault(str(band), {})
        numbers.update(all_off=done, amps_on=state.amps_on, tones_on=state.tones_on.get(band, 0))
    stage.publisher.session_data({"headline": [
        {"name": "Off as asked", "value": "yes" if done else "NO"},
        {"name": "Amplifiers", "value": {True: "on", False: "off", None: "unknown"}[state.amps_on]}]})
    stage.last_words = "Everything off" if done else "NOT everything is off"


if __name__ == "__main__":
    sys.exit(run_stage("all_off", safe_state.options(None, "all_off"), Faults({}), run))
