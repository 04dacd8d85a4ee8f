"""A periodic curve as a constant and a few harmonics: the SQUID curve against flux, the carrier in a ramp.

The samples stand on an even grid, so that the normal equations are sums of geometric series and only their
right-hand side has to be summed; that makes a search for the period cheap.
"""
from __future__ import annotations

from cmath import exp, pi
from math import cos, sin
from operator import mul
from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

GOLDEN = (5 ** 0.5 - 1) / 2


class HarmonicFit(NamedTuple):
    """y(n) = Re of the sum over k of coefficients[k] exp(2 pi i k cycles n / N), k from 0; r2 as usual."""

    cycles: float
    coefficients: Tuple[complex, ...]
    r2: float

    def at(self, turn: float) -> float:
        """The fitted curve at a phase of ``turn`` periods."""
        value = self.coefficients[0].real
        for k, coefficient in enumerate(self.coefficients[1:], 1):
            angle = 2 * pi * k * turn
            value += coefficient.real * cos(angle) - coefficient.imag * sin(angle)
        return value

    def peak_to_peak(self, points: int = 400) -> float:
        curve = [self.at(place / points) for place in range(points)]
        return max(curve) - min(curve)

    def mean_slope(self, points: int = 400) -> float:
        """Mean |slope| over one period, in units of y per period."""
        curve = [self.at(place / points) for place in range(points + 1)]
        return sum(abs(after - before) for before, after in zip(curve, curve[1:]))

    def higher_harmonic_power(self) -> float:
        """Power of the harmonics from the second on, as a fraction of the first's. Source: sodetlib hhpwr."""
        first = abs(self.coefficients[1]) ** 2
        return sum(abs(c) ** 2 for c in self.coefficients[2:]) / first if first > 0 else float("inf")


def fit_harmonics(values: Sequence[float], cycles: float, harmonics: int) -> HarmonicFit:
    """Least squares of a constant and so many harmonics, for a given number of periods in the samples."""
    count = len(values)
    turn = 2 * pi * cycles / count
    sums = [sum(values) + 0j]
    for k in range(1, harmonics + 1):
        sums.append(_transform(values, k * turn))
    right = [sums[k] if k >= 0 else sums[-k].conjugate() for k in range(-harmonics, harmonics + 1)]
    geometric = [_geometric(m * turn, count) for m in range(2 * harmonics + 1)]
    matrix = [[geometric[l - k] if l >= k else geometric[k - l].conjugate()
               for l in range(2 * harmonics + 1)] for k in range(2 * harmonics + 1)]
    solution = _solve(matrix, right)
    explained = sum((a.conjugate() * b).real for a, b in zip(solution, right))
    mean = sum(values) / count
    power = sum(map(mul, values, values))
    total = power - count * mean * mean
    coefficients = (solution[harmonics],) + tuple(2 * a for a in solution[harmonics + 1:])
    return HarmonicFit(cycles, coefficients, 1 - (power - explained) / total if total > 0 else 0.0)


def _transform(values: Sequence[float], turn: float) -> complex:
    """Sum of y(n) exp(-i turn n), by Horner's rule from the last sample."""
    step = exp(-1j * turn)
    total = 0j
    for value in reversed(values):
        total = total * step + value
    return total


def _geometric(turn: float, count: int) -> complex:
    """Sum of exp(i turn n) over the samples."""
    step = exp(1j * turn)
    if abs(step - 1) < 1e-12:
        return complex(count)
    return (exp(1j * turn * count) - 1) / (step - 1)


def _solve(matrix: List[List[complex]], right: List[complex]) -> List[complex]:
    """Gauss's elimination with pivots; a direction without data gets zero."""
    size = len(right)
    rows = [row + [value] for row, value in zip(matrix, right)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda place: abs(rows[place][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        head = rows[column][column]
        if abs(head) < 1e-12:
            rows[column][column] = 1 + 0j
            rows[column][size] = 0j
            continue
        for place in range(column + 1, size):
            factor = rows[place][column] / head
            if factor:
                rows[place] = rows[place][:column] + [a - factor * b for a, b in
                                                      zip(rows[place][column:], rows[column][column:])]
    solution = [0j] * size
    for place in range(size - 1, -1, -1):
        rest = sum(rows[place][k] * solution[k] for k in range(place + 1, size))
        solution[place] = (rows[place][size] - rest) / rows[place][place]
    return solution


def guess_cycles(values: Sequence[float]) -> Optional[float]:
    """Periods in the samples, from the first peak of the autocorrelation behind its first zero.

    Source: sodetlib ``estimate_fit_parameters``.
    """
    count = len(values)
    mean = sum(values) / count
    centred = [value - mean for value in values]
    power = sum(map(mul, centred, centred))
    if power <= 0:
        return None
    correlation = []
    for lag in range(count * 3 // 4):
        overlap = sum(map(mul, centred, centred[lag:]))
        correlation.append(overlap / power * count / (count - lag))
    negative = next((lag for lag, value in enumerate(correlation) if value < 0), None)
    if negative is None:
        return None
    positive = next((lag for lag in range(negative, len(correlation)) if correlation[lag] > 0), None)
    if positive is None:
        return None
    end = next((lag for lag in range(positive, len(correlation)) if correlation[lag] < 0), len(correlation))
    peak = max(range(positive, end), key=lambda lag: correlation[lag])
    return count / peak if correlation[peak] > 0.2 else None


def fit_period(values: Sequence[float], harmonics: int, reach: float = 0.12,
               steps: int = 24) -> Optional[HarmonicFit]:
    """Fit of the period too: golden-section search for the best r2 near the autocorrelation's guess.

    Source: sodetlib ``squid_curve_model``, there fitted by curve_fit.
    """
    guess = guess_cycles(values)
    if guess is None:
        return None

    def badness(cycles: float) -> float:
        return 1 - fit_harmonics(values, cycles, harmonics).r2

    best = _golden_section(badness, guess * (1 - reach), guess * (1 + reach), steps)
    return fit_harmonics(values, best, harmonics)


def _golden_section(badness: Callable[[float], float], low: float, high: float, steps: int) -> float:
    left = high - GOLDEN * (high - low)
    right = low + GOLDEN * (high - low)
    left_value, right_value = badness(left), badness(right)
    for _ in range(steps):
        if left_value < right_value:
            high, right, right_value = right, left, left_value
            left = high - GOLDEN * (high - low)
            left_value = badness(left)
        else:
            low, left, left_value = left, right, right_value
            right = low + GOLDEN * (high - low)
            right_value = badness(right)
    return (low + high) / 2
