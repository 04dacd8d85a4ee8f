"""Bias detectors into their transitions, using the last IV curves: to a part of the normal resistance, or into a range.

For a number the bias of a group is the median of those at which its channels have that part. For a range it is the
middle of the biases at which most channels are inside. Only channels with 5 to 12 mOhm count. Drives them normal
first. Leaves the BIAS ON; ended in between it takes it off.
"""
from __future__ import annotations

import sys
from typing import Dict, List, Optional, Sequence, Tuple

from tuning.arguments import StageParser, json_numbers
from tuning.instrument import CannotWork
from tuning.quantiles import median
from tuning.rising import nearest

from detectors import iv_curve, of_sodetlib
from detectors.iv_curve import RN_RANGE_OHM, Curve, IvCurves
from detectors.operation import Operation, keyword_options, operation_main
from detectors.readback import read_back
from detectors.tidy import off_unless_done, overbias

RFRAC = [0.3, 0.6]
"""Source: sodetlib ``det_config.py``, rfrac; overbiased as in ``overbias_dets``."""

OVERBIAS_V, OVERBIAS_S = 19.9, 2.0
BIASED = (0.2, 0.9)


def chosen_v(volts: Sequence[float], curves: Sequence[Curve], rfrac: Sequence[float]) -> Optional[float]:
    """The bias of one group, in low-current volts."""
    if len(rfrac) == 1:
        return median([volt for volt in (curve.crossing_v(volts, rfrac[0]) for curve in curves) if volt is not None])
    inside = [sum(rfrac[0] < curve.fraction(at) < rfrac[1] for curve in curves if at > curve.latched_at)
              for at in range(len(volts))]
    most = max(inside)
    if not most:
        return None
    # Sodetlib takes the lowest of them, where the next disturbance latches the group.
    places = [at for at, count in enumerate(inside) if count == most]
    return volts[places[len(places) // 2]]


def biases(iv: IvCurves, groups: Sequence[int], rfrac: Sequence[float],
           rn_range: Sequence[float]) -> Tuple[Dict[int, float], int]:
    """The bias of each group that has one, and how many channels that should bias."""
    chosen: Dict[int, float] = {}
    expected = 0
    low, high = BIASED if len(rfrac) == 1 else (rfrac[0], rfrac[1])
    for group in groups:
        curves = [curve for curve in iv.fine if curve.place.group == group
                  and rn_range[0] < curve.normal_ohm < rn_range[1]]
        volt = chosen_v(iv.volts, curves, rfrac) if curves else None
        if volt is None:
            continue
        chosen[group] = volt
        at = nearest(iv.volts, volt)
        expected += sum(low < curve.fraction(at) < high for curve in curves)
    return chosen, expected


def run(op: Operation) -> None:
    kw = op.keywords(bias_groups=None, iva=None, overbias=True, Rn_range=RN_RANGE_OHM, math_only=False)
    groups = op.groups(kw.bias_groups)
    rfrac: List[float] = RFRAC if op.options.rfrac is None else \
        op.options.rfrac if isinstance(op.options.rfrac, list) else [op.options.rfrac]
    path = kw.iva or op.lines.file_in_use("iv")
    if path is None:
        raise CannotWork("there is no IV: run take_iv first")
    iv = iv_curve.read(path) if op.sodetlib is None else of_sodetlib.iv_of(op.sodetlib.load_iv(path))
    wanted, expected = biases(iv, groups, rfrac, kw.Rn_range)
    for group in groups:
        op.say(f"bias group {group}: " + (f"{wanted[group]:.3f} V" if group in wanted else "no channel to go by"))
    if wanted and not kw.math_only:
        wanted = applied(op, wanted, op.options.rfrac, bool(kw.overbias))
    read = read_back(op, {} if kw.math_only else wanted)
    told = [wanted.get(group, volt) if kw.math_only else volt for group, volt in enumerate(read.volts)]
    middle = median(list(wanted.values()))
    op.conclude("Finished biasing detectors", {"biases": told},
                {"n_groups": len(wanted), "n_expected": expected, "readback_off_v": read.off_v,
                 "bias_v": middle},
                [("Groups biased", f"{len(wanted)} of {len(groups)}"), ("Channels in range by the IV", str(expected)),
                 ("Bias", "none" if middle is None else f"{middle:.2f} V in the middle"),
                 ("Off by", f"{read.off_v * 1e3:.2f} mV at most")])


def applied(op: Operation, wanted: Dict[int, float], rfrac: object, driven_normal: bool) -> Dict[int, float]:
    """The biases that are read back afterwards: with sodetlib those that it chose itself, by its own rule."""
    with off_unless_done(op, list(wanted)):
        if op.sodetlib is not None:
            given = {key: value for key, value in op.options.kwargs.items() if key != "iva"}
            chosen = op.sodetlib.bias_to_rfrac(rfrac, given)
            return {group: chosen[group] for group in wanted}
        if driven_normal:
            overbias(op, list(wanted), OVERBIAS_V, OVERBIAS_S, list(wanted.values()), False)
        else:
            op.lines.set_tes_bias_bipolar_array(wanted)
    return wanted


def options(parser: StageParser) -> None:
    parser.add_argument("--rfrac", type=json_numbers(2, 2, alone=True), metavar="JSON",
                        help="part of R_n, or a range of two (0.3 to 0.6)")


if __name__ == "__main__":
    sys.exit(operation_main("bias_dets", __doc__, run, keyword_options, options))
