"""The frame around a stage: arguments, instrument, progress, files, messages, result and exit code.

A stage script hands its name, its docstring and its ``run`` to `stage_main` and says only what is its own.
Exit codes: 0 the stage did its work (whether the numbers are good is judged by who reads them), 1 it could
not work, 2 the command line is wrong, 130 interrupted.
"""
from __future__ import annotations

import atexit
import json
import math
import os
import sys
import threading
import time
from typing import Any, Callable, ContextManager, Dict, List, Mapping, Optional, Sequence, Tuple, Type, Union

from tuning.arguments import Options, parse
from tuning.band import BANDS
from tuning.faults import Faults, UnknownFault, parse_faults
from tuning.guard import DryEnd
from tuning.instrument import CannotWork, Descent, Instrument
from tuning.interruption import interruption
from tuning.npy import Field, write_table
from tuning.publisher import Publisher
from tuning.quantiles import is_quantile
from tuning.session_folder import SessionFolder, write_text
from tuning.told import END, Told

Number = Union[float, int, bool, None]
Numbers = Dict[str, Number]

PROGRESS_STEPS = 16
"""Lines of progress a stage and band."""

HASTY_STAGES = ("preflight", "safe_state", "all_off", "put_back", "check_state")
HASTY_PATIENCE_S = 2.0
"""Stages that do not wait long for an answer: one is there to notice, the other must act."""

HASTY_OPENING_S = 15.0
OPENING_S = 45.0
"""How long the control object of the hardware may take to open, for hasty stages and for the others."""

SWEEPING_STAGES = ("estimate_attens", "estimate_phase_delay", "find_freq", "setup_notches", "load_tune")
TUNED_STAGES = ("serial_algs", "squid_curve", "tracking_setup", "take_noise")
"""Stages that change a band: one that does not get to its end puts it back as it was, its tones off where they
had to go off for its sweeps."""

EXIT_S = 0.5
"""How long pysmurf may take to say goodbye to its server."""

FRESH_ARRAY_STAGES = ("estimate_attens", "estimate_phase_delay", "find_freq")
"""Stages that measure the array itself; the others build on a tune and stay with the array it was made on."""

EXIT_CANNOT_WORK = 1
EXIT_ARGUMENTS = 2
EXIT_INTERRUPTED = 130


class NoHardware(Exception):
    """The instrument asked for cannot be had."""


