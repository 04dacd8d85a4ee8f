"""Drive detectors normal: 19.9 V in high-current mode for 2 s, then 10 V in low-current mode.

Leaves that BIAS ON. Ended in between it takes the bias off.
"""
from __future__ import annotations

import sys

from detectors.operation import Operation, group_options, keyword_options, operation_main
from detectors.readback import read_back
from detectors.tidy import off_unless_done, overbias

OVERBIAS_V, OVERBIAS_S, COOL_V = 19.9, 2.0, 10.0
"""Source: sodetlib ``det_config.py``, bg_defaults."""


def run(op: Operation) -> None:
    kw = op.keywords(bias_groups=op.options.bgs, biases=None, cool_wait=None, high_current_mode=False)
    groups = op.groups(kw.bias_groups)
    then = [COOL_V if kw.biases is None else kw.biases[group] for group in groups]
    with off_unless_done(op, groups):
        if op.sodetlib is not None:
            # It has its own volts and waits, from the device configuration.
            op.sodetlib.overbias_dets(groups, op.options.kwargs)
            then = op.sodetlib.cool_volts(groups) if kw.biases is None else then
        else:
            overbias(op, groups, OVERBIAS_V, OVERBIAS_S, then, bool(kw.high_current_mode))
            op.wait(kw.cool_wait or 0.0)
    read = read_back(op, dict(zip(groups, then)))
    op.conclude("Finished Overbiasing TES", {"biases": read.volts},
                {"readback_off_v": read.off_v, "n_groups": len(groups)},
                [("Groups overbiased", str(len(groups))), ("Left at", f"{max(then):g} V")])


if __name__ == "__main__":
    sys.exit(operation_main("overbias_tes", __doc__, run, group_options, keyword_options))
