"""Switch the cryogenic amplifiers on and step their gates until the drain currents are right.

HEMT to 8 mA and 50 K amplifier to 15 mA, each within 0.2 mA. Leaves the amplifiers ON; if a current cannot
be reached it takes their power away again and reports the current it got to. Interrupted, it leaves power and
gates as they were.
"""
from __future__ import annotations

import sys
from typing import Dict, List

from tuning.amplifier import AmplifierGoal, next_gate_voltage
from tuning.interruption import interruption
from tuning.stage import Numbers, Stage, stage_main


def goals(stage: Stage) -> Dict[str, AmplifierGoal]:
    def goal(name: str, coarse: float, fine: float) -> AmplifierGoal:
        return AmplifierGoal(stage.setting(f"{name}_id_target"),
                             stage.setting("id_tolerance", configured_as=f"{name}_id_tolerance"),
                             stage.setting(f"{name}_vg_min"), stage.setting(f"{name}_vg_max"), coarse, fine)

    every = {"hemt": goal("hemt", 0.1, 0.01), "50k": goal("lna", 0.01, 0.001)}
    return {amp: every[amp] for amp in every if amp in stage.setting("amps_to_bias")}


def find_gate_voltage(stage: Stage, amp: str, goal: AmplifierGoal, biases: Dict[str, float]) -> bool:
    """Step one gate until its current is within tolerance; false if it cannot get there.

    ``biases`` takes what was judged: another reading would have other noise.
    """
    instrument = stage.instrument
    start = instrument.configured("hemt_vg" if amp == "hemt" else "lna_vg")
    for step in range(stage.options.max_iter):
        read = instrument.get_amplifier_biases()
        gate, drain = read[f"{amp}_gate_volt"], read[f"{amp}_drain_current"]
        biases.update({f"{amp}_gate_volt": gate, f"{amp}_drain_current": drain})
        if abs(drain - goal.drain_ma) < goal.tolerance_ma:
            stage.say(f"{amp}: {drain:.2f} mA at {gate:.3f} V after {step} steps")
            return True
        if step == 0 and start is not None:
            # Where it was right the last time. Source: sodetlib ``setup_amps``.
            instrument.set_amp_gate_voltage(amp, start)
            continue
        following = next_gate_voltage(gate, drain, goal)
        if not goal.gate_min < following < goal.gate_max:
            stage.say(f"{amp}: {drain:.2f} mA at {gate:.3f} V, and the gate is at its limit")
            break
        instrument.set_amp_gate_voltage(amp, following)
    stage.say(f"{amp}: not within {goal.tolerance_ma:g} mA of {goal.drain_ma:g} mA "
              f"after {step} steps")
    return False


def run(stage: Stage) -> None:
    were_on = stage.instrument.read_state().amps_on
    gates: Dict[str, float] = {}
    try:
        set_up(stage, gates)
    except BaseException:
        with interruption.held():
            # Left at a gate half way, an amplifier may draw far too much and heat the cryostat.
            if not were_on and stage.instrument.read_state().amps_on:
                stage.instrument.disable_amps()
            put_back(stage, gates)
        raise


def put_back(stage: Stage, gates: Dict[str, float]) -> None:
    """A gate left at its limit would be out of reach of the next search, too."""
    for amp, volts in gates.items():
        stage.instrument.set_amp_gate_voltage(amp, volts)


def set_up(stage: Stage, gates: Dict[str, float]) -> None:
    """``gates`` takes the voltages as they are before the first search."""
    stage.instrument.enable_amps()
    wanted = goals(stage)
    biases = stage.instrument.get_amplifier_biases()
    gates.update({amp: biases[f"{amp}_gate_volt"] for amp in wanted})
    found: List[bool] = []
    for done, (amp, goal) in enumerate(wanted.items(), 1):
        found.append(find_gate_voltage(stage, amp, goal, biases))
        for band in stage.options.bands:
            stage.progress(band, done, len(wanted), "amplifiers")
    if all(found):
        stage.instrument.keep_amps({f"{amp}_gate_volt": biases[f"{amp}_gate_volt"] for amp in wanted})
    else:
        stage.instrument.disable_amps()
        put_back(stage, gates)
        stage.say("a drain current was not reached: amplifiers off")
    numbers: Numbers = {"amps_on": all(found)}
    for amp in ("hemt", "50k"):
        numbers[f"{amp}_id"] = round(biases[f"{amp}_drain_current"], 4)
        numbers[f"{amp}_vg"] = biases[f"{amp}_gate_volt"]
    stage.publisher.session_data({"setup_amps_summary": {"success": all(found), **biases}})
    # One pair of amplifiers serves all bands of the slot.
    stage.each_band(lambda band: numbers)


if __name__ == "__main__":
    sys.exit(stage_main("setup_amps", __doc__, run))
