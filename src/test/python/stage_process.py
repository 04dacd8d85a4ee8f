"""Runs stage scripts as an operator or the controller does: as processes, in a folder of their own."""
from __future__ import annotations

import io
import json
import multiprocessing
import os
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from typing import IO, Any, Dict, List, NamedTuple, Optional

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
SCRIPTS = os.path.join(ROOT, "config", "scripts", "pysmurf")
sys.path.insert(0, SCRIPTS)

# Here and not in each stage: a fork has them already.
from detectors import operation  # noqa: E402,F401
from tuning import figures, hardware, stage  # noqa: E402,F401
from tuning.simulator import smurf, streaming, truth  # noqa: E402,F401

FORKS = multiprocessing.get_context("fork")

CTIME = 1_700_000_000
FOLDER = os.path.join("smurf_data", "20231114", str(CTIME))
TIMEOUT_S = 50


class Ended(NamedTuple):
    """An ended process: exit code, what it printed, and its result file."""

    code: int
    out: bytes
    err: str
    result: Optional[Dict[str, Any]]

    @property
    def text(self) -> str:
        return self.out.decode("utf-8", "replace")

    def numbers(self, band: int = 0) -> Dict[str, Any]:
        assert self.result is not None, self.err
        return self.result["numbers"][str(band)]


class Listener:
    """Receives what a stage publishes."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.environment = {"SMURFPUB_BACKEND": "udp", "SMURFPUB_ID": "slot2",
                            "SMURFPUB_UDP_HOST": "127.0.0.1",
                            "SMURFPUB_UDP_PORT": str(self.socket.getsockname()[1])}

    def messages(self) -> List[Dict[str, Any]]:
        """All that has arrived; on the loopback, what a dead process sent is here already."""
        self.socket.setblocking(False)
        found = []
        while True:
            try:
                found.append(json.loads(self.socket.recv(65536)))
            except BlockingIOError:
                return found

    def close(self) -> None:
        self.socket.close()


def become(command: List[str], out: "IO[bytes]", err: "IO[bytes]", environment: Dict[str, str]) -> None:
    """In a fork: be the stage that the command would start."""
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    sys.stdout, sys.stderr = (io.TextIOWrapper(open(end, "wb", buffering=0, closefd=False), "utf-8", errors,
                                               write_through=True)
                              for end, errors in ((1, "strict"), (2, "backslashreplace")))
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = command[2:]
    runpy.run_path(sys.argv[0], run_name="__main__")


def run_fork(command: List[str], out: "IO[bytes]", err: "IO[bytes]", environment: Dict[str, str]) -> int:
    """Its exit code, as subprocess has it."""
    process = FORKS.Process(target=become, args=(command, out, err, environment))
    process.start()
    process.join(TIMEOUT_S)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise subprocess.TimeoutExpired(command, TIMEOUT_S)
    return process.exitcode


class Slot:
    """A data folder with its simulated slot."""

    def __init__(self, like: Optional[Slot] = None) -> None:
        self.data_dir = tempfile.mkdtemp(prefix="slot-")
        if like is not None:
            shutil.copytree(like.data_dir, self.data_dir, dirs_exist_ok=True)

    def close(self) -> None:
        shutil.rmtree(self.data_dir)

    def path(self, *parts: str) -> str:
        return os.path.join(self.data_dir, *parts)

    @property
    def state(self) -> Dict[str, Any]:
        with open(self.path("simulator", "state.json"), encoding="utf-8") as file:
            return json.load(file)

    def write_state(self, text: str) -> None:
        os.makedirs(self.path("simulator"), exist_ok=True)
        with open(self.path("simulator", "state.json"), "w", encoding="utf-8") as file:
            file.write(text)

    def command(self, stage: str, *arguments: str, ctime: int = CTIME) -> List[str]:
        return [sys.executable, "-u", os.path.join(SCRIPTS, f"{stage}.py"), "--data-dir", self.data_dir,
                "--ctime", str(ctime), *arguments]

    def environment(self, extra: Optional[Dict[str, str]] = None) -> Dict[str, str]:
        plain = {name: value for name, value in os.environ.items()
                 if not name.startswith(("SMURF", "PYSMURF_"))}
        return {**plain, "PYSMURF_RESULT_FILE": self.path("result.json"), **(extra or {})}

    def run(self, stage: str, *arguments: str, environment: Optional[Dict[str, str]] = None,
            ctime: int = CTIME, anew: bool = False) -> Ended:
        """Run a stage to its end, in a fork of this process, since most of them work for less time than a new Python takes
        to start and import; anew: in a new Python, as outside of tests."""
        if os.path.exists(self.path("result.json")):
            os.remove(self.path("result.json"))
        # A file, not a pipe: a child that a stage leaves behind would hold a pipe open.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            command, names = self.command(stage, *arguments, ctime=ctime), self.environment(environment)
            if anew:
                code = subprocess.run(command, stdout=out, stderr=err, env=names, timeout=TIMEOUT_S,
                                      check=False).returncode
            else:
                code = run_fork(command, out, err, names)
            out.seek(0)
            err.seek(0)
            printed, complaints = out.read(), err.read().decode("utf-8", "replace")
        result = None
        if os.path.exists(self.path("result.json")):
            with open(self.path("result.json"), encoding="utf-8") as file:
                result = json.load(file)
        return Ended(code, printed, complaints, result)

    def start(self, stage: str, *arguments: str,
              environment: Optional[Dict[str, str]] = None) -> "subprocess.Popen[str]":
        """Start a stage; its output is one stream of lines."""
        return subprocess.Popen(self.command(stage, *arguments), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, env=self.environment(environment), text=True)

    def start_hanging(self, stage: str, *faults: str) -> "subprocess.Popen[str]":
        """Start a stage with fault hang, and return once it hangs."""
        process = self.start(stage, "--simulate", "--faults", ",".join(("hang",) + faults))
        assert process.stdout is not None
        for line in process.stdout:
            if line == "hanging\n":
                return process
        raise AssertionError(f"{stage} ended with {process.wait()} instead of hanging")


def rest_of(process: "subprocess.Popen[str]") -> str:
    """What a process still prints until it ends."""
    assert process.stdout is not None
    with process.stdout:
        text = process.stdout.read()
    process.wait(TIMEOUT_S)
    return text


TO_SERIAL_ALGS = ("preflight", "setup_amps", "estimate_attens", "estimate_phase_delay", "find_freq",
                  "setup_notches", "serial_algs")
SETUP = TO_SERIAL_ALGS + ("tracking_setup", "take_noise")
SMALL = ("--simulate", "--seed", "5", "--channels", "8")


TUNED: List[Slot] = []


def tuned_slot() -> Slot:
    """A slot of eight channels on which the stages up to serial_algs ran; run once, copied from then on."""
    if not TUNED:
        slot = Slot()
        unittest.addModuleCleanup(forget_tuned)
        TUNED.append(slot)
        for stage in TO_SERIAL_ALGS:
            ended = slot.run(stage, *SMALL)
            assert ended.code == 0, ended.err
    return Slot(like=TUNED[0])


def forget_tuned() -> None:
    while TUNED:
        TUNED.pop().close()
