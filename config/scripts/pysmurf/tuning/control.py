"""Opening pysmurf's control object, and what the stages of a slot remember between their processes.

Where sodetlib's system configuration lies, it says which files are this slot's, as for its own tools; else
``CONFIG_FILE`` names pysmurf's file. How the object is opened is read from the installed code: releases up to
v9.0.3 find a slot's server by ``epics_root``, pysmurf's main by ``server_port``. Sources: sodetlib
``det_config.py`` (``DetConfig.get_smurf_control``), pysmurf ``base/smurf_control.py``, its
``docker/client/scripts`` for ``CONFIG_FILE``, and ``core/server_scripts/Common.py`` for a slot's port.
"""
from __future__ import annotations

import importlib
import inspect
import json
import os
import pickle
import select
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Set

from tuning.interruption import SIGNALS, interruption
from tuning.session_folder import write_bytes, write_text

FIRST_PORT, PORTS_PER_SLOT = 9000, 3
"""The server of a slot listens on 9000 + 3 * slot."""

SYSTEM_CONFIGURATION = "sys_config.yml"
IMPORTING_S = 120.0
GRACE_S = 1.0
"""How long imports may take, and how long a process may take to end that was told to."""


class NoControl(Exception):
    """No control object can be had; the text says why."""


class Control(NamedTuple):
    """pysmurf's ``SmurfControl``, sodetlib's ``DetConfig`` (None without sodetlib), and pysmurf's version."""

    smurf: Any
    config: Optional[Any]
    version: str
    told: str


def open_control(slot: Optional[int], ctime: int, limit_s: float, complain: Callable[[str], None]) -> Control:
    """Open the control object of a slot, and give up after ``limit_s`` seconds, the imports not counted."""
    # Plots go to files; without this matplotlib may look for a screen.
    os.environ.setdefault("MPLBACKEND", "Agg")
    where = "" if slot is None else f" of slot {slot}"
    with ends_in_time(IMPORTING_S, f"pysmurf could not be imported within {IMPORTING_S:g} s", complain):
        pysmurf = imported("pysmurf")
        client = imported("pysmurf.client")
        folder = configuration_folder()
        det_config = None if folder is None else imported("sodetlib.det_config", needed_by=folder)
    with ends_in_time(limit_s, f"the control object{where} did not open within {limit_s:g} s: does the SMuRF "
                               "server run and answer?", complain):
        try:
            return _open(pysmurf, client, det_config, slot, ctime)
        except (NoControl, KeyboardInterrupt):
            raise
        except BaseException as failure:  # pysmurf ends the process where it finds no server.
            raise NoControl(f"the control object{where} cannot be opened: "
                            f"{type(failure).__name__}: {failure}") from failure


def imported(name: str, needed_by: Optional[str] = None) -> Any:
    """A module, or in clear words why there is none."""
    try:
        return importlib.import_module(name)
    except Exception as failure:  # Either package raises RuntimeError where it is not installed well.
        package = name.split(".", 1)[0]
        reason = "" if needed_by is None else \
            f", and {os.path.join(needed_by, SYSTEM_CONFIGURATION)} asks for it"
        raise NoControl(
            f"{package} cannot be imported{reason}: {type(failure).__name__}: {failure}") from failure


def configuration_folder() -> Optional[str]:
    """Where sodetlib's system configuration lies; None where a site has none."""
    folder = os.environ.get("SMURF_CONFIG_DIR") or os.environ.get("OCS_CONFIG_DIR")
    there = folder is not None and os.path.exists(os.path.join(folder, SYSTEM_CONFIGURATION))
    return folder if there else None


def _open(pysmurf: Any, client: Any, det_config: Optional[Any], slot: Optional[int], ctime: int) -> Control:
    version = str(getattr(pysmurf, "__version__", "unknown"))
    taken = parameters_taken(client.SmurfControl)
    # The publisher of pysmurf takes its id from here, and sodetlib writes another one over it.
    pub_id = os.environ.get("SMURFPUB_ID")
    config: Optional[Any] = None
    if det_config is None:
        cfg_file = os.environ.get("CONFIG_FILE")
        if not cfg_file:
            raise NoControl(f"no configuration: CONFIG_FILE names no file of pysmurf, and neither "
                            f"SMURF_CONFIG_DIR nor OCS_CONFIG_DIR holds sodetlib's {SYSTEM_CONFIGURATION}")
        if not os.path.exists(cfg_file):
            raise NoControl(f"no configuration: there is no file {cfg_file}, which CONFIG_FILE names")
        smurf = client.SmurfControl(cfg_file=cfg_file, name=str(ctime), make_logfile=False, setup=False,
                                    **address(slot, taken, version))
        told = f"{'no slot named' if slot is None else f'slot {slot}'}, configuration {cfg_file}, no sodetlib"
    else:
        config = det_config.DetConfig()
        try:
            config.load_config_files(slot=slot)
        except KeyError as missing:
            raise NoControl(f"{missing} is not in sodetlib's {config.sys_file}") from missing
        told = f"slot {config.slot}, device configuration {config.dev_file}"
        if "epics_root" in taken:
            smurf = config.get_smurf_control(name=str(ctime))
        else:
            # sodetlib would give it an epics_root, which it does not take: the same without.
            smurf = client.SmurfControl(cfg_file=config.pysmurf_file, data_path_id=config.stream_id,
                                        name=str(ctime), make_logfile=False, setup=False,
                                        **address(config.slot, taken, version))
            config.S = smurf
            smurf._sodetlib_cfg = config
    if pub_id is not None:
        os.environ["SMURFPUB_ID"] = pub_id
        smurf.pub.pub_id = pub_id
    return Control(smurf, config, version, told)


