"""Looking a value up among values that rise."""
from __future__ import annotations

from bisect import bisect_left
from typing import Sequence


def nearest(places: Sequence[float], wanted: float) -> int:
    """Index of the nearest."""
    right = min(bisect_left(places, wanted), len(places) - 1)
    left = max(right - 1, 0)
    return left if wanted - places[left] < places[right] - wanted else right
