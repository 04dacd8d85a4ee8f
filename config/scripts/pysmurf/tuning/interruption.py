"""SIGINT and SIGTERM as one flag that stays set.

An exception alone does not do: pysmurf catches everything in places (``full_band_resp`` around its reading of
the DAC), and goes on for a minute. So the signal raises where the script is, and from then on every step,
every wait and every access to a register raises again, until the script has come to its end.
"""
from __future__ import annotations

import signal
import sys
import time
from contextlib import contextmanager
from types import FrameType
from typing import Iterator, Optional

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """The script was told to end."""


class Interruption:
    """Whether the script was told to end, and what must not be disturbed by it."""

    def __init__(self) -> None:
        self.told = False
        self._held = 0

    def watch(self) -> None:
        """From now on a signal sets the flag, also where SIGINT was inherited as ignored."""
        for number in SIGNALS:
            signal.signal(number, self._signalled)

    def _signalled(self, number: int, frame: Optional[FrameType]) -> None:
        self.told = True
        self.look()

    def look(self) -> None:
        """Raises where the script was told to end."""
        if self.told and not self._held:
            raise Interrupted

    @contextmanager
    def held(self) -> Iterator[None]:
        """What is put back, and a file half written, is finished first. The flag is looked at behind it, unless
        the script is on its way out already: more may have to be put back there."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        if sys.exc_info()[0] is None:
            self.look()

    def over(self) -> None:
        """The script has come to its end, and needs no telling any more, nor in Python's last moments, which
        have no handlers."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def sleep(self, seconds: float) -> None:
        """Wait; a signal ends it. A wait that is held is finished, but none begins behind a signal."""
        self.look()
        if not self.told:
            time.sleep(seconds)


interruption = Interruption()
"""Of this process: signals come to the process, not to an object."""
