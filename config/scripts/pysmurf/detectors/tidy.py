"""What an operation leaves, however it ends: no stream, the relays as they were, no bias where it promises none.

A script that is killed leaves what it had set; the operations that follow set what they need themselves.
"""
from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator, Sequence

from tuning.bias_lines import MAX_VOLTS
from tuning.interruption import interruption

from detectors.operation import Operation


@contextmanager
def left_tidy(op: Operation, zero: Sequence[int] = ()) -> Iterator[None]:
    """At the end, whichever it is: the stream off, these groups at 0 V, and the relays as before."""
    high_before = op.lines.get_current_mode_array()
    try:
        yield
    finally:
        with interruption.held():
            op.lines.stream_off()
            if zero:
                op.lines.set_tes_bias_bipolar_array({group: 0.0 for group in zero})
            high = op.lines.get_current_mode_array()
            for wanted in (False, True):
                turned = [group for group, is_high in enumerate(high) if is_high != wanted
                          and high_before[group] == wanted]
                if turned:
                    op.lines.set_current_mode(turned, wanted)


def overbias(op: Operation, groups: Sequence[int], volts: float, wait_s: float, then: Sequence[float],
             stay_high: bool) -> None:
    """Drive detectors normal: so many volts in high-current mode, then those that are wanted, a value a group.

    Ended in between it takes the bias away: nothing may stay at so high a power. Source: sodetlib
    ``overbias_dets``.
    """
    lines = op.lines
    try:
        lines.set_current_mode(groups, True, const_current=False)
        lines.set_tes_bias_bipolar_array({group: min(volts, MAX_VOLTS) for group in groups})
        op.wait(wait_s)
        lines.set_tes_bias_bipolar_array(dict(zip(groups, then)))
        if not stay_high:
            lines.set_current_mode(groups, False, const_current=False)
    except BaseException:
        with interruption.held():
            lines.set_tes_bias_bipolar_array({group: 0.0 for group in groups})
            lines.set_current_mode(groups, False)
        raise
