"""Medians and quantiles of small lists."""
from __future__ import annotations

from typing import Dict, Optional, Sequence

QUANTILES = (10, 25, 50, 75, 90)
"""The percentages that housekeeping keeps of a yield. Source: socs ``compute_quantiles``."""


def quantile(values: Sequence[float], fraction: float) -> Optional[float]:
    """Linear interpolation between the sorted values; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = fraction * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median(values: Sequence[float]) -> Optional[float]:
    return quantile(values, 0.5)


def is_quantile(name: str) -> bool:
    """True for the names that `quantile_numbers` makes."""
    return name.endswith(tuple(f"_q{percent}" for percent in QUANTILES))


def quantile_numbers(name: str, values: Sequence[float]) -> Dict[str, Optional[float]]:
    """``{name}_q10`` to ``{name}_q90``."""
    return {f"{name}_q{percent}": quantile(values, percent / 100) for percent in QUANTILES}
