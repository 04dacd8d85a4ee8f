"""The crate's process: one slot behind a Unix socket, a thread for each connection."""
from __future__ import annotations

import copy
import os
import queue
import socket
import sys
import threading
import time
from typing import Any, Dict

import numpy as np

from crate import wire
from crate.registers import NoRegister
from crate.slot import OLD_NAMES, Slot

SLOT_NUMBER = 2
ROOT = f"smurf_server_s{SLOT_NUMBER}"
PORT = 9000 + 3 * SLOT_NUMBER
"""The name by which EPICS clients, and the port by which rogue's clients, reach this slot and no other."""

RAW_STEPS = 2 ** 23


class Server:
    """What clients may ask; the first word of a request names the method."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._registers = slot.registers
        self._first: Dict[str, float] = {}
        self._last = 0.0

    def listens_on(self, where: Any) -> bool:
        return where in (ROOT, PORT)

    # --- rogue ------------------------------------------------------------------------------------

    def node(self, path: str) -> Any:
        try:
            return self._registers.describe(path)
        except NoRegister:
            return None

    def get(self, path: str, index: int = -1) -> Any:
        self._seen()
        return self._registers.get(path, index)

    def display(self, path: str) -> str:
        self._seen()
        return self._registers.display(path)

    def set(self, path: str, value: Any, index: int = -1) -> None:
        self._seen()
        self._registers.set(path, value, index)

    # --- EPICS ------------------------------------------------------------------------------------

    def channel(self, name: str) -> Any:
        """The register of a process variable, None where there is none."""
        root, _, path = name.partition(":")
        if root != ROOT:
            return None
        path = path.replace(":", ".")
        stem, _, last = path.rpartition(".")
        path = f"{stem}.{OLD_NAMES.get(last, last)}"
        if last.endswith("[33]"):
            return path[:-4]
        if path.startswith("AMCc.Stream") and path[-1].isdigit():
            return path + ".Data"
        try:
            self._registers.place(path)
        except NoRegister:
            return path if self._element(path) else None
        return path

    def _element(self, path: str) -> Any:
        """A DAC by its number, which counts from 1."""
        stem, _, number = path.rpartition("[")
        if stem in self._registers.values and number.endswith("]") and "BiasDac" in stem:
            return stem, int(number[:-1]) - 1
        return None

    def caget(self, path: str, as_string: bool) -> Any:
        self._seen()
        stem, index = self._element(path) or (path, -1)
        return self.epics_value(stem, self._registers.get(stem, index), as_string)

    def epics_value(self, path: str, value: Any, as_string: bool = False) -> Any:
        """Text is an array of characters, an enum its number, and the old firmware's sweeps are raw bits."""
        if as_string:
            enum = self._registers.enums.get(path)
            return enum[value] if enum else str(value)
        if isinstance(value, str):
            return np.frombuffer(value.encode(), dtype=np.uint8)
        if "etaScanResults" in path or path.endswith(".frequencyError"):
            return np.round(np.asarray(value) * RAW_STEPS) % 2 ** 24 if np.ndim(value) else value
        return int(value) if isinstance(value, bool) else value

    def caput(self, path: str, value: Any) -> None:
        self._seen()
        stem, index = self._element(path) or (path, -1)
        if isinstance(self._registers.values.get(stem), str) and not isinstance(value, str):
            value = bytes(int(letter) for letter in value).split(b"\0")[0].decode()
        self._registers.set(stem, value, index)

    # --- tests ------------------------------------------------------------------------------------

    def _seen(self) -> None:
        while self._slot.faults.frozen:
            time.sleep(0.1)
        self._last = time.monotonic()
        self._first.setdefault("time", self._last)

    def look(self) -> Dict[str, Any]:
        return {"on": self._slot.outputs(), "amplifiers": self._slot.amplifiers(), "power": self._slot.card.power}

    def settings(self) -> Dict[str, Any]:
        with self._registers.lock:
            return self._slot.settings()

    def restore(self, settings: Dict[str, Any]) -> None:
        """Take over settings as `settings` gave them; scans must have ended."""
        with self._registers.lock:
            for path, value in settings.items():
                if path.startswith("card."):
                    self._slot.card.stored[int(path[5:])] = value
                else:
                    self._registers.values[path] = copy.copy(value)
            for band in self._slot.bands:
                band.release_loops()

    def truth(self, band: int = 0) -> Dict[str, Any]:
        return self._slot.truth(band)

    def faults(self, **changes: Any) -> Dict[str, Any]:
        for name, value in changes.items():
            getattr(self._slot.faults, name)
            setattr(self._slot.faults, name, value)
            if name == "card":
                self._slot.fit_card(value)
        return dict(vars(self._slot.faults))

    def poke(self, path: str, value: Any, index: int = -1) -> None:
        self._registers.set(path, value, index)

    def peek(self, path: str) -> Any:
        return self._registers.get(path)

    def begin_watch(self) -> None:
        self._first = {}

    def watched(self) -> Any:
        """Seconds since the first request after `begin_watch`, and from it to the last one; None before it."""
        if "time" not in self._first:
            return None
        return time.monotonic() - self._first["time"], self._last - self._first["time"]

    # --- connections ------------------------------------------------------------------------------

    def serve(self, connection: socket.socket) -> None:
        events: "queue.Queue[Any]" = queue.Queue()

        def told(path: str, value: Any) -> None:
            events.put((path, value))

        try:
            message = wire.receive(connection)
            if isinstance(message, str):
                threading.Thread(target=self._push, args=(connection, events), daemon=True).start()
                while True:
                    self._registers.forget_one(message, told)
                    self._registers.listen(message, told)
                    events.put((None, None))
                    message = wire.receive(connection)
            while True:
                operation, arguments, options = message
                try:
                    answer = (False, getattr(self, operation)(*arguments, **options))
                except Exception as failure:  # It is the client's to tell.
                    answer = (True, failure)
                wire.send(connection, answer)
                message = wire.receive(connection)
        except (EOFError, OSError):
            self._registers.forget(told)
            events.put(None)
            connection.close()

    @staticmethod
    def _push(connection: socket.socket, events: "queue.Queue[Any]") -> None:
        try:
            while True:
                event = events.get()
                if event is None:
                    return
                wire.send(connection, event)
        except OSError:
            return


def main(path: str, seed: int, resonators: int, pace: float, version: str, old_firmware: bool) -> None:
    server = Server(Slot(seed, resonators, pace, (version, old_firmware)))
    listening = socket.socket(socket.AF_UNIX)
    if os.path.exists(path):
        os.remove(path)
    listening.bind(path)
    listening.listen(16)
    print("ready", flush=True)
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=server.serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5], sys.argv[6] == "old")
