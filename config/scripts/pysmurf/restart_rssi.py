"""Restart the RSSI link to a slot that no longer answers.

Reads one register; where that does not answer it restarts the link, and reads it again. Opens no control object,
which would hang with the rest. Source: the task ``restart_rssi`` of socs.
"""
from __future__ import annotations

import importlib
import os
import sys
import time
from typing import Any, Callable, Optional, Tuple

from tuning.arguments import StageParser, common_options
from tuning.control import port
from tuning.faults import Faults, parse_faults
from tuning.instrument import CannotWork
from tuning.publisher import Publisher
from tuning.simulator.registers import Registers
from tuning.stage import pysmurf_importable

PATIENCE_S = 2.0
SLOT_NUMBER = "AMCc.FpgaTopLevel.AmcCarrierCore.AmcCarrierBsi.SlotNumber"
RESTART = "AMCc.RestartRssi"

Link = Tuple[Callable[[], bool], Callable[[], None]]
"""Whether it answers, and how it is restarted."""


def simulated(data_dir: str, faults: Faults) -> Link:
    registers = Registers(data_dir, PATIENCE_S)
    if "rssi_lockup" in faults:
        registers.lock_rssi(True)
    return registers.rssi_answers, lambda: registers.lock_rssi("rssi_dead" in faults)


def over_epics(epics: Any, slot: int) -> Link:
    root = f"smurf_server_s{slot}:"
    return (lambda: epics.caget(root + SLOT_NUMBER.replace(".", ":"), timeout=PATIENCE_S) is not None,
            lambda: epics.caput(root + RESTART.replace(".", ":"), 1))


def over_rogue(interfaces: Any, slot: int) -> Link:
    client = interfaces.VirtualClient("localhost", port(slot))

    def answers() -> bool:
        # Its own link may be gone, too, and it says so in many ways.
        try:
            return client.root.getNode(SLOT_NUMBER).get() is not None
        except Exception as failure:
            print(f"restart_rssi: {type(failure).__name__}: {failure}", file=sys.stderr)
            return False

    return answers, lambda: client.root.getNode(RESTART).call()


def hardware(slot: Optional[int]) -> Link:
    if slot is None:
        raise CannotWork("no slot: give --slot or set SLOT")
    for name, over in (("epics", over_epics), ("pyrogue.interfaces", over_rogue)):
        try:
            return over(importlib.import_module(name), slot)
        except ImportError:
            continue
    raise CannotWork("neither epics nor pyrogue can be imported: nothing reaches the slot")


def main() -> int:
    parser = StageParser("restart_rssi", __doc__)
    common_options(parser)
    options = parser.understand(None)
    with Publisher("restart_rssi") as publisher:
        try:
            on_crate = options.hardware or not options.simulate and pysmurf_importable()
            faults = parse_faults([options.faults, os.environ.get("SMURF_SIM_FAULTS", "")], "restart_rssi")
            answers, restart = hardware(options.slot) if on_crate else simulated(options.data_dir, faults)
            was_fine = fine = answers()
            if not was_fine:
                restart()
                fine = answers()
        except CannotWork as reason:
            print(f"restart_rssi: cannot work: {reason}", file=sys.stderr)
            return 1
        text = "RSSI is not locked-up -- Doing nothing." if was_fine else \
            "RSSI has recovered" if fine else "RSSI remains locked-up"
        print(f"restart_rssi {text}", flush=True)
        publisher.session_data({"rssi_responsive": fine, "last_updated": time.time()})
        publisher.session_log(text)
        return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
