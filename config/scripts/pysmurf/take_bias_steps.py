"""Step the bias of each group a little, and tell where in its transition each detector is, and how it responds.

24 steps of 50 mV, 50 ms each, in high-current mode; resistance, current, power, responsivity and time constant from
the mean of the edges. A channel is biased if R over R_n of the last IV is within --rfrac-range. Leaves biases and
relays as they were, and the stream OFF, however it ends.
"""
from __future__ import annotations

import sys
from typing import List

from tuning.bias_lines import UNFILTERED, StreamSetting

from detectors import group_map, steps
from detectors.biased import biased_options, take_biased
from detectors.operation import Operation, keyword_options, operation_main
from detectors.response import step_point, step_ratio, time_constant_s
from detectors.steps import STEP_KEYWORDS, Point
from detectors.tidy import left_tidy


def measured(op: Operation) -> List[Point]:
    kw = op.keywords(**STEP_KEYWORDS)
    groups = op.groups(kw.bgs)
    known, normal = group_map.in_use(op.lines), steps.normal_ohms(op)
    with left_tidy(op):
        if kw.dc_voltage is not None:
            op.lines.set_tes_bias_bipolar_array({group: kw.dc_voltage for group in groups})
        op.say(f"session id {op.lines.stream_on(StreamSetting(kw.stream_subtype, kw.g3_tag, **UNFILTERED))}")
        # Those that sodetlib cuts in its analysis come on top.
        stepped = steps.step_groups(op, groups, kw)
    by_group = {each.group: each for each in stepped}

    def with_tau(point: Point) -> Point:
        """Only in its transition does it take time to follow; then its current falls where the bias rises."""
        step = by_group.get(point.place.group)
        if step is None or step_ratio(step, point.readout, point.place.polarity, op.lines.constants.pa_per_phi0) > 0:
            return point
        return point._replace(tau_s=time_constant_s(step, point.readout))

    return [with_tau(point) for point in steps.points(op, stepped, known, normal, step_point)]


def run(op: Operation) -> None:
    take_biased(op, lambda sodetlib: sodetlib.take_bias_steps(op.options.kwargs), measured,
                "step", "bias_steps_results")


if __name__ == "__main__":
    sys.exit(operation_main("take_bias_steps", __doc__, run, keyword_options, biased_options))
