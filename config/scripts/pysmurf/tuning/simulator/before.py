"""Registers as they were before a stage, kept in the state until they are put back or not wanted any more.

What a killed stage changed is put back by safe_state or by the next stage.

A part is a band, or None: the flux ramp, which the bands share.
"""
from __future__ import annotations

from copy import deepcopy
from typing import Any, Dict, Optional

from tuning.simulator import scans
from tuning.simulator.scans import State

RAMP_SETTING = ("flux_ramp",)
RAMP_OUTPUT = ("flux_ramp_on", "fixed_flux_bias", "flux_ramp_relay")

SHARED = "shared"


def keep(state: State, band: Optional[int], tones: bool) -> None:
    """Remember a part as it is; with ``tones`` also that a band's tones were on."""
    key = _key(band)
    if band is None:
        settings = {name: state[name] for name in RAMP_SETTING}
        outputs = {name: state[name] for name in RAMP_OUTPUT}
    else:
        settings = state["bands"][key]
        outputs = {"tones_on": tones and bool(state["tones_on"].get(key)),
                   "noise_on": state["noise_on"].get(key, False)}
    state["before"][key] = deepcopy({"settings": settings, "outputs": outputs})


def put_back(state: State, band: Optional[int], outputs: bool) -> None:
    """Put back what is remembered of a part, if anything; without ``outputs`` nothing is switched on by it."""
    before = state["before"].pop(_key(band), None)
    if before is None:
        return
    if band is None:
        state.update({**before["settings"], **(before["outputs"] if outputs else {})})
        return
    state["bands"][str(band)].update(before["settings"])
    if outputs:
        _switch_as(state, band, before["outputs"])


def put_back_all(state: State) -> None:
    """Put back all that is remembered, and switch nothing on."""
    for key in list(state["before"]):
        put_back(state, None if key == SHARED else int(key), outputs=False)


def forget(state: State, band: Optional[int]) -> None:
    """The stage got to its end: what it changed stays."""
    state["before"].pop(_key(band), None)


def checked(stored: State, bands: State) -> State:
    """What is remembered of the parts there are; refuses what is no record."""
    return {key: {"settings": dict(before["settings"]), "outputs": dict(before["outputs"])}
            for key, before in stored.items() if key == SHARED or key in bands}


def _switch_as(state: State, band: int, outputs: Dict[str, Any]) -> None:
    state["noise_on"][str(band)] = outputs["noise_on"]
    state["tones_on"][str(band)] = 0
    if outputs["tones_on"]:
        scans.switch_tones_on(state, band)


def _key(band: Optional[int]) -> str:
    return SHARED if band is None else str(band)
