"""What can be wrong with the crate. Each can be switched while it runs: ``python3 -m crate set FOLDER ...``."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import List


@dataclass
class Faults:
    card: str = "c02"
    """The cryostat card: c02, c04, c05, or none."""

    dead_channels: List[int] = field(default_factory=list)
    """Channels whose frequency error stands still at zero."""

    no_flux: bool = False
    """The flux ramp and the steady bias do not reach the SQUIDs."""

    late_mark_s: float = 0.0
    """How long after its command a scan sets the mark that it is in progress."""

    saturated_adc: bool = False
    """Band noise drives the ADC to its end."""

    frozen: bool = False
    """The server answers nothing."""
