"""What an operation leaves, however it ends: no stream, the relays as they were, no bias where it promises none.

A script that is killed leaves what it had set; the operations that follow set what they need themselves.
"""
from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import Iterator, Sequence

from tuning.bias_lines import MAX_VOLTS
from tuning.interruption import interruption

from detectors.operation import Operation


@contextmanager
def left_tidy(op: Operation, zero: Sequence[int] = ()) -> Iterator[None]:
    """At the end, whichever it is: the stream off, these groups at 0 V, relays and the other biases as before.

    Each of it is tried although another failed; the biases come first, since they heat.
    """
    lines = op.lines
    high_before = lines.get_current_mode_array()
    volts_before = lines.get_tes_bias_bipolar_array()

    def relays() -> None:
        high = lines.get_current_mode_array()
        for wanted in (False, True):
            turned = [group for group, before in enumerate(high_before) if before == wanted != high[group]]
            if turned:
                lines.set_current_mode(turned, wanted)

    def biases() -> None:
        changed = {group: volts_before[group] for group, volt in enumerate(lines.get_tes_bias_bipolar_array())
                   if group not in zero and volt != volts_before[group]}
        if changed:
            lines.set_tes_bias_bipolar_array(changed)

    try:
        yield
    finally:
        with interruption.held(), ExitStack() as last:
            # Called from the last to the first. Relays keep the current, but for a bit of the DACs.
            last.callback(lines.stream_off)
            last.callback(biases)
            last.callback(relays)
            if zero:
                last.callback(lines.set_tes_bias_bipolar_array, {group: 0.0 for group in zero})


@contextmanager
def off_unless_done(op: Operation, groups: Sequence[int]) -> Iterator[None]:
    """What is to leave a bias on takes it away if it does not get to its end: nothing may stay overbiased."""
    try:
        yield
    except BaseException:
        with interruption.held(), ExitStack() as last:
            last.callback(op.lines.set_current_mode, groups, False)
            last.callback(op.lines.set_tes_bias_bipolar_array, {group: 0.0 for group in groups})
        raise


def overbias(op: Operation, groups: Sequence[int], volts: float, wait_s: float, then: Sequence[float],
             stay_high: bool) -> None:
    """Drive detectors normal: so many volts in high-current mode, then those that are wanted, a value a group.

    Source: sodetlib ``overbias_dets``.
    """
    lines = op.lines
    lines.set_current_mode(groups, True, const_current=False)
    lines.set_tes_bias_bipolar_array({group: min(volts, MAX_VOLTS) for group in groups})
    op.wait(wait_s)
    lines.set_tes_bias_bipolar_array(dict(zip(groups, then)))
    if not stay_high:
        lines.set_current_mode(groups, False, const_current=False)
