"""Faults on request, so that what watches the stages can be tried against each of them.

``amp_fail``, ``no_flux_ramp``, ``eta_bad``, ``dead_channels`` (every eighth gives no signal), ``bias_stuck`` (the
first bias group that is set stays at 0 V), ``rssi_lockup`` (from here on no register answers) and ``rssi_dead`` (a
restart of the link does not help) are faults of the simulated instrument. The others are faults of the process
itself. ``name@stage`` limits a fault to one stage.
"""
from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType
from typing import Dict, List, Optional

from tuning.publisher import Publisher

STAGES = ("preflight", "setup_amps", "estimate_attens", "estimate_phase_delay", "find_freq", "setup_notches",
          "load_tune", "serial_algs", "squid_curve", "tracking_setup", "take_noise", "safe_state")

OPERATIONS = ("take_bgmap", "take_iv", "bias_dets", "take_bias_steps", "take_bias_waves", "overbias_tes", "set_biases",
              "all_off", "stream", "check_state", "restart_rssi", "run_test_func")
"""What takes faults, too, but is no stage of a tune."""

INSTRUMENT_FAULTS = ("amp_fail", "no_flux_ramp", "eta_bad", "dead_channels", "bias_stuck", "rssi_lockup",
                     "rssi_dead")
PROCESS_FAULTS = ("hang", "ignore_int", "ignore_term", "fork_child", "long_line", "bad_utf8", "big_udp",
                  "exit_code", "slow_stderr")
FAULTS = INSTRUMENT_FAULTS + PROCESS_FAULTS

LONG_LINE_BYTES = 1_000_000
STDERR_BYTES = 200_000
BIG_UDP_BYTES = 70_000
CHILD_SECONDS = 600


class UnknownFault(ValueError):
    """A fault that is not there was asked for."""


class Faults:
    """The faults of one run of one stage."""

    def __init__(self, active: Dict[str, int]) -> None:
        self._active = active
        self._hung = False

    def __bool__(self) -> bool:
        return bool(self._active)

    def __contains__(self, name: str) -> bool:
        return name in self._active

    @property
    def exit_code(self) -> int:
        """The exit code asked for, 0 without the fault."""
        return self._active.get("exit_code", 0)

    def begin(self, publisher: Publisher) -> None:
        """What happens before the stage's work: signals ignored, floods, a child that escapes."""
        for name, number in (("ignore_int", signal.SIGINT), ("ignore_term", signal.SIGTERM)):
            if name in self:
                signal.signal(number, _ignore)
        if "slow_stderr" in self:
            line = "w" * 99 + "\n"
            sys.stderr.write(line * (STDERR_BYTES // len(line)))
            sys.stderr.flush()
        if "long_line" in self:
            print("x" * LONG_LINE_BYTES, flush=True)
        if "bad_utf8" in self:
            sys.stdout.flush()
            sys.stdout.buffer.write(b"not UTF-8: \xff\xfe\xc3\x28 \xf0\x9f\n")
            sys.stdout.buffer.flush()
        if "big_udp" in self:
            publisher.session_data({"big_udp": "x" * BIG_UDP_BYTES})
        if "fork_child" in self:
            print(f"forked child {fork_child()}", flush=True)

    def hang_once(self) -> None:
        """Called behind each line of progress: sleeps for ever behind the first; SIGINT works as always."""
        if "hang" in self and not self._hung:
            self._hung = True
            print("hanging", flush=True)
            # a signal that comes just before signal.pause() would be waited for in vain
            while True:
                time.sleep(0.1)


def _ignore(number: int, frame: Optional[FrameType]) -> None:
    # os.write: the signal may come in the middle of a print, whose buffer must not be entered twice.
    os.write(1, f"ignored {signal.Signals(number).name}\n".encode())


def fork_child() -> int:
    """Leave a child in a session of its own, no longer a child of this process; returns its pid."""
    reader, writer = os.pipe()
    middle = os.fork()
    if middle == 0:
        os.setsid()
        child = os.fork()
        if child == 0:
            os.execvp("sleep", ["sleep", str(CHILD_SECONDS)])
        os.write(writer, str(child).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        child = int(told.read())
    os.waitpid(middle, 0)
    return child


def parse_faults(asked: List[str], stage: str) -> Faults:
    """The faults of this stage from texts like ``hang@find_freq,exit_code=3``."""
    active: Dict[str, int] = {}
    for text in ",".join(asked).split(","):
        text = text.strip()
        if not text:
            continue
        rest, _, only = text.partition("@")
        name, equals, value = rest.partition("=")
        if name not in FAULTS:
            raise UnknownFault(f"unknown fault {text!r}; faults are {', '.join(FAULTS)}")
        if only and only not in STAGES + OPERATIONS:
            raise UnknownFault(f"unknown stage in fault {text!r}; stages are {', '.join(STAGES + OPERATIONS)}")
        if equals and (name != "exit_code" or not value.isdigit() or int(value) > 255):
            raise UnknownFault(f"fault {text!r}: only exit_code takes a value, 0 to 255")
        if _acts(name, only, stage):
            active[name] = int(value) if equals else 1
    return Faults(active)


def _acts(name: str, only: str, stage: str) -> bool:
    if name in INSTRUMENT_FAULTS:
        return only in ("", stage)
    # What looks and what switches off keep working, unless preflight is meant by name.
    if stage == "safe_state" or (stage == "preflight" and only != stage):
        return False
    return only in ("", stage)