class Stage:
    """One run of one stage."""

    def __init__(self, name: str, options: Options, faults: Faults, publisher: Publisher) -> None:
        self.name = name
        self.options = options
        self.faults = faults
        self.publisher = publisher
        self.folder = SessionFolder(options.data_dir, options.ctime)
        self.told = Told(self.folder)
        self.numbers: Dict[str, Numbers] = {}
        self.errors: Dict[str, str] = {}
        self.last_words: Optional[str] = None
        self.files: List[str] = []
        self._told: Dict[Optional[int], Tuple[int, int]] = {}
        self._held: Dict[Optional[int], Tuple[int, int, str]] = {}
        self._begun: Dict[Optional[int], ContextManager[None]] = {}
        self.instrument: Instrument = _connect(self)
        if options.bands is None:
            options.bands = self.instrument.configured("active_bands") or list(range(BANDS))

    def say(self, text: str) -> None:
        """One line for the operator."""
        print(f"{self.name} {text}", flush=True)

    def complain(self, text: str) -> None:
        """One line about what went wrong, for the operator and for the session."""
        print(text, file=sys.stderr, flush=True)
        self.publisher.session_log(text)

    def progress(self, band: Optional[int], done: int, total: int, unit: str = "channels") -> None:
        """Tell how far a band is, or what is of no band; at most `PROGRESS_STEPS` of the calls are passed on."""
        last = self._told.get(band)
        if last is not None and done != total and _step(done, total) == _step(*last):
            # Kept back, so that the last one of a band is told even if it is no full step further.
            self._held[band] = (done, total, unit)
            return
        self._held.pop(band, None)
        self._tell(band, done, total, unit)

    def _tell(self, band: Optional[int], done: int, total: int, unit: str) -> None:
        if self._told.get(band) == (done, total):
            return
        self._told[band] = (done, total)
        self.say(f"{'' if band is None else f'band {band}: '}{done} of {total} {unit}")
        of_band = {} if band is None else {"band": band}
        self.publisher.session_data(
            {"progress": {"stage": self.name, **of_band, "done": done, "total": total}})
        self.faults.hang_once()

    def progress_of(self, band: int, unit: str = "channels") -> Callable[[int, int], None]:
        """The progress of one band, for an operation of the instrument."""
        return lambda done, total: self.progress(band, done, total, unit)

    def wait(self, seconds: float) -> None:
        """A wait that the operation needs on hardware; the simulator waits its share of it."""
        interruption.sleep(seconds * (self.options.time_scale if self.instrument.simulated else 1.0))

    def setting(self, name: str, band: Optional[int] = None, configured_as: Optional[str] = None) -> Any:
        """An option as the command line gives it, else as the device configuration has it, else its default."""
        if name not in self.options.given:
            configured = self.instrument.configured(configured_as or name, band)
            if configured is not None:
                return configured
        return getattr(self.options, name)

    def descent(self, band: int) -> Descent:
        """How tones are brought to the bottoms of their dips."""
        return Descent(*[self.setting(name, band) for name in ("max_iters", "gain", "step_hz", "converge_hz",
                                                               "beta")], self.options.timeout)

    def register(self, path: str, kind: str, file_format: str, plot: bool = False) -> None:
        """A file of this stage: into the result, and told to the watchers."""
        self.files.append(path)
        self.publisher.register_file(path, kind, file_format, self.instrument.version, plot)

    def save_results(self, name: str, kind: str, results: Dict[str, Any], fields: Sequence[Field],
                     rows: Sequence[Sequence[Any]]) -> str:
        """What was found, by channel: on hardware as sodetlib has it, under its type name; in the simulator a
        plain table, whose type says so. Returns its path."""
        path = self.folder.output(f"{name}.npy")
        if self.instrument.save_results(path, results):
            self.register(path, kind, "npy")
        else:
            write_table(path, fields, rows)
            self.register(path, f"{kind}_table", "npy")
        return path

    def begin(self) -> None:
        """The step begins."""
        self.publisher.session_data(self.told.step(self.name, time.time()))

    def title(self, what: str, band: Optional[int] = None) -> str:
        """Title of a plot."""
        return ", ".join([what] + ([f"band {band}"] if band is not None else []) + [self.folder.time_text])

    def each_band(self, measure: Callable[[int], Mapping[str, Any]]) -> None:
        """Works on each band. A band that fails is reported, and the others go on."""
        for band in self.options.bands:
            interruption.look()
            if str(band) in self.errors:
                continue
            try:
                self._begin(None)
                self._begin(band)
                numbers = finite(measure(band))
                self.numbers.setdefault(str(band), {}).update(numbers)
                if band in self._held:
                    self._tell(band, *self._held.pop(band))
            except DryEnd as end:
                self.say(f"band {band}: the dry run ends here: {end}")
            except CannotWork as reason:
                self._leave(band, reason)
                self.errors[str(band)] = str(reason)
                self.complain(f"{self.name} band {band}: cannot work: {reason}")

    def _begin(self, band: Optional[int]) -> None:
        """From here on a band, or what all share, is put back if the stage does not get to its end."""
        if band not in self._begun and self.name in SWEEPING_STAGES + TUNED_STAGES:
            context = self.instrument.as_before(band, self.name in TUNED_STAGES)
            context.__enter__()
            self._begun[band] = context

    def _leave(self, band: Optional[int], reason: Optional[BaseException]) -> None:
        context = self._begun.pop(band, None)
        if context is not None:
            try:
                context.__exit__(None if reason is None else type(reason), reason, None)
            except BaseException as raised:
                if raised is not reason:
                    raise

    def leave(self, reason: Optional[BaseException]) -> None:
        """The stage ends, for this reason if before its time; the last that was begun is put back first."""
        if reason is None and len(self.errors) == len(self.options.bands):
            reason = CannotWork("no band could be worked on")
        for band in reversed(list(self._begun)):
            self._leave(band, reason)

    def result(self) -> Dict[str, Any]:
        """The stage's result as it stands in the result file."""
        result: Dict[str, Any] = {"stage": self.name, "simulated": self.instrument.simulated,
                                  "seed": self.instrument.seed,
                                  "numbers": self.numbers, "files": self.files}
        if self.errors:
            result["errors"] = self.errors
        return result

    def write_result(self) -> None:
        target = os.environ.get("PYSMURF_RESULT_FILE")
        if target:
            write_text(target, json.dumps(self.result(), allow_nan=False) + "\n")

    def finish(self) -> None:
        """Give the numbers to those who wait for them."""
        for band, numbers in sorted(self.numbers.items()):
            text = ", ".join(f"{key} {readable(value)}" for key, value in numbers.items()
                             if not is_quantile(key))
            self.say(f"band {band} done: {text}")
        self.write_result()
        self.publisher.session_data(self.told.step(END, time.time()))
        self.publisher.session_data({self.name: self.numbers})
        done = ", ".join(sorted(self.numbers)) or "none"
        failed = f"; could not work on {', '.join(sorted(self.errors))}" if self.errors else ""
        self.publisher.session_log(self.last_words or f"{self.name}: bands {done} done{failed}")


