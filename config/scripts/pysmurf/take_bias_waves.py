"""Put a sine on the bias of each group, and tell where in its transition each detector is, and how it responds.

23 Hz, 50 mV, 10 s a group, in high-current mode. Leaves biases and relays as they were, and the stream OFF, however
it ends.
"""
from __future__ import annotations

import json
import sys
from typing import List

from tuning.arguments import StageParser
from tuning.bias_lines import UNFILTERED, UNGROUPED, StreamSetting
from tuning.instrument import CannotWork

from detectors import group_map, of_sodetlib, response, steps
from detectors.biased import conclude_biased
from detectors.group_map import MAX_OHM
from detectors.operation import Operation, group_options, keyword_options, operation_main
from detectors.response import NOWHERE
from detectors.steps import Point
from detectors.tidy import left_tidy


def measured(op: Operation) -> List[Point]:
    kw = op.keywords(bgs=op.options.bgs, amp_wave=0.05, freqs_wave=[23.0], duration=10.0, high_current_mode=True,
                     hcm_wait_time=3.0, run_analysis=True, analysis_kwargs=None, channel_mask=None, g3_tag=None,
                     stream_subtype="bias_waves", enable_compression=False, plot_rfrac=True, show_plots=False)
    groups, lines = op.groups(kw.bgs), op.lines
    path = lines.file_in_use("bgmap")
    if path is None:
        raise CannotWork("no map of bias groups: run take_bgmap first")
    known, normal = group_map.read(path), steps.normal_ohms(op)
    # Of several, the slowest tells the operating point.
    freq_hz = min(kw.freqs_wave) if isinstance(kw.freqs_wave, list) else kw.freqs_wave
    waved = {}
    with left_tidy(op):
        op.say(f"session id {lines.stream_on(StreamSetting(kw.stream_subtype, kw.g3_tag, **UNFILTERED))}")
        amplitude = kw.amp_wave
        if kw.high_current_mode:
            lines.set_current_mode(groups, True)
            op.wait(kw.hcm_wait_time)
            amplitude /= lines.constants.high_low_ratio
        for done, group in enumerate(groups, 1):
            waved[group] = lines.play_wave(group, amplitude, freq_hz, kw.duration)
            op.advance(done, len(groups), "bias groups")
    found: List[Point] = []
    for readout in waved[groups[0]].phases:
        place, at = known.get(readout, group_map.NOWHERE), NOWHERE
        if place.group in waved:
            wave = waved[place.group]
            ratio = response.wave_ratio(wave, readout, place.polarity, lines.constants.pa_per_phi0)
            at = response.operating_point(ratio, wave.bias_a, lines.constants.shunt_ohm)
            if abs(at.ohm) > MAX_OHM:
                place, at = place._replace(group=UNGROUPED), NOWHERE
        found.append(Point(readout, place, at, None, normal.get(readout, float("nan"))))
    return found


def run(op: Operation) -> None:
    if op.sodetlib is not None:
        with left_tidy(op):
            taken = op.sodetlib.take_bias_waves(op.options.bgs, op.options.kwargs)
        found, path = of_sodetlib.points_of(taken), str(taken.filepath)
    else:
        found = measured(op)
        path = op.folder.output("bias_wave_analysis.npy")
        steps.write(path, found)
        op.register(path, "bias_wave_analysis", "npy")
    conclude_biased(op, "Finished taking bias steps", found, path, "bw_rfrac_summary", "bias_wave_results")


def options(parser: StageParser) -> None:
    parser.add_argument("--rfrac-range", type=json.loads, default=[0.2, 0.9], metavar="JSON",
                        help="where a channel counts as biased (0.2 to 0.9)")


if __name__ == "__main__":
    sys.exit(operation_main("take_bias_waves", __doc__, run, keyword_options, group_options, options))
