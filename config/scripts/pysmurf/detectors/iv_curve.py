"""IV curves: from the phases at falling biases to resistances, powers, R_n and P_sat of each channel.

Source: sodetlib ``operations/iv.py`` (``analyze_iv``, ``compute_psats``, ``compute_si``).
"""
from __future__ import annotations

from math import isfinite, nan
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from tuning.bias_lines import UNGROUPED, Readout
from tuning.npy import Field, read_table, write_table

from detectors.group_map import NOWHERE, GroupMap, Place
from detectors.response import current_of_phase

SATURATED_AT = 0.9
RN_RANGE_OHM = (5e-3, 12e-3)
"""What a normal resistance may be. Source: sodetlib ``bias_to_rfrac``."""

SMOOTHED = 11
"""Points of the running mean before the responsivity is taken."""


class Curve(NamedTuple):
    """A channel's IV, the biases rising; R, current and power None where it makes no sense as one.

    ``latched_at`` and ``normal_from`` are places in it; ``fault`` says what is wrong with it.
    """

    readout: Readout
    place: Place
    current_a: List[float]
    ohm: List[float]
    power_w: List[float]
    per_volt: List[float]
    normal_ohm: float
    load_ohm: float
    saturation_w: float
    latched_at: int
    normal_from: int

    @property
    def fine(self) -> bool:
        """Whether biases may be chosen by it."""
        low, high = RN_RANGE_OHM
        return self.place.group != UNGROUPED and low < self.normal_ohm < high and isfinite(self.saturation_w)

    def fraction(self, at: int) -> float:
        return self.ohm[at] / self.normal_ohm

    def crossing_v(self, volts: Sequence[float], fraction: float) -> Optional[float]:
        """The highest bias at which it has this part of its normal resistance."""
        for at in range(len(volts) - 2, self.latched_at, -1):
            low, high = self.fraction(at), self.fraction(at + 1)
            if low < fraction <= high:
                return volts[at] + (volts[at + 1] - volts[at]) * (fraction - low) / (high - low)
        return None


class IvCurves(NamedTuple):
    """All channels of one sweep; ``volts`` rise, in low-current volts."""

    volts: List[float]
    curves: List[Curve]

    @property
    def fine(self) -> List[Curve]:
        return [curve for curve in self.curves if curve.fine]


def analyse(volts: Sequence[float], bias_a: Sequence[float], phases: Dict[Readout, Sequence[float]],
            groups: GroupMap, shunt_ohm: float, pa_per_phi0: float) -> IvCurves:
    """All of them rising: the phases are those of a sweep from the highest bias down, turned round."""
    curves = [_curve(readout, groups.get(readout, NOWHERE), bias_a, phases[readout], shunt_ohm,
                     pa_per_phi0) for readout in sorted(phases)]
    return IvCurves(list(volts), curves)


def _curve(readout: Readout, place: Place, bias_a: Sequence[float], phases: Sequence[float], shunt_ohm: float,
           pa_per_phi0: float) -> Curve:
    """The kink where it latches is the largest second difference; the least current behind it is where the normal
    branch begins, and a straight line through the upper half of that says what phase no current has."""
    count = len(bias_a)
    none = [nan] * count
    failed = Curve(readout, place, none, none, none, none, nan, nan, nan, -1, -1)
    if place.group == UNGROUPED or count < 8:
        return failed
    current = [place.polarity * current_of_phase(phase, pa_per_phi0) for phase in phases]
    bends = [abs(current[at + 2] - 2 * current[at + 1] + current[at]) for at in range(count - 2)]
    latched_at = max(range(len(bends)), key=bends.__getitem__) + 1
    if latched_at <= 1 or latched_at >= count - 4:
        return failed
    normal_from = min(range(latched_at + 1, count), key=current.__getitem__)
    fitted_from = (count + normal_from) // 2
    if fitted_from > count - 2:
        return failed
    _, offset = straight_line(bias_a[fitted_from:], current[fitted_from:])
    current = [value - offset for value in current]
    # Whole turns of the phase get lost where it latches.
    _, offset = straight_line(bias_a[:latched_at], current[:latched_at])
    current = [value - offset if at < latched_at else value for at, value in enumerate(current)]
    if not all(current[1:]):
        return failed
    ohm = [shunt_ohm * (bias / value - 1) if value else 0.0 for bias, value in zip(bias_a, current)]
    normal_ohm = sum(ohm[fitted_from:]) / (count - fitted_from)
    load_ohm = sum(ohm[1:latched_at]) / (latched_at - 1)
    power = [(bias * shunt_ohm / (each + shunt_ohm)) ** 2 * each if each + shunt_ohm else 0.0
             for bias, each in zip(bias_a, ohm)]
    curve = Curve(readout, place, current, ohm, power, none, normal_ohm, load_ohm, nan, latched_at, normal_from)
    return curve._replace(saturation_w=_saturation_w(curve), per_volt=_responsivity(curve))