def parameters_taken(made: type) -> Set[str]:
    """Every parameter by name that a class and those it is made of take; each hands the rest on."""
    return {name for each in inspect.getmro(made) if "__init__" in vars(each)
            for name, parameter in inspect.signature(vars(each)["__init__"]).parameters.items()
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD}


def address(slot: Optional[int], taken: Set[str], version: str) -> Dict[str, Any]:
    """How the installed pysmurf is told which server is meant; without a slot it is its own default."""
    if slot is None:
        return {}
    if "server_port" in taken:
        return {"server_port": port(slot)}
    if "epics_root" in taken:
        return {"epics_root": f"smurf_server_s{slot}"}
    raise NoControl(f"pysmurf {version} takes neither server_port nor epics_root: no slot can be named")


def port(slot: int) -> int:
    return FIRST_PORT + PORTS_PER_SLOT * int(slot)


@contextmanager
def ends_in_time(limit_s: float, text: str, complain: Callable[[str], None]) -> Iterator[None]:
    """What hangs in code that no signal reaches ends the process: at a limit, and when it is interrupted.

    The register server may not answer, and the wait for it is not Python's. The control object is opened in
    the main thread all the same, since the channels of EPICS belong to the thread that made them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()
    writer.setblocking(False)

    def watch() -> None:
        end = time.monotonic() + limit_s
        while True:
            if not select.select([reader], [], [], max(end - time.monotonic(), 0))[0]:
                complain(text)
                end_process(2)
            number = reader.recv(1)[0]
            if number == 0:
                return
            if number in SIGNALS and interruptible(number) and not select.select([reader], [], [], GRACE_S)[0]:
                end_process(130)

    before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        writer.send(b"\0")
        watcher.join()
        reader.close()
        writer.close()


def interruptible(number: int) -> bool:
    return signal.getsignal(number) == interruption._signalled


def end_process(code: int) -> None:
    """At once, whatever else of this process hangs."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class Memory:
    """What one stage leaves to the next and no register holds: one small JSON file for the slot.

    Attenuators, band delay and such stand in registers, but a restarted server has them at their
    defaults; so they are kept here too, as sodetlib keeps them in its device configuration.
    """

    def __init__(self, data_dir: str, slot: Optional[int], dry: bool = False) -> None:
        self._path = os.path.join(os.path.abspath(data_dir), "hardware",
                                  "slot.json" if slot is None else f"slot{slot}.json")
        self._dry = dry

    def _read(self) -> Dict[str, Any]:
        try:
            with open(self._path, encoding="utf-8") as file:
                stored = json.load(file)
        except (OSError, ValueError):
            return {}
        return stored if isinstance(stored, dict) else {}

    def _change(self, change: Callable[[Dict[str, Any]], None]) -> None:
        if self._dry:
            return
        stored = self._read()
        change(stored)
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        with interruption.held():
            write_text(self._path, json.dumps(stored))

    @property
    def tune_file(self) -> Optional[str]:
        return self._read().get("tune_file")

    def keep_tune_file(self, path: str) -> None:
        self._change(lambda stored: stored.update(tune_file=path))

    def file(self, kind: str) -> Optional[str]:
        """The map of bias groups or the IV curves in use."""
        return self._read().get(f"{kind}_file")

    def keep_file(self, kind: str, path: str) -> None:
        self._change(lambda stored: stored.update({f"{kind}_file": path}))

    def of_band(self, band: int) -> Dict[str, Any]:
        return dict(self._read().get("bands", {}).get(str(band), {}))

    def keep(self, band: int, values: Dict[str, Any]) -> None:
        self._change(lambda stored: stored.setdefault("bands", {}).setdefault(str(band), {}).update(values))

    def before(self) -> Dict[int, Dict[str, Any]]:
        """Registers, by band, as they were before a stage that did not put them back."""
        return {int(band): registers for band, registers in self._read().get("before", {}).items()}

    def keep_before(self, band: int, registers: Dict[str, Any]) -> None:
        self._change(lambda stored: stored.setdefault("before", {}).update({str(band): registers}))

    def forget_before(self, band: int) -> None:
        self._change(lambda stored: stored.get("before", {}).pop(str(band), None))

    def keep_find_freq(self, band: int, left: Dict[str, Any]) -> None:
        """What pysmurf's ``find_freq`` leaves in its process, and ``setup_notches`` writes into the tune."""
        if not self._dry:
            write_bytes(self._find_freq_path(band), pickle.dumps(left))

    def find_freq(self, band: int) -> Dict[str, Any]:
        try:
            with open(self._find_freq_path(band), "rb") as file:
                return dict(pickle.load(file))
        except OSError:
            return {}

    def _find_freq_path(self, band: int) -> str:
        return f"{os.path.splitext(self._path)[0]}_b{band}_find_freq.pickle"
