"""What an operation leaves, however it ends: no stream, the relays as they were, no bias where it promises none.

What it is to leave is on disk meanwhile, so that `put_back.py` leaves the same behind one that was killed.
"""
from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence

from tuning.bias_lines import GROUPS, MAX_VOLTS, BiasLines
from tuning.interruption import interruption
from tuning.session_folder import SessionFolder, write_text

from detectors.operation import Operation

ALL_OFF_V, ALL_LOW = [0.0] * GROUPS, [False] * GROUPS


class Left(NamedTuple):
    """What is to be left on the lines: volts and relays of all groups."""

    volts: List[float]
    high: List[bool]

    def put_back(self, lines: BiasLines) -> None:
        """Each of it is tried although another failed; the biases come first, since they heat."""
        failed: List[Exception] = []
        with interruption.held():
            for step in (lines.end_waveform, lambda: self._zero(lines), lambda: self._relays(lines),
                         lambda: self._biases(lines), lines.stream_off):
                try:
                    step()
                except Exception as failure:
                    failed.append(failure)
        if failed:
            raise failed[0]

    def _zero(self, lines: BiasLines) -> None:
        lines.set_tes_bias_bipolar_array({group: 0.0 for group in self._changed(lines) if not self.volts[group]})

    def _relays(self, lines: BiasLines) -> None:
        """They keep the current, but for a bit of the DACs."""
        high = lines.get_current_mode_array()
        for wanted in (False, True):
            turned = [group for group, each in enumerate(self.high) if each == wanted != high[group]]
            if turned:
                lines.set_current_mode(turned, wanted)

    def _biases(self, lines: BiasLines) -> None:
        changed = self._changed(lines)
        if changed:
            lines.set_tes_bias_bipolar_array(changed)

    def _changed(self, lines: BiasLines) -> Dict[int, float]:
        now = lines.get_tes_bias_bipolar_array()
        return {group: wanted for group, wanted in enumerate(self.volts) if now[group] != wanted}


class Record:
    """``left.json`` in the data folder: what the operation of one session is to leave, while it is at work."""

    def __init__(self, folder: SessionFolder) -> None:
        self._ctime = folder.ctime
        self._path = os.path.join(folder.data_dir, "left.json")

    def keep(self, left: Left) -> None:
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        write_text(self._path, json.dumps({"ctime": self._ctime, **left._asdict()}))

    def forget(self) -> None:
        os.remove(self._path)

    def read(self) -> Optional[Left]:
        """None where this session changed nothing that has to be put back."""
        try:
            with open(self._path, encoding="utf-8") as file:
                kept = json.load(file)
        except FileNotFoundError:
            return None
        return Left(kept["volts"], kept["high"]) if kept["ctime"] == self._ctime else None


@contextmanager
def left_tidy(op: Operation, zero: Sequence[int] = ()) -> Iterator[None]:
    """At the end, whichever it is: the stream off, these groups at 0 V, relays and the other biases as before."""
    before = op.lines.get_tes_bias_bipolar_array()
    left = Left([0.0 if group in zero else volt for group, volt in enumerate(before)],
                op.lines.get_current_mode_array())
    record = Record(op.folder)
    record.keep(left)
    try:
        yield
    finally:
        left.put_back(op.lines)
        record.forget()


@contextmanager
def off_unless_done(op: Operation, groups: Sequence[int]) -> Iterator[None]:
    """What is to leave a bias on takes it away if it does not get to its end: nothing may stay overbiased."""
    before, high = op.lines.get_tes_bias_bipolar_array(), op.lines.get_current_mode_array()
    left = Left([0.0 if group in groups else volt for group, volt in enumerate(before)],
                [on and group not in groups for group, on in enumerate(high)])
    record = Record(op.folder)
    record.keep(left)
    try:
        yield
    except BaseException:
        left.put_back(op.lines)
        record.forget()
        raise
    record.forget()


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
