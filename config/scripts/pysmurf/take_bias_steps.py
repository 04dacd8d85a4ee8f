"""Step the bias of each group a little, and tell where in its transition each detector is, and how it responds.

24 steps of 50 mV, 50 ms each, in high-current mode; resistance, current, power, responsivity and time constant from
the mean of the edges. A channel is biased if R over R_n of the last IV is within --rfrac-range. Leaves biases and
relays as they were, and the stream OFF, however it ends.
"""
from __future__ import annotations

import json
import sys
from math import isfinite
from typing import List

from tuning.arguments import StageParser
from tuning.bias_lines import UNFILTERED, StreamSetting
from tuning.instrument import CannotWork

from detectors import group_map, of_sodetlib, steps
from detectors.biased import conclude_biased
from detectors.operation import Operation, keyword_options, operation_main
from detectors.steps import STEP_KEYWORDS, Point
from detectors.tidy import left_tidy


def measured(op: Operation) -> List[Point]:
    kw = op.keywords(**STEP_KEYWORDS)
    groups = op.groups(kw.bgs)
    path = op.lines.file_in_use("bgmap")
    if path is None:
        raise CannotWork("no map of bias groups: run take_bgmap first")
    normal = steps.normal_ohms(op)
    with left_tidy(op):
        if kw.dc_voltage is not None:
            op.lines.set_tes_bias_bipolar_array({group: kw.dc_voltage for group in groups})
        op.say(f"session id {op.lines.stream_on(StreamSetting(kw.stream_subtype, kw.g3_tag, **UNFILTERED))}")
        # Those that sodetlib cuts in its analysis come on top.
        stepped = steps.step_groups(op, groups, kw)
    constants = op.lines.constants
    return steps.points(stepped, group_map.read(path), normal, constants.shunt_ohm, constants.pa_per_phi0)


def run(op: Operation) -> None:
    if op.sodetlib is not None:
        with left_tidy(op):
            taken = op.sodetlib.take_bias_steps(op.options.kwargs)
        found, path = of_sodetlib.points_of(taken), str(taken.filepath)
    else:
        found = measured(op)
        path = op.folder.output("bias_step_analysis.npy")
        steps.write(path, found)
        op.register(path, "bias_step_analysis", "npy")
    taus = [point.tau_s for point in found if point.tau_s is not None and isfinite(point.tau_s)]
    conclude_biased(op, "Finished taking bias steps", found, path, "bs_rfrac_summary", "bias_steps_results", taus)


def options(parser: StageParser) -> None:
    parser.add_argument("--rfrac-range", type=json.loads, default=[0.2, 0.9], metavar="JSON",
                        help="where a channel counts as biased (0.2 to 0.9)")


if __name__ == "__main__":
    sys.exit(operation_main("take_bias_steps", __doc__, run, keyword_options, options))
