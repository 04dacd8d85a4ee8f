"""Where a session's files go: ``smurf_data/<YYYYMMDD>/<ctime>/{outputs,plots}``, as pysmurf lays them out."""
from __future__ import annotations

import os
import time
from typing import Iterable, List, Optional


class SessionFolder:
    """The folder of one session; ``ctime`` is the unix time it began, the date is that of UTC."""

    def __init__(self, data_dir: str, ctime: int) -> None:
        self.data_dir = os.path.abspath(data_dir)
        self.ctime = ctime
        day = time.strftime("%Y%m%d", time.gmtime(ctime))
        self.path = os.path.join(self.data_dir, "smurf_data", day, str(ctime))

    @property
    def time_text(self) -> str:
        return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.ctime))

    def output(self, name: str) -> str:
        """Path of a new file ``<ctime>_<name>`` in outputs."""
        return self._new("outputs", name)

    def plot(self, name: str) -> str:
        """Path of a new file ``<ctime>_<name>`` in plots."""
        return self._new("plots", name)

    def fixed_output(self, name: str) -> str:
        """Path of a file that the session has once."""
        return os.path.join(self._made("outputs"), name)

    def _new(self, kind: str, name: str) -> str:
        folder = self._made(kind)
        stamp = self.ctime
        path = os.path.join(folder, f"{stamp}_{name}")
        # A stage that is tried again in the same session must not overwrite what it registered before.
        while os.path.exists(path):
            stamp = max(stamp + 1, int(time.time()))
            path = os.path.join(folder, f"{stamp}_{name}")
        return path

    def _made(self, kind: str) -> str:
        folder = os.path.join(self.path, kind)
        os.makedirs(folder, exist_ok=True)
        return folder


def last_tune(data_dir: str) -> Optional[str]:
    """The newest ``*_tune.npy`` below ``smurf_data``, by the time in its name."""
    root = os.path.join(os.path.abspath(data_dir), "smurf_data")
    tunes: List[str] = []
    for folder, _, files in os.walk(root):
        tunes += [os.path.join(folder, name) for name in files if name.endswith("_tune.npy")]
    return max(tunes, key=tune_time, default=None)


def tune_time(path: str) -> int:
    """The unix time a tune file's name begins with; 0 where it does not."""
    stamp = os.path.basename(path).split("_", 1)[0]
    return int(stamp) if stamp.isdigit() else 0


def write_text(path: str, text: str) -> None:
    """Write a file so that half of it is never seen."""
    write_bytes(path, text.encode())


def write_bytes(path: str, content: bytes) -> None:
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        file.write(content)
    os.replace(temporary, path)


def write_column(path: str, values: Iterable[object]) -> None:
    """One value a line, as numpy's savetxt and pysmurf's sweep files have it."""
    write_text(path, "".join(f"{value}\n" for value in values))
