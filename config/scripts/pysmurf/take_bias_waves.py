"""Put a sine on the bias of each group, and tell where in its transition each detector is, and how it responds.

23 Hz, 50 mV, 10 s a group, in high-current mode. Leaves biases and relays as they were, and the stream OFF, however
it ends.
"""
from __future__ import annotations

import sys
from typing import List

from tuning.bias_lines import UNFILTERED, StreamSetting

from detectors import group_map, steps
from detectors.biased import biased_options, take_biased
from detectors.operation import Operation, group_options, keyword_options, operation_main
from detectors.response import wave_point
from detectors.steps import Point
from detectors.tidy import left_tidy


def measured(op: Operation) -> List[Point]:
    kw = op.keywords(bgs=op.options.bgs, amp_wave=0.05, freqs_wave=[23.0], duration=10.0, high_current_mode=True,
                     hcm_wait_time=3.0, run_analysis=True, analysis_kwargs=None, channel_mask=None, g3_tag=None,
                     stream_subtype="bias_waves", enable_compression=False, plot_rfrac=True, show_plots=False)
    groups, lines = op.groups(kw.bgs), op.lines
    known, normal = group_map.in_use(lines), steps.normal_ohms(op)
    # Of several, the slowest tells the operating point.
    freq_hz = min(kw.freqs_wave) if isinstance(kw.freqs_wave, list) else kw.freqs_wave
    with left_tidy(op):
        op.say(f"session id {lines.stream_on(StreamSetting(kw.stream_subtype, kw.g3_tag, **UNFILTERED))}")
        waved = steps.play_groups(op, groups, kw, kw.amp_wave, lambda group, volts:
                                  lines.play_wave(group, volts, freq_hz, kw.duration))
    return steps.points(op, waved, known, normal, wave_point)


def run(op: Operation) -> None:
    take_biased(op, lambda sodetlib: sodetlib.take_bias_waves(op.options.bgs, op.options.kwargs), measured,
                "wave", "bias_wave_results")


if __name__ == "__main__":
    sys.exit(operation_main("take_bias_waves", __doc__, run, keyword_options, group_options, biased_options))