def _saturation_w(curve: Curve) -> float:
    """The power where R last crosses `SATURATED_AT` of R_n."""
    for at in range(len(curve.ohm) - 2, 0, -1):
        low, high = curve.fraction(at), curve.fraction(at + 1)
        if low < SATURATED_AT:
            if high <= low:
                return nan
            share = (SATURATED_AT - low) / (high - low)
            return curve.power_w[at] + share * (curve.power_w[at + 1] - curve.power_w[at])
    return nan


def _responsivity(curve: Curve) -> List[float]:
    """-1 / (2 I R) (1 - R / (dV/dI)) of smoothed currents and voltages, above the kink."""
    current = _smoothed(curve.current_a)
    voltage = _smoothed([value * ohm for value, ohm in zip(curve.current_a, curve.ohm)])
    found = [nan] * len(current)
    for at in range(max(curve.latched_at, 0), len(current) - 1):
        change_a, change_v = current[at + 1] - current[at], voltage[at + 1] - voltage[at]
        if current[at] and voltage[at] and change_v:
            ohm = voltage[at] / current[at]
            found[at] = -(1 - ohm * change_a / change_v) / (2 * current[at] * ohm)
    return found


def _smoothed(values: Sequence[float]) -> List[float]:
    reach = SMOOTHED // 2
    total = [0.0]
    for value in values:
        total.append(total[-1] + value)
    ends = [(max(at - reach, 0), min(at + reach + 1, len(values))) for at in range(len(values))]
    return [(total[last] - total[first]) / (last - first) for first, last in ends]


def straight_line(xs: Sequence[float], ys: Sequence[float]) -> Tuple[float, float]:
    """Slope and offset by least squares."""
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    over = sum((x - mean_x) ** 2 for x in xs)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / over if over else 0.0
    return slope, mean_y - slope * mean_x


def write(path: str, iv: IvCurves) -> None:
    count = len(iv.volts)
    fields: List[Field] = [("band", "<i4"), ("channel", "<i4"), ("bgmap", "<i4"), ("polarity", "<i4"),
                           ("R_n", "<f8"), ("R_L", "<f8"), ("p_sat", "<f8"), ("idx_sc", "<i4"), ("idx_nb", "<i4"),
                           *[(name, "<f4", count) for name in ("v_bias", "R", "i_tes", "p_tes", "si")]]
    write_table(path, fields, [
        (*curve.readout, curve.place.group, curve.place.polarity, curve.normal_ohm, curve.load_ohm,
         curve.saturation_w, curve.latched_at, curve.normal_from, iv.volts, curve.ohm, curve.current_a,
         curve.power_w, curve.per_volt) for curve in iv.curves])


def read(path: str) -> IvCurves:
    of = read_table(path).columns
    curves = [Curve(Readout(of["band"][row], of["channel"][row]), Place(of["bgmap"][row], of["polarity"][row], 1.0),
                    list(of["i_tes"][row]), list(of["R"][row]), list(of["p_tes"][row]), list(of["si"][row]),
                    of["R_n"][row], of["R_L"][row], of["p_sat"][row], of["idx_sc"][row], of["idx_nb"][row])
              for row in range(len(of["band"]))]
    return IvCurves(list(of["v_bias"][0]) if curves else [], curves)
