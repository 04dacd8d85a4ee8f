"""Find out which bias group each channel follows, and in which direction.

Each group in turn is stepped by 10 mV at 0.3 V, where all detectors are superconducting. A channel belongs to the
group that moved it most, if that is more than 0.3 of all it moved by, and to none if it would have more than
30 mOhm. The map is what IV curves and bias steps build on. Leaves the groups at 0 V.
"""
from __future__ import annotations

import os
import sys
import time
from typing import Optional, Tuple

from tuning.bias_lines import UNFILTERED, StreamSetting

from detectors import figures, group_map, of_sodetlib
from detectors.group_map import GroupMap
from detectors.operation import Operation, keyword_options, operation_main
from detectors.steps import STEP_KEYWORDS, step_groups
from detectors.tidy import left_tidy


def measured(op: Operation) -> Tuple[GroupMap, Optional[str]]:
    """The map, and the file that sodetlib hands back: its analysis of the steps."""
    kw = op.keywords(**{**STEP_KEYWORDS, "dc_voltage": 0.3, "step_voltage": 0.01, "hcm_wait_time": 0.0,
                        "stream_subtype": "bgmap"})
    groups = op.groups(kw.bgs)
    with left_tidy(op, zero=groups):
        if op.sodetlib is not None:
            taken = op.sodetlib.take_bgmap(op.options.kwargs)
            return of_sodetlib.group_map_of(taken), str(taken.filepath)
        op.lines.set_tes_bias_bipolar_array({group: kw.dc_voltage for group in groups})
        op.say(f"session id {op.lines.stream_on(StreamSetting(kw.stream_subtype, kw.g3_tag, **UNFILTERED))}")
        stepped = step_groups(op, groups, kw)
    constants = op.lines.constants
    threshold = (kw.analysis_kwargs or {}).get("assignment_thresh", group_map.THRESHOLD)
    return group_map.assign(stepped, constants.pa_per_phi0, constants.shunt_ohm, threshold), None


def saved(op: Operation, groups: GroupMap) -> str:
    """Where sodetlib has its maps: ``smurf_data/bias_group_maps/CTIM0/STREAM_ID/CTIME_bg_map.npy``."""
    stamp = int(time.time())
    folder = os.path.join(op.folder.data_dir, "smurf_data", "bias_group_maps", str(stamp)[:5], op.stream_id)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{stamp}_bg_map.npy")
    group_map.write(path, groups)
    op.register(path, "bgmap", "npy")
    if group_map.trusted(groups):
        op.lines.use_file("bgmap", path)
    else:
        op.complain("take_bgmap: this map is one of noise; the one before stays in use")
    return path


def run(op: Operation) -> None:
    groups, path = measured(op)
    path = path or saved(op, groups)
    plot = op.folder.plot("bg_assignments.svg")
    figures.map_of_groups(plot, op.title("bias groups"), groups)
    op.register(plot, "bgmap", "svg", plot=True)
    counts = group_map.counts(groups)
    used = sum(1 for count in counts[:-1] if count)
    op.conclude("Finished taking bgmap", {"nchans_per_bg": counts, "filepath": path},
                {"n_assigned": len(groups) - counts[-1], "n_all": len(groups), "n_unassigned": counts[-1],
                 "n_groups": used, "correlation": group_map.correlation(groups)},
                [("Channels with a group", f"{len(groups) - counts[-1]} of {len(groups)}"),
                 ("Groups with channels", f"{used} of {len(counts) - 1}"), ("Without a group", str(counts[-1]))])


if __name__ == "__main__":
    sys.exit(operation_main("take_bgmap", __doc__, run, keyword_options))
