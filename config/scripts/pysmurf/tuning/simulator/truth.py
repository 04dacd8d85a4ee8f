"""What the simulator drew, on disk, so that measured can be compared with true."""
from __future__ import annotations

import json
import os
from typing import Any, Dict

from tuning.session_folder import SessionFolder, write_text
from tuning.simulator.resonator_array import Band, describe


class TruthFile:
    """``outputs/truth.json`` of a session: the arrays of all bands that the session drew."""

    def __init__(self, folder: SessionFolder) -> None:
        self._folder = folder

    @property
    def path(self) -> str:
        return self._folder.fixed_output("truth.json")

    def add(self, seed: int, band_number: int, band: Band) -> bool:
        """Add a band; False where the file has it already."""
        truth: Dict[str, Any] = {"seed": seed, "bands": {}}
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                stored = json.load(file)
            if stored["seed"] == seed:
                truth = stored
        described = describe(band_number, band)
        if truth["bands"].get(str(band_number)) == described:
            return False
        truth["bands"][str(band_number)] = described
        write_text(self.path, json.dumps(truth, indent=1) + "\n")
        return True
