"""The register tree: values by path, what is computed when read, what happens when written, who listens."""
from __future__ import annotations

import re
import threading
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

CHANNEL = re.compile(r"^(.*CryoChannels)\.CryoChannel\[(\d+)\]\.(\w+)$")
CHANNEL_ARRAYS = {"amplitudeScale": "amplitudeScale", "feedbackEnable": "feedbackEnable",
                  "centerFrequencyMHz": "centerFrequencyMHz", "etaMagScaled": "etaMag",
                  "etaPhaseDegree": "etaPhase", "frequencyErrorMHz": "frequencyErrorMHz",
                  "frequencyError": "frequencyError", "loopFilterOutput": "loopFilterOutput"}
"""A channel's own registers, as elements of its band's arrays."""

Hook = Callable[[Any], None]


class NoRegister(KeyError):
    """No register of that path."""


class Registers:
    """All registers of the slot; whoever changes more than one at a time holds `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.values: Dict[str, Any] = {}
        self.enums: Dict[str, Dict[Any, str]] = {}
        self.commands: Dict[str, Callable[[Any], None]] = {}
        self._readers: Dict[str, Callable[[], Any]] = {}
        self._hooks: Dict[str, Hook] = {}
        self._listeners: Dict[str, List[Callable[[str, Any], None]]] = {}

    def declare(self, path: str, value: Any, reader: Optional[Callable[[], Any]] = None,
                hook: Optional[Hook] = None, enum: Optional[Dict[Any, str]] = None) -> None:
        self.values[path] = value
        if isinstance(value, bool):
            enum = {False: "False", True: "True"}
        if enum:
            self.enums[path] = enum
        if reader:
            self._readers[path] = reader
        if hook:
            self._hooks[path] = hook

    def command(self, path: str, function: Callable[[Any], None]) -> None:
        self.commands[path] = function

    def place(self, path: str, index: int = -1) -> Tuple[str, int]:
        """The register, or the array and the index that a channel's register stands for."""
        if path in self.values or path in self.commands:
            return path, index
        found = CHANNEL.match(path)
        if found and found[3] in CHANNEL_ARRAYS:
            return f"{found[1]}.{CHANNEL_ARRAYS[found[3]]}", int(found[2])
        raise NoRegister(path)

    def describe(self, path: str) -> Dict[str, Any]:
        place, _ = self.place(path)
        return {"command": place in self.commands, "enum": self.enums.get(place)}

    def get(self, path: str, index: int = -1) -> Any:
        place, index = self.place(path, index)
        with self.lock:
            if place in self.commands:
                return 0
            value = self._readers[place]() if place in self._readers else self.values[place]
            if isinstance(value, np.ndarray):
                return value[index].item() if index >= 0 else value.copy()
            return value

    def display(self, path: str) -> str:
        value = self.get(path)
        enum = self.enums.get(self.place(path)[0])
        return enum[value] if enum else str(value)

    def set(self, path: str, value: Any, index: int = -1, tell: bool = True) -> None:
        place, index = self.place(path, index)
        if place in self.commands:
            self.commands[place](value)
            return
        with self.lock:
            before = self.values[place]
            if isinstance(before, np.ndarray) and index >= 0:
                before[index] = value
            elif isinstance(before, np.ndarray):
                self.values[place] = np.array(value, dtype=before.dtype).reshape(-1)
            elif place in self.enums and isinstance(value, str):
                self.values[place] = {text: key for key, text in self.enums[place].items()}[value]
            else:
                self.values[place] = type(before)(value)
            if place in self._hooks:
                self._hooks[place](self.values[place])
        if tell:
            self.tell(place)

    def tell(self, path: str) -> None:
        """Have the listeners know; what is computed is told as it stands."""
        for listener in list(self._listeners.get(path, ())):
            listener(path, self.get(path))

    def listen(self, path: str, listener: Callable[[str, Any], None]) -> None:
        self._listeners.setdefault(self.place(path)[0], []).append(listener)

    def forget_one(self, path: str, listener: Callable[[str, Any], None]) -> None:
        listeners = self._listeners.get(self.place(path)[0], [])
        if listener in listeners:
            listeners.remove(listener)

    def forget(self, listener: Callable[[str, Any], None]) -> None:
        for listeners in self._listeners.values():
            if listener in listeners:
                listeners.remove(listener)
