"""The fast Fourier transform, for lengths that are powers of two."""
from __future__ import annotations

from cmath import exp, pi
from typing import Dict, List, Sequence

_TWIDDLES: Dict[int, List[complex]] = {}


def _twiddles(size: int) -> List[complex]:
    if size not in _TWIDDLES:
        _TWIDDLES[size] = [exp(-2j * pi * k / size) for k in range(size // 2)]
    return _TWIDDLES[size]


def fft(values: Sequence[complex]) -> List[complex]:
    """Sum over n of values[n] exp(-2 pi i k n / N) for each k (decimation in time)."""
    size = len(values)
    if size & (size - 1) or not size:
        raise ValueError(f"{size} is no power of two")
    return _transform(list(values))


def _transform(values: List[complex]) -> List[complex]:
    size = len(values)
    if size == 1:
        return values
    if size == 2:
        return [values[0] + values[1], values[0] - values[1]]
    even = _transform(values[::2])
    odd = [factor * value for factor, value in zip(_twiddles(size), _transform(values[1::2]))]
    return [a + b for a, b in zip(even, odd)] + [a - b for a, b in zip(even, odd)]
