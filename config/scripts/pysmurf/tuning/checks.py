"""What a tune relies on, looked at before anything is touched: versions, calls, and the state of the crate."""
from __future__ import annotations

import sys
from typing import Any, Callable, List, Optional, Tuple

from tuning.calls import misfits
from tuning.instrument import Check
from tuning.outputs import C04_MAJOR, Outputs
from tuning.scans import Scans

Finding = Tuple[str, Optional[bool]]


def preflight_checks(smurf: Any, config: Optional[Any], scans: Scans, outputs: Outputs, told: str,
                     version: str) -> List[Check]:
    """Reads only. What cannot be read is said, and is no reason to refuse."""
    def calls() -> Finding:
        owners = {"SmurfControl": smurf, "CryoCard": smurf.C, "Publisher": smurf.pub}
        if config is not None:
            owners.update(DetConfig=config, DeviceConfig=config.dev)
        looked, wrong = misfits(owners)
        return (f"{len(wrong)} of {looked} do not fit the installed code: {'; '.join(wrong)}" if wrong
                else f"all {looked} fit the installed code"), not wrong

    def configured() -> Finding:
        found = smurf.get_system_configured()
        return ("yes" if found else "not known" if found is None else
                "no: the server has not been set up since it was started"), found

    def jesd() -> Finding:
        status = smurf.get_jesd_status()
        return str(status), None if status in (None, "Not found") else status == "Locked"

    def card() -> Finding:
        try:
            firmware = smurf.C.get_fw_version()
        except Exception as failure:  # Both versions raise plain ones where nothing answers.
            return f"none answers: {failure}", False
        text = "firmware " + ".".join(map(str, firmware))
        if firmware[0] == 0:
            return "none answers", False
        if firmware[0] == C04_MAJOR:
            return f"C04 or C05, {text}: setup_amps sets a C02's amplifiers only", None
        return f"C02, {text}", True

    def running() -> Finding:
        scanned = outputs.scanned()
        if scanned:
            return f"in band {', '.join(map(str, scanned))}", False
        marked = [band for band in outputs.bands() if scans.marked(band)]
        return ("none" if not marked else
                f"none; left-over mark in band {', '.join(map(str, marked))}, which safe_state clears"), True

    def rf() -> Finding:
        cut = [band for band in outputs.bands() if not smurf.get_rf_enable(band)]
        return "on" if not cut else f"off in band {', '.join(map(str, cut))}", None

    return [Check("pysmurf", f"{version}, {told}", None),
            Check("sodetlib", sodetlib_version() if config is not None else "not used", None),
            looked_at("server", lambda: (f"pysmurf {smurf.get_pysmurf_version()}, firmware "
                                         f"{smurf.get_fpga_git_hash_short()}", None)),
            looked_at("calls", calls), looked_at("system configured", configured), looked_at("JESD", jesd),
            looked_at("cryostat card", card), looked_at("scans running", running), looked_at("RF", rf)]


def looked_at(name: str, look: Callable[[], Finding]) -> Check:
    try:
        found, fine = look()
    except Exception as failure:  # Whatever it is: it is told in place of what was to be found.
        found, fine = f"not readable: {type(failure).__name__}: {failure}", None
    return Check(name, found, fine)


def sodetlib_version() -> str:
    return str(getattr(sys.modules.get("sodetlib"), "__version__", "version unknown"))
