"""What stands between pysmurf and its registers: the flag of an interruption, and the dry mode.

Everything that pysmurf does to a crate goes through ``_caput`` and ``_caget``, and through the register by
which the cryostat card is written to (in v9.0.3 most of its calls pass by ``CryoCard.do_write``). So these are
guarded, on the one control object, and nothing in the stages has to be.
"""
from __future__ import annotations

from typing import Any, Callable

from tuning.instrument import CannotWork
from tuning.interruption import interruption

CARD_READ = 1 << 31
"""A word for the cryostat card with this bit asks it for a value, and changes nothing."""

STARTS = ("run", "TriggerDaq", "ArmHwTrigger", "FileWriter.Open")
"""Registers that start something on the server whose end, or whose data, pysmurf then waits for."""


class DryEnd(CannotWork):
    """A dry run cannot go on: what follows needs what a write would have brought."""


def guard_registers(smurf: Any, dry: bool, say: Callable[[str], None]) -> None:
    """Look at the flag at each access; where ``dry``, say what would be written and write nothing."""
    read, write = smurf._caget, smurf._caput

    def guarded_read(*args: Any, **kwargs: Any) -> Any:
        interruption.look()
        return read(*args, **kwargs)

    def guarded_write(pvname: str, val: Any, *args: Any, **kwargs: Any) -> Any:
        interruption.look()
        if not dry:
            return write(pvname, val, *args, **kwargs)
        say(f"dry: would write {pvname} = {brief(val)}")
        name = pvname.replace(":", ".")
        if any(f".{start}" in name for start in STARTS):
            raise DryEnd(f"what follows {pvname} = {brief(val)} needs its outcome")
        return None

    smurf._caget, smurf._caput = guarded_read, guarded_write
    smurf.C.writepv = CardRegister(smurf.C.writepv, dry, say)


class CardRegister:
    """The register of words to the cryostat card, ``set`` by pysmurf's main and ``put`` by its releases."""

    def __init__(self, register: Any, dry: bool, say: Callable[[str], None]) -> None:
        self._register, self._dry, self._say = register, dry, say

    def _write(self, write: Callable[..., Any], value: Any, *args: Any, **kwargs: Any) -> Any:
        interruption.look()
        word = int(value)
        if not self._dry or word & CARD_READ:
            return write(value, *args, **kwargs)
        address = word >> 20 & 0x7FF
        self._say(f"dry: would write {word & 0xFFFFF:#x} to register {address:#x} of the cryostat card")
        # Its relays are waited for without end, and its power supplies are read back.
        raise DryEnd(f"what follows reads register {address:#x} of the cryostat card back")

    def set(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return self._write(self._register.set, value, *args, **kwargs)

    def put(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return self._write(self._register.put, value, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._register, name)


def brief(value: Any) -> str:
    """A value, or of an array its length and its range."""
    try:
        values = list(value) if not isinstance(value, str) else []
    except TypeError:
        values = []
    if len(values) < 2:
        return str(value)
    return f"{len(values)} values from {min(values)} to {max(values)}"