def _connect(stage: Stage) -> Instrument:
    """The simulator, or what drives the hardware, as the command line and this machine have it."""
    options = stage.options
    if options.hardware or options.dry_hardware or not (options.simulate or not pysmurf_importable()):
        return _connect_hardware(stage)
    from tuning.simulator.registers import PATIENCE_S, Registers
    from tuning.simulator.resonator_array import Band
    from tuning.simulator.smurf import ArrayChoice, SimulatedSmurf
    from tuning.simulator.truth import TruthFile

    truth = TruthFile(stage.folder)

    def drawn(band_number: int, band: Band) -> None:
        if truth.add(instrument.array_seed, band_number, band):
            stage.register(truth.path, "truth", "json")

    patience_s = HASTY_PATIENCE_S if stage.name in HASTY_STAGES else PATIENCE_S
    instrument = SimulatedSmurf(Registers(options.data_dir, patience_s),
                                ArrayChoice(options.seed, options.channels), stage.name in FRESH_ARRAY_STAGES,
                                stage.faults, options.time_scale, drawn, stage.name)
    return instrument


def _connect_hardware(stage: Stage) -> Instrument:
    from tuning.control import Memory, NoControl, open_control
    from tuning.hardware import HardwareSmurf

    if stage.faults:
        raise NoHardware("faults are the simulator's; hardware takes none (SMURF_SIM_FAULTS, --faults)")
    options = stage.options
    limit_s = options.open_timeout
    if limit_s is None:
        limit_s = HASTY_OPENING_S if stage.name in HASTY_STAGES else OPENING_S

    def complain(text: str) -> None:
        print(f"{stage.name}.py: error: {text}; use --simulate for the simulator", file=sys.stderr, flush=True)

    try:
        control = open_control(options.slot, options.ctime, limit_s, complain)
    except NoControl as missing:
        raise NoHardware(f"{missing}; use --simulate for the simulator") from missing
    dry = options.dry_hardware
    return HardwareSmurf(control, Memory(options.data_dir, options.slot, dry), dry, stage.say)


def pysmurf_importable() -> bool:
    """True where pysmurf is installed, which is told without importing it (that takes seconds)."""
    from importlib.util import find_spec

    spec = find_spec("pysmurf")
    # A mere folder of that name, such as the one these scripts lie in, has no origin.
    return spec is not None and spec.origin is not None


def _step(done: int, total: int) -> int:
    return done * PROGRESS_STEPS // max(total, 1)


def finite(numbers: Mapping[str, Any]) -> Numbers:
    """JSON has no infinities; what is not a finite number is told as null."""
    return {key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in numbers.items()}


def readable(value: Number) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value).lower()


def stage_main(name: str, description: Optional[str], run: Callable[[Stage], None],
               arguments: Optional[Sequence[str]] = None) -> int:
    """Run a stage from the command line; returns the exit code."""
    options = parse(name, description, arguments)
    try:
        faults = parse_faults([options.faults, os.environ.get("SMURF_SIM_FAULTS", "")], name)
    except UnknownFault as unknown:
        print(f"{name}.py: error: {unknown}", file=sys.stderr)
        return EXIT_ARGUMENTS
    return run_stage(name, options, faults, run)


def run_stage(name: str, options: Options, faults: Faults, run: Callable[[Any], None],
              made: Type[Stage] = Stage) -> int:
    """Run a stage, or what is ``made`` like one, with its options known."""
    interruption.watch()
    code = _run(name, options, faults, run, made)
    interruption.over()
    if "pysmurf" in sys.modules:
        # Its clients say goodbye at the exit, and one whose server hangs would do so for ever.
        end_for_certain(code)
    return code


def _run(name: str, options: Options, faults: Faults, run: Callable[[Any], None], made: Type[Stage]) -> int:
    try:
        with Publisher(name) as publisher:
            publisher.action, publisher.action_ts = name, str(int(time.time()))
            stage = made(name, options, faults, publisher)
            stage.say(stage.instrument.introduction)
            faults.begin(publisher)
            try:
                try:
                    stage.begin()
                    run(stage)
                except BaseException as reason:
                    stage.leave(reason)
                    raise
                stage.leave(None)
            except DryEnd as end:
                stage.say(f"the dry run ends here: {end}")
            except (CannotWork, OSError) as reason:
                stage.complain(f"{name}: cannot work: {reason}")
                return EXIT_CANNOT_WORK
            finally:
                # However deep it was swallowed.
                interruption.look()
            stage.finish()
    except NoHardware as missing:
        print(f"{name}.py: error: {missing}", file=sys.stderr)
        return EXIT_ARGUMENTS
    except (CannotWork, OSError) as reason:
        print(f"{name}: cannot work: {reason}", file=sys.stderr, flush=True)
        return EXIT_CANNOT_WORK
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr, flush=True)
        return EXIT_INTERRUPTED
    return EXIT_CANNOT_WORK if stage.errors else faults.exit_code


def end_for_certain(code: int) -> None:
    """See that the process ends, and soon: pulling down what pysmurf imported takes Python a second, in which
    no thread could end it."""
    from tuning.control import end_process

    timer = threading.Timer(EXIT_S, end_process, [code])
    timer.daemon = True
    timer.start()
    try:
        atexit._run_exitfuncs()
    finally:
        end_process(code)
