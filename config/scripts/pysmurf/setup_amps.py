"""Switch the cryogenic amplifiers on and step their gates until the drain currents are right.

HEMT to 8 mA and 50 K amplifier to 15 mA, each within 0.2 mA. Leaves the amplifiers ON; if a current cannot
be reached it takes their power away again and reports the current it got to; so it does when interrupted in
the middle of a search.
"""
from __future__ import annotations

import sys
from typing import Dict, List

from tuning.amplifier import AmplifierGoal, next_gate_voltage
from tuning.stage import Numbers, Stage, stage_main


def goals(stage: Stage) -> Dict[str, AmplifierGoal]:
    options = stage.options
    every = {"hemt": AmplifierGoal(options.hemt_id_target, options.id_tolerance, options.hemt_vg_min,
                                   options.hemt_vg_max, 0.1, 0.01),
             "50k": AmplifierGoal(options.lna_id_target, options.id_tolerance, options.lna_vg_min,
                                  options.lna_vg_max, 0.01, 0.001)}
    return {amp: every[amp] for amp in options.amps_to_bias}


def find_gate_voltage(stage: Stage, amp: str, goal: AmplifierGoal) -> bool:
    """Step one gate until its current is within tolerance; false if it cannot get there."""
    instrument = stage.instrument
    before = instrument.get_amplifier_biases()[f"{amp}_gate_volt"]
    try:
        for step in range(stage.options.max_iter):
            biases = instrument.get_amplifier_biases()
            gate, drain = biases[f"{amp}_gate_volt"], biases[f"{amp}_drain_current"]
            if abs(drain - goal.drain_ma) < goal.tolerance_ma:
                stage.say(f"{amp}: {drain:.2f} mA at {gate:.3f} V after {step} steps")
                return True
            following = next_gate_voltage(gate, drain, goal)
            if not goal.gate_min < following < goal.gate_max:
                stage.say(f"{amp}: {drain:.2f} mA at {gate:.3f} V, and the gate is at its limit")
                break
            instrument.set_amp_gate_voltage(amp, following)
    except BaseException:
        # Left at a gate half way, an amplifier may draw far too much and heat the cryostat.
        stage.say(f"{amp}: search broken off: amplifiers off")
        instrument.disable_amps()
        instrument.set_amp_gate_voltage(amp, before)
        raise
    stage.say(f"{amp}: not within {goal.tolerance_ma:g} mA of {goal.drain_ma:g} mA "
              f"after {step} steps")
    return False


def run(stage: Stage) -> None:
    stage.instrument.enable_amps()
    wanted = goals(stage)
    before = stage.instrument.get_amplifier_biases()
    found: List[bool] = []
    for done, (amp, goal) in enumerate(wanted.items(), 1):
        found.append(find_gate_voltage(stage, amp, goal))
        for band in stage.options.bands:
            stage.progress(band, done, len(wanted), "amplifiers")
    biases = stage.instrument.get_amplifier_biases()
    if not all(found):
        stage.instrument.disable_amps()
        # A gate left at its limit is out of reach of the next search.
        for amp in wanted:
            stage.instrument.set_amp_gate_voltage(amp, before[f"{amp}_gate_volt"])
        stage.say("a drain current was not reached: amplifiers off")
    numbers: Numbers = {"amps_on": all(found)}
    for amp in ("hemt", "50k"):
        numbers[f"{amp}_id"] = round(biases[f"{amp}_drain_current"], 4)
        numbers[f"{amp}_vg"] = biases[f"{amp}_gate_volt"]
    # One pair of amplifiers serves all bands of the slot.
    stage.each_band(lambda band: numbers)


if __name__ == "__main__":
    sys.exit(stage_main("setup_amps", __doc__, run))
