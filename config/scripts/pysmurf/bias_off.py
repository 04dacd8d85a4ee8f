"""Take the bias off behind an operation that was killed before it could: all volts, relays, the stream; then read back.

Takes no notice of arguments it does not know, nor of faults of the process.
"""
from __future__ import annotations

import sys

import safe_state
from tuning.faults import Faults
from tuning.instrument import CannotWork
from tuning.stage import Stage, run_stage


def run(stage: Stage) -> None:
    lines = stage.instrument.bias_lines
    lines.set_tes_bias_bipolar_array({group: 0.0 for group in range(len(lines.get_tes_bias_bipolar_array()))})
    lines.set_current_mode([group for group, high in enumerate(lines.get_current_mode_array()) if high], False)
    lines.stream_off()
    left = [group for group, volts in enumerate(lines.get_tes_bias_bipolar_array()) if volts]
    if left:
        raise CannotWork(f"bias groups {left} still read back with a bias")


if __name__ == "__main__":
    sys.exit(run_stage("bias_off", safe_state.options(None, "bias_off"), Faults({}), run))
