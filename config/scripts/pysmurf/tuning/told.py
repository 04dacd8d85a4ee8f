"""What a session has been told so far under the keys of the observatory's agent: its steps, and lists by band.

Each stage is a process of its own, and a list that covers all bands, or all steps, is told by several of them. So
it is kept beside the sessions, until another one begins. Keys and names of steps after sodetlib ``uxm_setup`` and
``uxm_relock``.
"""
from __future__ import annotations

import json
import os
from typing import Any, Dict, List

from tuning.band import BANDS
from tuning.session_folder import SessionFolder, write_text

STEPS = {"estimate_phase_delay": "setup_phase_delay", "find_freq": "setup_tune", "setup_notches": "setup_tune",
         "serial_algs": "", "take_noise": "noise", "take_bgmap": "bg_map", "preflight": "", "safe_state": ""}
"""Stages whose step has another name, or that are part of the step before."""

TUNED, TRACKED = "setup_tune", "setup_tracking"
"""In ``uxm_setup`` tracking has another name than in ``uxm_relock``, which finds no resonators."""

END = "end"
"""The step behind a stage, unless another begins."""


class Told:
    """``told.json`` in the data folder: what the newest session with stages told."""

    def __init__(self, folder: SessionFolder) -> None:
        self._folder = folder

    def step(self, stage: str, now: float) -> Dict[str, Any]:
        """A stage begins, or one has come to its `END`; what is to be told of the steps so far."""
        name = STEPS.get(stage, stage)
        steps = [step for step in self.so_far().get("timestamps", []) if step[0] != END]
        if stage == "tracking_setup" and TUNED in [step for step, _ in steps]:
            name = TRACKED
        if name and not (steps and steps[-1][0] == name):
            steps.append([name, now])
        return self.keep({"timestamps": steps})

    def headline(self, name: str, value: str) -> Dict[str, Any]:
        """One more of the few numbers by which the night goes on."""
        known = {each["name"]: each for each in self.so_far().get("headline", [])}
        return self.keep({"headline": list({**known, name: {"name": name, "value": value}}.values())})

    def of_bands(self, lacking: Any, **values: Dict[int, Any]) -> Dict[str, Any]:
        """Lists over all bands, with what other processes told of theirs."""
        known = self.so_far()
        lists: Dict[str, List[Any]] = {}
        for name, of_band in values.items():
            lists[name] = list(known.get(name) or [lacking] * BANDS)
            for band, value in of_band.items():
                lists[name][band] = value
        return self.keep(lists)

    def so_far(self) -> Dict[str, Any]:
        """Of the session whose folder this is."""
        try:
            with open(self._path, encoding="utf-8") as file:
                kept = json.load(file)
        except (OSError, ValueError):
            return {}
        return dict(kept["told"]) if kept.get("ctime") == self._folder.ctime else {}

    def keep(self, told: Dict[str, Any]) -> Dict[str, Any]:
        """For the stages behind this one; returns what was given."""
        os.makedirs(self._folder.data_dir, exist_ok=True)
        write_text(self._path, json.dumps({"ctime": self._folder.ctime, "told": {**self.so_far(), **told}}))
        return told

    @property
    def _path(self) -> str:
        return os.path.join(self._folder.data_dir, "told.json")
