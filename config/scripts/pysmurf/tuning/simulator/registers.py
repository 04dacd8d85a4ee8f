"""The simulated registers: one JSON file, read and written under a lock as a register server would."""
from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from contextlib import contextmanager
from typing import Callable, Iterator, TextIO

from tuning.instrument import CannotWork
from tuning.interruption import interruption
from tuning.session_folder import write_text
from tuning.simulator import before, biases, scans, streaming
from tuning.simulator.scans import State

PATIENCE_S = 10.0
"""How long to wait for the lock, in seconds; an honest holder is done in milliseconds."""

POLL_S = 0.01
SCAN_POLL_S = 0.05

RSSI_LOCKED = "no answer from {}: the RSSI link is locked up; run restart_rssi"

NOMINAL_DELAY_US = 2.4
"""What a device configuration holds before anybody measured: near enough to work with, not to work well."""


class StateBroken(CannotWork):
    """The state file is there but says nothing."""


class StateLocked(CannotWork):
    """Another process keeps the lock."""


def fresh_state() -> State:
    """A slot after power-up: all off."""
    return {"amps_on": False, "tones_on": {}, "flux_ramp_on": False, "fixed_flux_bias": 0.0,
            "eta_scan_in_progress": False, "tes_bias_on": False, "noise_on": {}, "scans": {},
            "before": {}, "amps": {}, "flux_ramp": {"fraction_full_scale": 0.0, "reset_rate_khz": 4.0},
            "flux_ramp_relay": "AC", "bands": {}, "tune_file": None, "array": None, "tes_bias": biases.fresh(),
            "stream": streaming.fresh(), "bgmap_file": None, "iv_file": None, "rssi_locked": False}


def fresh_band() -> State:
    """A band as configured."""
    return {"att": 15, "band_delay_us": NOMINAL_DELAY_US, "tone_power": 12, "rf_enabled": True,
            "resonances_mhz": None, "assignment": [], "notches": [], "lms_enabled": True,
            "feedback_channels": []}


def checked(stored: State) -> State:
    """A stored state with what it lacks at its defaults; refuses values of the wrong kind."""
    state = {**fresh_state(), **stored}
    state["tones_on"] = {str(int(band)): int(count) for band, count in state["tones_on"].items()}
    state["noise_on"] = {str(int(band)): bool(on) for band, on in state["noise_on"].items()}
    state["fixed_flux_bias"] = float(state["fixed_flux_bias"])
    for name, default in fresh_state().items():
        if default is not None and not isinstance(state[name], type(default)):
            raise TypeError(f"{name} is {state[name]!r}")
    state["bands"] = {str(int(band)): {**fresh_band(), **registers}
                      for band, registers in state["bands"].items()}
    if state["array"] is not None:
        state["array"] = {"seed": int(state["array"]["seed"]), "channels": int(state["array"]["channels"])}
    state["scans"] = {band: checked_scan(scan) for band, scan in state["scans"].items()
                      if band in state["bands"]}
    state["before"] = before.checked(state["before"], state["bands"])
    state["tes_bias"] = biases.checked(state["tes_bias"])
    state["stream"] = {**streaming.fresh(), **state["stream"]}
    return state


def checked_scan(stored: State) -> State:
    """A stored scan; refuses one that does not say when it ends and with what."""
    return {"since": float(stored["since"]), "lasts_s": float(stored["lasts_s"]),
            "notches": [list(row) for row in stored["notches"]],
            "feedback": [int(channel) for channel in stored["feedback"]]}


class Registers:
    """The state file; a lock is held for the moment of a transaction only, and dies with its process.

    Scans that are over by the clock are settled before anybody sees the state.
    """

    def __init__(self, data_dir: str, patience_s: float, clock: Callable[[], float] = time.time) -> None:
        self.folder = os.path.join(os.path.abspath(data_dir), "simulator")
        self.path = os.path.join(self.folder, "state.json")
        self.patience_s = patience_s
        self.clock = clock
        self._past_lock = False

    def read(self) -> State:
        with self._answering() as state:
            if scans.settle(state, self.clock()):
                self._store(state)
            return state

    @contextmanager
    def transaction(self) -> Iterator[State]:
        """The state, to be changed in place; written at the end, unless an exception passes."""
        with self._answering() as state:
            stored = json.dumps(state)
            scans.settle(state, self.clock())
            yield state
            if json.dumps(state) != stored:
                self._store(state)

    @contextmanager
    def rescue(self) -> Iterator[State]:
        """The state for what must be written in any case: fresh if it was broken, and past a stuck lock."""
        try:
            lock = self._lock()
        except StateLocked as stuck:
            print(f"{stuck}; writing all the same", file=sys.stderr)
            self._past_lock = True
            lock = None
        try:
            try:
                state = self._load()
            except StateBroken as broken:
                print(broken, file=sys.stderr)
                state = fresh_state()
            if state["rssi_locked"]:
                raise StateLocked(RSSI_LOCKED.format(self.path))
            scans.settle(state, self.clock())
            yield state
            self._store(state)
        finally:
            if lock is not None:
                lock.close()

    def rssi_answers(self) -> bool:
        """Whether the link to the slot's registers works."""
        with self._locked():
            return not self._load()["rssi_locked"]

    def lock_rssi(self, locked: bool) -> None:
        """Behind a lock-up nothing is answered until the link is restarted."""
        with self._locked():
            self._store({**self._load(), "rssi_locked": locked})

    def wait_for_scans(self, patience_s: float) -> bool:
        """Wait until no scan runs; False where one still runs after so long."""
        deadline = self.clock() + patience_s
        while scans.seconds_left(self.read(), self.clock()) > 0:
            if self.clock() >= deadline:
                return False
            interruption.look()
            time.sleep(SCAN_POLL_S)
        return True

    def _load(self) -> State:
        try:
            with open(self.path, encoding="utf-8") as file:
                return checked(json.load(file))
        except FileNotFoundError:
            return fresh_state()
        except (ValueError, TypeError, AttributeError, KeyError) as broken:
            raise StateBroken(f"{self.path} cannot be read ({broken}); safe_state writes it again") from broken

    def _store(self, state: State) -> None:
        write_text(self.path, json.dumps(state, indent=1, allow_nan=False) + "\n")

    @contextmanager
    def _answering(self) -> Iterator[State]:
        """The state under its lock, once the link to it works."""
        deadline = time.monotonic() + self.patience_s
        while True:
            with self._locked():
                state = self._load()
                if not state["rssi_locked"]:
                    yield state
                    return
            if time.monotonic() > deadline:
                raise StateLocked(RSSI_LOCKED.format(self.path))
            interruption.sleep(SCAN_POLL_S)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._past_lock:
            yield
            return
        lock = self._lock()
        try:
            yield
        finally:
            lock.close()

    def _lock(self) -> TextIO:
        """The open lock file; closing it, or the end of the process, lets the lock go."""
        os.makedirs(self.folder, exist_ok=True)
        lock = open(os.path.join(self.folder, "state.lock"), "w")
        deadline = time.monotonic() + self.patience_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            except BlockingIOError:
                if time.monotonic() > deadline:
                    lock.close()
                    waited, self.patience_s = self.patience_s, 0.0
                    raise StateLocked(f"no answer from {self.path} in {waited:g} s: "
                                      "another process keeps it locked") from None
                interruption.sleep(POLL_S)
