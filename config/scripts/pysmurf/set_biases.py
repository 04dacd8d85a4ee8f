"""Put volts on bias groups, one value for all or one for each, and read them back.

At most 19.9 V to either side. With --zero the bias is taken off. Leaves the relays as they are: in high-current
mode the same volts drive 6.08 times the current.
"""
from __future__ import annotations

import sys
from typing import Dict

from tuning.arguments import StageParser, json_numbers
from tuning.bias_lines import GROUPS, MAX_VOLTS
from tuning.instrument import CannotWork

from detectors.operation import Operation, group_options, operation_main
from detectors.readback import set_and_read


def run(op: Operation) -> None:
    groups = op.groups(op.options.bgs)
    bias = 0 if op.options.zero else op.options.bias
    if isinstance(bias, list) and len(bias) != len(groups):
        raise CannotWork("Number of biases must match number of bgs")
    wanted: Dict[int, float] = dict(zip(groups, bias if isinstance(bias, list) else [bias] * len(groups)))
    for group, volts in wanted.items():
        if abs(volts) > MAX_VOLTS:
            raise CannotWork(f"{volts:g} V on bias group {group} is beyond {MAX_VOLTS:g} V")
    read = set_and_read(op, wanted)
    on = [group for group in groups if read.volts[group]]
    op.conclude("Finished zeroing biases" if op.options.zero else f"Finished setting biases to {bias}",
                {"biases": read.volts},
                {"readback_off_v": read.off_v, "n_groups": len(groups), "n_on": len(on)},
                [("Groups set", str(len(groups))), ("Off by", f"{read.off_v * 1e3:.2f} mV at most"),
                 ("With a bias", str(len(on)))])


def options(parser: StageParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--bias", type=json_numbers(1, GROUPS, alone=True), metavar="V",
                      help="a number, or a list of one for each group")
    what.add_argument("--zero", action="store_true", help="take the bias off")


if __name__ == "__main__":
    sys.exit(operation_main("set_biases", __doc__, run, group_options, options))
