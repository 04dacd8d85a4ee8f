"""Scans that run in the SMuRF server: they outlive the client, take no notice of being stopped, and switch
their tones on again at their end.

pysmurf waits for them by the mark ``etaScanInProgress`` alone, each version in another way: main is done at
once where the mark comes late, v9.0.3 waits for ever where it goes early. Here the mark and the server's own
processes count, and the wait looks at the flag of an interruption. Source: the processes of cryo-det v2.5.1.
"""
from __future__ import annotations

import inspect
import time
from typing import Any, Callable, Dict, List

from tuning.instrument import CannotWork
from tuning.interruption import interruption

PROCESSES = ("SerialGradientDescent", "SerialEtaScan", "SerialFindFreq")

BEGIN_S = 5.0
"""A scan that was asked for shows within this time."""

SWEEP_S = 360.0
"""Longest sweep of a band. Source: v9.0.3 ``set_run_serial_find_freq``."""

LOOK_S = 0.02
ANSWER_S = 2.0


class Scans:
    """The scans of one slot's server."""

    def __init__(self, smurf: Any) -> None:
        self._smurf = smurf
        self._unreadable: List[str] = []
        # Over EPICS a process that is not there would be asked for again and again, for half a minute.
        taken = inspect.signature(type(smurf)._caget).parameters
        self._once: Dict[str, Any] = \
            {"retry_on_fail": False, "timeout": ANSWER_S} if "retry_on_fail" in taken else {}
        # pysmurf's own sweeps wait here too.
        smurf.set_run_serial_find_freq = self._sweep

    def _sweep(self, band: int, val: int, **rest: Any) -> None:
        self.run(band, "runSerialFindFreq", SWEEP_S)

    def marked(self, band: int) -> bool:
        return bool(self._smurf.get_eta_scan_in_progress(band))

    def running(self, band: int) -> bool:
        """Whether a process of the server is at work, where it tells; the mark may be a left-over."""
        root = self._smurf._cryo_root(band)
        for process in PROCESSES:
            if process not in self._unreadable:
                try:
                    if int(self._smurf._caget(f"{root}{process}{root[-1]}Running", **self._once)):
                        return True
                except Exception:  # A server without this process: what it is called is not all versions' own.
                    self._unreadable.append(process)
        return False

    @property
    def told_by_processes(self) -> bool:
        """False where one cannot be read: then a mark may be that of its scan."""
        return not self._unreadable

    def busy(self, band: int) -> bool:
        return self.marked(band) or self.running(band)

    def run(self, band: int, command: str, limit_s: float) -> None:
        """Start a scan and wait for its end."""
        if self.busy(band):
            raise CannotWork(f"a scan is already in progress in band {band}")
        self._smurf._caput(self._smurf._cryo_root(band) + command, 1)
        if not wait_until(lambda: self.busy(band), BEGIN_S):
            raise CannotWork(f"{command} did not begin in band {band} within {BEGIN_S:g} s")
        if not wait_until(lambda: not self.busy(band), limit_s):
            raise CannotWork(f"{command} did not end in band {band} within {limit_s:g} s, and goes on in the "
                             "server: run safe_state, which waits for it")

    def clear_mark(self, band: int) -> None:
        """Forget a scan that is no more; never one that runs, or that may."""
        if not self.marked(band):
            return
        if self.running(band):
            raise CannotWork(f"a scan runs in the server in band {band}")
        if not self.told_by_processes:
            raise CannotWork(f"band {band} is marked as being scanned, and the server does not tell whether "
                             "it is")
        self._smurf._caput(self._smurf._cryo_root(band) + "etaScanInProgress", 0)


def wait_until(done: Callable[[], bool], limit_s: float, look_s: float = LOOK_S) -> bool:
    """Wait for something, at most so long; whether it came. An interruption ends the wait."""
    end = time.monotonic() + limit_s
    while not done():
        if time.monotonic() > end:
            return False
        interruption.look()
        time.sleep(look_s)
    return True
