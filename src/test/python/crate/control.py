"""A crate in a folder, as a test has it: starts it, runs stages on it, looks at it."""
from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, Dict, List, NamedTuple, Optional

from crate import configuration
from crate.server import SLOT_NUMBER
from crate.wire import Client

HERE = os.path.dirname(os.path.abspath(__file__))
STAGES = os.environ.get("CRATE_STAGES") or os.path.abspath(
    os.path.join(HERE, *[os.pardir] * 4, "config", "scripts", "pysmurf"))
"""The stage scripts; ``CRATE_STAGES`` names those of another version."""


class Sources(NamedTuple):
    """Folders of pysmurf and of sodetlib (None without); ``old``: pysmurf speaks EPICS."""

    pysmurf: str
    sodetlib: Optional[str]

    @property
    def old(self) -> bool:
        with open(os.path.join(self.python, "pysmurf", "client", "base", "base_class.py"), encoding="utf-8") as file:
            return "epics_root" in file.read()

    @property
    def python(self) -> str:
        below = os.path.join(self.pysmurf, "python")
        return below if os.path.isdir(below) else self.pysmurf

    @property
    def version(self) -> str:
        return os.environ.get("PYSMURF_VERSION") or ("9.0.3" if self.old else "10.0.0")


def sources() -> Sources:
    """As the environment names them."""
    pysmurf = os.environ.get("PYSMURF_SRC", "")
    if not os.path.isdir(pysmurf):
        raise SystemExit("PYSMURF_SRC is not set or no folder: name a checkout of slaclab/pysmurf, "
                         "main for rogue or v9.0.3 for EPICS")
    return Sources(os.path.abspath(pysmurf), os.environ.get("SODETLIB_SRC") or None)


class Crate:
    """The crate of a folder; ``start`` begins its server, unless it runs."""

    def __init__(self, folder: str, used: Sources) -> None:
        self.folder = os.path.abspath(folder)
        self.socket = os.path.join(self.folder, "crate.sock")
        self._sources = used
        self._pid_file = os.path.join(self.folder, "crate.pid")
        self.files = configuration.write(self.folder)
        self._client: Optional[Client] = None

    def start(self, seed: int = 3, resonators: int = 14, pace: float = 1.0) -> None:
        if self.running():
            return
        with open(os.path.join(self.folder, "crate.log"), "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-u", "-m", "crate.server", self.socket, str(seed), str(resonators), str(pace),
                 self._sources.version, "old" if self._sources.old else "new"],
                stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.path.dirname(HERE)})
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"the crate did not start: see {self.folder}/crate.log")
        with open(self._pid_file, "w", encoding="utf-8") as file:
            file.write(str(process.pid))
        self._client = None

    def running(self) -> bool:
        try:
            Client(self.socket).ask("listens_on", 0)
            return True
        except OSError:
            return False

    def stop(self) -> None:
        if self.running():
            with open(self._pid_file, encoding="utf-8") as file:
                os.kill(int(file.read()), 15)

    def ask(self, operation: str, *arguments: Any, **options: Any) -> Any:
        self._client = self._client or Client(self.socket)
        return self._client.ask(operation, *arguments, **options)

    def environment(self, with_sodetlib: bool) -> Dict[str, str]:
        path = [os.path.join(HERE, "stand_ins"), os.path.dirname(HERE), self._sources.python]
        plain = {name: value for name, value in os.environ.items()
                 if not name.startswith(("SMURF", "PYSMURF_", "OCS_", "SODETLIB")) and name != "CONFIG_FILE"}
        chosen = {"CONFIG_FILE": self.files["CONFIG_FILE"]}
        if with_sodetlib:
            assert self._sources.sodetlib is not None
            path.append(self._sources.sodetlib)
            chosen = {"OCS_CONFIG_DIR": self.files["OCS_CONFIG_DIR"]}
        return {**plain, **chosen, "PYTHONPATH": os.pathsep.join(path), "CRATE_SOCKET": self.socket,
                "CRATE_VERSION": self._sources.version, "PYTHONDONTWRITEBYTECODE": "1",
                "OPENBLAS_NUM_THREADS": "1", "MPLCONFIGDIR": os.path.join(self.folder, "matplotlib"),
                "PYSMURF_RESULT_FILE": os.path.join(self.folder, "result.json")}

    def command(self, stage: str, *arguments: str) -> List[str]:
        # As the controller starts it: what runs in the background of a shell has SIGINT ignored.
        return ["env", "--default-signal=INT", sys.executable, "-u", os.path.join(STAGES, f"{stage}.py"),
                "--hardware", "--slot", str(SLOT_NUMBER), "--data-dir", os.path.join(self.folder, "data"),
                *arguments]
