"""What sodetlib's operations hand back, as the results that are judged, told and drawn here.

Attributes as its ``IVAnalysis``, ``BiasStepAnalysis`` and ``BiasWaveAnalysis`` (0d60bd2) have them.
"""
from __future__ import annotations

from math import isfinite, nan
from typing import Any, List, Optional

from tuning.bias_lines import Readout
from tuning.instrument import CannotWork

from detectors.group_map import GroupMap, Place
from detectors.iv_curve import Curve, IvCurves
from detectors.response import OperatingPoint
from detectors.steps import Point


def group_map_of(taken: Any) -> GroupMap:
    _analysed(taken, "bgmap")
    _analysed(taken, "bg_corr")
    return {Readout(int(taken.bands[row]), int(taken.channels[row])):
            _place(taken, row)._replace(correlation=float(max(taken.bg_corr[row])))
            for row in range(len(taken.bgmap))}


def iv_of(taken: Any) -> IvCurves:
    """From an analysis in memory, or one that was read."""
    return IvCurves([float(volt) for volt in taken.v_bias], [
        Curve(Readout(int(taken.bands[row]), int(taken.channels[row])), _place(taken, row),
              _floats(taken.i_tes[row]), _floats(taken.R[row]), _floats(taken.p_tes[row]), _floats(taken.si[row]),
              float(taken.R_n[row]), float(taken.R_L[row]), float(taken.p_sat[row]),
              int(taken.idxs[row][0]), int(taken.idxs[row][1])) for row in range(len(taken.bands))])


def points_of(taken: Any) -> List[Point]:
    """Steps have time constants, waves have none."""
    _analysed(taken, "R0")
    taus = getattr(taken, "tau_eff", None)
    return [Point(Readout(int(taken.bands[row]), int(taken.channels[row])), _place(taken, row),
                  OperatingPoint(float(taken.R0[row]), float(taken.I0[row]), float(taken.Pj[row]),
                                 float(taken.Si[row])),
                  None if taus is None else _known(float(taus[row])), float(taken.R_n_IV[row]))
            for row in range(len(taken.R0))]


def _analysed(taken: Any, name: str) -> None:
    """It prints what its analysis raised, and hands back what there is without it."""
    if getattr(taken, name, None) is None:
        raise CannotWork("sodetlib took the data but could not analyse them: what it raised is in the output above")


def _place(taken: Any, row: int) -> Place:
    return Place(int(taken.bgmap[row]), int(taken.polarity[row]), nan)


def _known(value: float) -> Optional[float]:
    return value if isfinite(value) else None


def _floats(values: Any) -> List[float]:
    return [float(value) for value in values]
