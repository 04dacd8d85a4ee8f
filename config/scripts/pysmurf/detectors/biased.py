"""What bias steps and bias waves tell: how many detectors are in their transitions, and where."""
from __future__ import annotations

from math import isfinite
from typing import Any, Callable, List, Sequence

from tuning.arguments import StageParser, json_numbers
from tuning.bias_lines import DETECTOR_GROUPS
from tuning.quantiles import median

from detectors import figures, of_sodetlib, steps
from detectors.figures import Measured
from detectors.operation import Operation, block, quantiles
from detectors.steps import Point
from detectors.tidy import left_tidy


def take_biased(op: Operation, take: Callable[[Any], Any], measured: Callable[[Operation], List[Point]], kind: str,
                feed: str) -> None:
    """Takes them by sodetlib, where that has the slot, and says what came of it; ``kind`` is step or wave."""
    if op.sodetlib is not None:
        with left_tidy(op):
            taken = take(op.sodetlib)
        found, path = of_sodetlib.points_of(taken), str(taken.filepath)
    else:
        found = measured(op)
        path = op.folder.output(f"bias_{kind}_analysis.npy")
        steps.write(path, found)
        op.register(path, f"bias_{kind}_analysis", "npy")
    conclude_biased(op, found, path, kind, feed)


def conclude_biased(op: Operation, found: Sequence[Point], path: str, kind: str, feed: str) -> None:
    low, high = op.options.rfrac_range
    biased = steps.biased(found, low, high)
    of_group = [point.place.group for point in biased]
    grouped = [point for point in found if isfinite(point.at.ohm)]
    fractions = [point.fraction for point in grouped if isfinite(point.fraction)]
    responsivities = [point.at.per_volt for point in grouped]
    of = {"Rfrac": quantiles("Rfrac", fractions), "Si": quantiles("Si", responsivities),
          "Rtes": quantiles("Rtes", [point.at.ohm for point in grouped])}
    per_group = [of_group.count(group) for group in range(DETECTOR_GROUPS)]
    plot = f"b{kind[0]}_rfrac_summary"
    drawn = op.folder.plot(f"{plot}.svg")
    figures.operating_points(drawn, op.title(f"operating points by bias {kind}s"),
                             [Measured(point.place.group, point.fraction) for point in grouped],
                             [Measured(point.place.group, point.at.per_volt * 1e-6) for point in biased],
                             (low, high), len(biased), len(found))
    op.register(drawn, plot, "svg", plot=True)
    fraction, tau = median(fractions), median([point.tau_s for point in found if point.tau_s is not None])
    per_volt = median([point.at.per_volt for point in biased])
    numbers = {"biased_total": len(biased), "n_measured": len(grouped), "n_all": len(found), "rfrac": fraction,
               "si_per_uv": None if per_volt is None else per_volt * 1e-6,
               "tau_ms": None if tau is None else tau * 1e3}
    op.conclude("Finished taking bias steps", {"filepath": path, "biased_total": len(biased),
                                               "biased_per_bg": per_group, "quantiles": of},
                numbers,
                [("Biased", f"{len(biased)} of {len(found)}"),
                 ("R / R_n", "unknown" if fraction is None else f"{fraction:.2f}"),
                 ("S_i", "none" if per_volt is None else f"{per_volt * 1e-6:.2f} /\N{MICRO SIGN}V"),
                 ("tau", "none" if tau is None else f"{tau * 1e3:.2f} ms")],
                **{feed: {**{f"biased_bg{group}": count for group, count in enumerate(per_group)},
                          "biased_total": len(biased), **block(*of.values())}})


def biased_options(parser: StageParser) -> None:
    parser.add_argument("--rfrac-range", type=json_numbers(2, 2), default=[0.2, 0.9], metavar="JSON",
                        help="where a channel counts as biased (0.2 to 0.9)")
