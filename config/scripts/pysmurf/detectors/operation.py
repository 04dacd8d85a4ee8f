"""The frame around an operation: what `tuning.stage` is to a stage of a tune, for what is of no band.

Its numbers are those of the whole slot, and judged by gates all the same. Its data have the keys of the agent of
simonsobs/socs: what a function returned at the top, and again in ``result``.
"""
from __future__ import annotations

import os
import sys
import time
import traceback
from types import SimpleNamespace
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from tuning.arguments import Options, StageParser, common_options, json_groups, json_object
from tuning.bias_lines import DETECTOR_GROUPS, GROUPS, BiasLines
from tuning.faults import UnknownFault, parse_faults
from tuning.instrument import CannotWork
from tuning.publisher import Publisher
from tuning.quantiles import QUANTILES, quantile
from tuning.sodetlib_operations import Sodetlib
from tuning.stage import EXIT_ARGUMENTS, EXIT_INTERRUPTED, Stage, finite, readable, run_stage
from tuning.told import END

ANALYSIS_KEYWORDS = ("assignment_thresh",)
"""Of sodetlib's analyses, those that the one here has, too."""

Headline = Sequence[Tuple[str, str]]


class Operation(Stage):
    """One run of one operation."""

    def __init__(self, name: str, options: Options, faults: Any, publisher: Publisher) -> None:
        super().__init__(name, options, faults, publisher)
        self.values: Dict[str, Any] = {}
        self.lines: BiasLines = self.instrument.bias_lines
        self.last_words = f"Finished {name}"

    @property
    def sodetlib(self) -> Optional[Sodetlib]:
        """Its operations where it has the slot; None in the simulator and without it."""
        return getattr(self.instrument, "sodetlib", None)

    @property
    def stream_id(self) -> str:
        """Whose streams these are: as configured for the slot, else the id its messages have."""
        return os.environ.get("SMURFPUB_ID", "simulated") if self.sodetlib is None else self.sodetlib.stream_id

    def keywords(self, **known: Any) -> SimpleNamespace:
        """The keywords given over these defaults; one that is not known fails, as Python would."""
        given = dict(self.options.kwargs)
        for name in given:
            if name not in known:
                raise CannotWork(f"{self.name}() got an unexpected keyword argument '{name}'")
        analysis = given.get("analysis_kwargs") or {}
        if not isinstance(analysis, dict):
            raise CannotWork(f"analysis_kwargs {analysis!r} is no object")
        for name in analysis:
            if self.sodetlib is None and name not in ANALYSIS_KEYWORDS:
                raise CannotWork(f"analysis_kwargs: '{name}' is for sodetlib's analysis, and this is another")
        return SimpleNamespace(**{**known, **given})

    def groups(self, asked: Any) -> List[int]:
        """Bias groups of a parameter: a number, a list, or None for all that lead to detectors."""
        groups = list(range(DETECTOR_GROUPS)) if asked is None else asked if isinstance(asked, list) else [asked]
        wrong = [group for group in groups if not isinstance(group, int) or not 0 <= group < GROUPS]
        if wrong:
            raise CannotWork(f"bias group {wrong[0]} is not defined; there are 0 to {GROUPS - 1}")
        return groups

    def tell(self, **data: Any) -> None:
        """Into the session's data, live."""
        self.publisher.session_data(data)

    def advance(self, done: int, total: int, unit: str) -> None:
        self.progress(None, done, total, unit)

    def conclude(self, text: str, returned: Dict[str, Any], numbers: Dict[str, Any], headline: Headline,
                 **beside: Dict[str, Any]) -> None:
        """What came of it: the agent's text and data, the numbers for the gates, those an observer looks at
        first, and what is told besides, as the blocks of its feeds."""
        # One that tells of no progress hangs here, where it is asked to.
        self.faults.hang_once()
        self.last_words = text
        self.values = finite(numbers)
        if self.in_pipeline:
            # The data at the top are those of the whole.
            self.tell(**{self.name: returned}, **self.told.headline(*headline[0]))
            return
        self.tell(**returned, **beside, result={"success": True, "return_val": returned, "traceback": None},
                  headline=[{"name": name, "value": value} for name, value in headline])

    def leave(self, reason: Optional[BaseException]) -> None:
        super().leave(reason)
        if isinstance(reason, Exception):
            self.tell(result={"success": False, "return_val": None, "traceback": traceback.format_exc()})

    def begin(self) -> None:
        if self.in_pipeline:
            super().begin()

    @property
    def in_pipeline(self) -> bool:
        """Whether it runs as a stage among others, which are of bands."""
        return "bands" in self.options.given

    def result(self) -> Dict[str, Any]:
        numbers: Dict[str, Any] = self.values
        if self.in_pipeline:
            numbers = {str(band): self.values for band in self.options.bands}
        return {**super().result(), "numbers": numbers}

    def finish(self) -> None:
        if self.values:
            self.say(", ".join(f"{key} {readable(value)}" for key, value in self.values.items()))
        self.write_result()
        if self.in_pipeline:
            self.tell(**self.told.step(END, time.time()))
        self.publisher.session_log(self.last_words)


def quantiles(name: str, values: Sequence[float]) -> Dict[str, Any]:
    """Source: socs ``smurf_subprocess_util.compute_quantiles``; zeros where there is nothing."""
    return {"name": name, "quantiles": [float(percent) for percent in QUANTILES],
            "values": [quantile(values, percent / 100) or 0.0 for percent in QUANTILES], "total": len(values)}


def block(*of: Dict[str, Any]) -> Dict[str, float]:
    """The same as housekeeping has it. Source: socs ``QuantileData.to_block_data``."""
    flat: Dict[str, float] = {}
    for each in of:
        flat.update({f"{each['name']}_q{int(percent)}": value
                     for percent, value in zip(each["quantiles"], each["values"])})
        flat[f"{each['name']}_total"] = each["total"]
    return flat


def keyword_options(parser: StageParser) -> None:
    """What most operations take."""
    parser.add_argument("--kwargs", type=json_object, default={}, metavar="JSON",
                        help="keywords of sodetlib's function of this name")
    parser.add_argument("--tag", metavar="TEXT", help="tag of the stream")


def group_options(parser: StageParser) -> None:
    parser.add_argument("--bgs", type=json_groups, metavar="JSON", help="bias group, or list of them (all twelve)")


def operation_main(name: str, description: Optional[str], run: Callable[[Operation], None],
                   *added: Callable[[StageParser], None], stopped: int = EXIT_INTERRUPTED) -> int:
    """Run an operation from the command line; returns the exit code. ``stopped`` is that of one that was told to
    end: 0 for a process, whose end that is."""
    parser = StageParser(name, description)
    common_options(parser.add_argument_group("every operation"))
    for add in added:
        add(parser)
    options = parser.understand(None)
    if getattr(options, "tag", None) is not None:
        # Over one that is there, as the agent does.
        options.kwargs = {**options.kwargs, "g3_tag": options.tag}
    try:
        faults = parse_faults([options.faults, os.environ.get("SMURF_SIM_FAULTS", "")], name)
    except UnknownFault as unknown:
        print(f"{name}.py: error: {unknown}", file=sys.stderr)
        return EXIT_ARGUMENTS

    code = run_stage(name, options, faults, run, Operation)
    return stopped if code == EXIT_INTERRUPTED else code
