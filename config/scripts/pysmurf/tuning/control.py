"""Opening pysmurf's control object, and what the stages of a slot remember between their processes.

Where sodetlib is there and told where its configuration lies, it opens the object, as its own tools have it;
else pysmurf does, with the configuration file that ``CONFIG_FILE`` names. Sources: sodetlib ``det_config.py``
(``DetConfig.get_smurf_control``), pysmurf ``base/smurf_control.py``, its ``docker/client/scripts`` for
``CONFIG_FILE``, and ``core/server_scripts/Common.py`` for the port of a slot's server.
"""
from __future__ import annotations

import importlib
import json
import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

from tuning.session_folder import write_text

FIRST_PORT, PORTS_PER_SLOT = 9000, 3
"""The server of a slot listens on 9000 + 3 * slot."""

GRACE_S = 5.0
"""How long a process may take to end whose control object hangs."""


class NoControl(Exception):
    """No control object can be had; the text says why."""


class Control(NamedTuple):
    """pysmurf's ``SmurfControl``, sodetlib's ``DetConfig`` (None without sodetlib), and pysmurf's version."""

    smurf: Any
    config: Optional[Any]
    version: str
    told: str


def import_pysmurf() -> Any:
    """The package, or in clear words why there is none."""
    try:
        return importlib.import_module("pysmurf")
    except Exception as failure:  # Its __init__ raises RuntimeError where it is not installed well.
        raise NoControl(f"pysmurf cannot be imported: {failure}") from failure


def open_control(slot: Optional[int], ctime: int, limit_s: float) -> Control:
    """Open the control object of a slot, and give up after ``limit_s`` seconds.

    It is opened in a thread of its own: a register server that does not answer holds it for ever, and no
    signal gets through. A process that gave up ends within `GRACE_S` even if what hangs would not let it.
    """
    # Plots go to files; without this matplotlib may look for a screen.
    os.environ.setdefault("MPLBACKEND", "Agg")
    ended = threading.Event()
    opened: List[Control] = []
    failures: List[Exception] = []

    def work() -> None:
        try:
            opened.append(_open(slot, ctime))
        except Exception as failure:  # Whatever it is: it is told by the thread that waits.
            failures.append(failure)
        finally:
            ended.set()

    threading.Thread(target=work, daemon=True).start()
    try:
        in_time = ended.wait(limit_s)
    except KeyboardInterrupt:
        _end_for_certain(130)
        raise
    where = "" if slot is None else f" of slot {slot}"
    if not in_time:
        _end_for_certain(2)
        raise NoControl(f"the control object{where} did not open within {limit_s:g} s: "
                        "does the SMuRF server run and answer?")
    if failures:
        failure = failures[0]
        if isinstance(failure, NoControl):
            raise failure
        raise NoControl(f"the control object{where} cannot be opened: "
                        f"{type(failure).__name__}: {failure}") from failure
    return opened[0]


def _end_for_certain(code: int) -> None:
    def end() -> None:
        time.sleep(GRACE_S)
        os._exit(code)

    threading.Thread(target=end, daemon=True).start()


def _open(slot: Optional[int], ctime: int) -> Control:
    pysmurf = import_pysmurf()
    det_config = _sodetlib()
    # The publisher of pysmurf takes its id from here, and sodetlib writes another one over it.
    pub_id = os.environ.get("SMURFPUB_ID")
    config: Optional[Any] = None
    if det_config is not None:
        config = det_config.DetConfig()
        config.load_config_files(slot=slot)
        smurf = config.get_smurf_control(server_port=port(config.slot), name=str(ctime))
        told = f"slot {config.slot}, device configuration {config.dev_file}"
    else:
        cfg_file = os.environ.get("CONFIG_FILE")
        if not cfg_file:
            raise NoControl("no configuration: give sodetlib's by OCS_CONFIG_DIR (or SMURF_CONFIG_DIR), "
                            "or pysmurf's file by CONFIG_FILE")
        client = importlib.import_module("pysmurf.client")
        if slot is None:
            smurf = client.SmurfControl(cfg_file=cfg_file, name=str(ctime), make_logfile=False, setup=False)
        else:
            smurf = client.SmurfControl(cfg_file=cfg_file, name=str(ctime), make_logfile=False, setup=False,
                                        server_port=port(slot))
        told = f"{'no slot named' if slot is None else f'slot {slot}'}, configuration {cfg_file}, no sodetlib"
    if pub_id is not None:
        os.environ["SMURFPUB_ID"] = pub_id
        smurf.pub.pub_id = pub_id
    return Control(smurf, config, str(getattr(pysmurf, "__version__", "unknown")), told)


def _sodetlib() -> Optional[Any]:
    """sodetlib's ``det_config``, where it is installed and told where its configuration lies."""
    if not (os.environ.get("SMURF_CONFIG_DIR") or os.environ.get("OCS_CONFIG_DIR")):
        return None
    try:
        return importlib.import_module("sodetlib.det_config")
    except ImportError:
        return None


def port(slot: int) -> int:
    return FIRST_PORT + PORTS_PER_SLOT * int(slot)


class Memory:
    """What one stage leaves to the next and no register holds: one small JSON file for the slot.

    Attenuators, band delay and such stand in registers, but a server that was started anew has them at their
    defaults; so they are kept here too, as sodetlib keeps them in its device configuration.
    """

    def __init__(self, data_dir: str, slot: Optional[int]) -> None:
        self._path = os.path.join(os.path.abspath(data_dir), "hardware",
                                  "slot.json" if slot is None else f"slot{slot}.json")

    def _read(self) -> Dict[str, Any]:
        try:
            with open(self._path, encoding="utf-8") as file:
                stored = json.load(file)
        except (OSError, ValueError):
            return {}
        return stored if isinstance(stored, dict) else {}

    def _change(self, change: Callable[[Dict[str, Any]], None]) -> None:
        stored = self._read()
        change(stored)
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        write_text(self._path, json.dumps(stored, indent=1))

    @property
    def tune_file(self) -> Optional[str]:
        return self._read().get("tune_file")

    def keep_tune_file(self, path: str) -> None:
        self._change(lambda stored: stored.update(tune_file=path))

    def of_band(self, band: int) -> Dict[str, Any]:
        return dict(self._read().get("bands", {}).get(str(band), {}))

    def keep(self, band: int, values: Dict[str, Any]) -> None:
        self._change(lambda stored: stored.setdefault("bands", {}).setdefault(str(band), {}).update(values))


@contextmanager
def undisturbed() -> Iterator[None]:
    """SIGINT waits until what is done in here is done: half a file would be worse than a late abort."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
