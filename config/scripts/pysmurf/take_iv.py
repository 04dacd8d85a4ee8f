"""Take IV curves of all bias groups, and tell the normal resistance and the saturation power of each channel.

Drives the detectors normal, then lowers the bias from 18 V to 0 in steps of 25 mV, in high-current mode. Needs the
map of take_bgmap, tones and flux ramp. Leaves the stream OFF and the groups at 0 V, however it ends.
"""
from __future__ import annotations

import sys
from math import isfinite
from types import SimpleNamespace
from typing import Dict, List, Sequence

from tuning.bias_lines import Readout, StreamSetting
from tuning.instrument import CannotWork
from tuning.quantiles import median

from detectors import figures, group_map, iv_curve, of_sodetlib
from detectors.iv_curve import IvCurves
from detectors.operation import Operation, block, keyword_options, operation_main, quantiles
from detectors.tidy import left_tidy, overbias

KEYWORDS = {"bias_groups": None, "overbias_voltage": 18.0, "overbias_wait": 5.0, "high_current_mode": True,
            "cool_wait": 30.0, "cool_voltage": None, "biases": None, "bias_high": 18.0, "bias_low": 0.0,
            "bias_step": 0.025, "show_plots": True, "wait_time": 0.1, "run_analysis": True, "run_serially": False,
            "serial_wait_time": 10.0, "g3_tag": None, "analysis_kwargs": None}
"""With sodetlib's defaults (``IVConfig``)."""

MAX_POINTS = 20_000


def falling(kw: SimpleNamespace) -> List[float]:
    """The biases in low-current volts, the highest first."""
    if kw.biases is not None:
        return sorted(map(float, kw.biases), reverse=True)
    if kw.bias_step <= 0 or not 0 < (kw.bias_high - kw.bias_low) / kw.bias_step < MAX_POINTS:
        raise CannotWork(f"from {kw.bias_high:g} to {kw.bias_low:g} V in steps of {kw.bias_step:g} V is no sweep")
    return [kw.bias_high - kw.bias_step * place
            for place in range(round((kw.bias_high - kw.bias_low) / kw.bias_step) + 1)]


def swept(op: Operation, kw: SimpleNamespace, groups: Sequence[int]) -> IvCurves:
    lines = op.lines
    known = group_map.in_use(lines)
    volts = falling(kw)
    ratio = lines.constants.high_low_ratio if kw.high_current_mode else 1.0
    driven = [volt / ratio for volt in volts]
    phases: Dict[Readout, Sequence[float]] = {}
    with left_tidy(op, zero=groups):
        lines.set_tes_bias_bipolar_array({group: 0.0 for group in groups})
        op.say(f"session id {lines.stream_on(StreamSetting('iv', kw.g3_tag))}")
        turns = [[group] for group in groups] if kw.run_serially else [list(groups)]
        for done, turn in enumerate(turns):
            lines.set_tes_bias_bipolar_array({group: 0.0 for group in groups})
            rest = driven[0] if kw.cool_voltage is None or not kw.run_serially else kw.cool_voltage
            if kw.overbias_voltage > 0:
                overbias(op, turn, kw.overbias_voltage, kw.overbias_wait, [rest] * len(turn), kw.high_current_mode)
                op.wait(kw.cool_wait)
            found = lines.sweep_biases(turn, driven, kw.wait_time, lambda at, of, done=done: op.advance(
                done * of + at, len(turns) * of, "biases"))
            phases.update({readout: found[readout] for readout in found
                           if not kw.run_serially or readout not in phases
                           or known.get(readout, group_map.NOWHERE).group in turn})
            op.wait(kw.serial_wait_time if kw.run_serially else 0.0)
    rising = volts[::-1]
    return iv_curve.analyse(rising, [volt / lines.constants.line_ohm for volt in rising],
                            {readout: seen[::-1] for readout, seen in phases.items()}, known,
                            lines.constants.shunt_ohm, lines.constants.pa_per_phi0)


def run(op: Operation) -> None:
    kw = op.keywords(**KEYWORDS)
    groups = op.groups(kw.bias_groups)
    if not kw.run_analysis:
        raise CannotWork("run_analysis false: this operation takes no sweep without analysing it")
    if op.sodetlib is not None:
        with left_tidy(op, zero=groups):
            taken = op.sodetlib.take_iv(op.options.kwargs)
        iv, path = of_sodetlib.iv_of(taken), str(taken.filepath)
    else:
        iv = swept(op, kw, groups)
        path = op.folder.output("iv_analysis.npy")
        iv_curve.write(path, iv)
        op.register(path, "iv", "npy")
        if iv.fine:
            op.lines.use_file("iv", path)
    if iv.fine:
        plot(op, iv)
    normal = [curve.normal_ohm for curve in iv.curves if isfinite(curve.normal_ohm)]
    saturation = [curve.saturation_w for curve in iv.curves if isfinite(curve.saturation_w)]
    of = {"Rn": quantiles("Rn", normal), "p_sat": quantiles("p_sat", saturation)}
    rn, p_sat = (median([getattr(curve, name) for curve in iv.fine]) for name in ("normal_ohm", "saturation_w"))
    op.conclude("Finished taking IV", {"filepath": path, "quantiles": of},
                {"n_iv": len(iv.fine), "n_all": len(iv.curves), "n_groups": len({c.place.group for c in iv.fine}),
                 "rn_mohm": None if rn is None else rn * 1e3, "p_sat_pw": None if p_sat is None else p_sat * 1e12},
                [("IV curves", f"{len(iv.fine)} of {len(iv.curves)}"),
                 ("R_n", "none" if rn is None else f"{rn * 1e3:.2f} mOhm"),
                 ("P_sat", "none" if p_sat is None else f"{p_sat * 1e12:.2f} pW")],
                iv_results=block(*of.values()))


def plot(op: Operation, iv: IvCurves) -> None:
    path = op.folder.plot("iv_rfracs.svg")
    figures.iv_curves(path, op.title("IV curves"), iv)
    op.register(path, "iv", "svg", plot=True)
    path = op.folder.plot("iv_rns.svg")
    figures.iv_histograms(path, op.title("R_n and P_sat"), iv)
    op.register(path, "iv", "svg", plot=True)


if __name__ == "__main__":
    sys.exit(operation_main("take_iv", __doc__, run, keyword_options))
