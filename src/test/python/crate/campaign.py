"""All stages and presets on real code over the crate; then each stage interrupted, and each fault met.

What comes out is a table in Markdown: what a stage ended with, its result against the crate's truth, what it
leaves otherwise than sodetlib's own operation, how fast it ends when interrupted, and what was left on.
"""
from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from crate.control import HERE, Crate, Sources
from crate.server import SLOT_NUMBER

BAND = 0
PLACES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Where a stage is interrupted, as parts of the time in which it spoke to the crate undisturbed."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGTERM, signal.SIGINT)
LONGEST_S = 400
SLOWEST_END_S = 2
"""From the signal to the end of the stage, whatever call of pysmurf it was in."""

SCANS_END_S = 60

STAGES: Dict[str, Tuple[str, ...]] = {
    "preflight": (), "setup_amps": (), "estimate_attens": (), "estimate_phase_delay": ("--n-scan", "2"),
    "find_freq": ("--start-freq", "-60", "--stop-freq", "60"), "setup_notches": (), "serial_algs": (),
    "squid_curve": ("--nsteps", "80", "--npts", "2", "--wait", "0.02"), "tracking_setup": (),
    "take_noise": ("--duration", "20"), "load_tune": (), "safe_state": ()}

PRESETS = {"full": ("preflight", "setup_amps", "estimate_attens", "estimate_phase_delay", "find_freq",
                    "setup_notches", "serial_algs", "squid_curve", "tracking_setup", "take_noise"),
           "relock": ("preflight", "setup_amps", "load_tune", "serial_algs", "tracking_setup", "take_noise"),
           "check": ("tracking_setup", "take_noise"), "afterwards": ("safe_state",)}
"""Preset setup is full without squid_curve."""

SCRATCH = ("etaScanFreqs", "etaScanResults", "etaScanAmplitude", "etaScanChannel", "WaveformEngine", "DaqMux",
           "DataFile", ".Message", ".Progress", ".Running", "IsOpen", "DebugSelect", "tuneFilePath", "Mask",
           "userConfig", "PayloadSize", "NumChannels", "AMCc.Time")
"""Registers that a measurement passes its work through; what they hold afterwards does nothing."""


SWITCHED_OFF = ("CryoChannels.amplitudeScale", "CryoChannels.feedbackEnable", "CfgRegEnaBit", "enableStreaming")


class Ended(NamedTuple):
    code: Optional[int]
    seconds: float
    spoke_s: float
    after_signal_s: float
    text: str
    numbers: Dict[str, Any]
    errors: Dict[str, str]
    files: List[str]


class Saved(NamedTuple):
    """A crate and what the stages remember, to begin again from."""

    settings: Dict[str, Any]
    files: str


class Run:
    """One variant: a crate, pysmurf of one version, with sodetlib or without."""

    def __init__(self, used: Sources, with_sodetlib: bool, folder: str, pace: float) -> None:
        self.used = used
        self.with_sodetlib = with_sodetlib
        self.crate = Crate(folder, used)
        self.crate.start(pace=pace)
        self.truth = self.crate.ask("truth", BAND)
        self.name = f"pysmurf {used.version} ({'EPICS' if used.old else 'rogue'}), " \
                    f"{'with' if with_sodetlib else 'without'} sodetlib"

    def run(self, stage: str, *extra: str, place_s: Optional[float] = None,
            by: int = signal.SIGINT) -> Ended:
        """A stage to its end, or with a signal so long after its first word to the crate."""
        begun = time.monotonic()
        signalled = None
        with tempfile.TemporaryFile("w+", errors="replace") as out:
            process = self.start_into(stage, STAGES.get(stage, ()) + extra, out)
            while place_s is not None and signalled is None and process.poll() is None:
                watched = self.crate.ask("watched")
                if watched and watched[0] >= place_s:
                    os.killpg(process.pid, by)
                    signalled = time.monotonic()
                else:
                    time.sleep(0.05)
            # From here on the crate is not asked: busy with a scan, it would answer late, and the end be seen late.
            try:
                code = process.wait(LONGEST_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                code = process.wait()
            ended = time.monotonic()
            out.seek(0)
            text = out.read()
        watched = self.crate.ask("watched")
        result: Dict[str, Any] = {}
        path = os.path.join(self.crate.folder, "result.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                result = json.load(file)
        return Ended(code, ended - begun, watched[1] if watched else 0.0,
                     ended - signalled if signalled else 0.0, text,
                     result.get("numbers", {}).get(str(BAND), result.get("numbers", {})), result.get("errors", {}), result.get("files", []))

    def start_into(self, stage: str, arguments: Tuple[str, ...], out) -> "subprocess.Popen[str]":
        path = os.path.join(self.crate.folder, "result.json")
        if os.path.exists(path):
            os.remove(path)
        self.crate.ask("begin_watch")
        bands = ("--bands", str(BAND)) if stage in STAGES else ()
        return subprocess.Popen(self.crate.command(stage, *bands, *arguments), text=True,
                                env=self.crate.environment(self.with_sodetlib), start_new_session=True,
                                stdout=out, stderr=subprocess.STDOUT)

    # --- state ------------------------------------------------------------------------------------

    def save(self) -> Saved:
        copy = tempfile.mkdtemp(prefix="saved-", dir=self.crate.folder)
        for part in ("data/hardware", "config"):
            if os.path.isdir(os.path.join(self.crate.folder, part)):
                shutil.copytree(os.path.join(self.crate.folder, part), os.path.join(copy, part))
        return Saved(self.crate.ask("settings"), copy)

    def restore(self, saved: Saved) -> None:
        self.wait_for_scans()
        self.crate.ask("restore", saved.settings)
        for part in ("data/hardware", "config"):
            shutil.rmtree(os.path.join(self.crate.folder, part), ignore_errors=True)
            if os.path.isdir(os.path.join(saved.files, part)):
                shutil.copytree(os.path.join(saved.files, part), os.path.join(self.crate.folder, part))

    def on(self) -> Dict[str, Any]:
        return self.crate.ask("look")["on"]

    def wait_for_scans(self) -> None:
        until = time.monotonic() + SCANS_END_S
        while "scan" in self.on() and time.monotonic() < until:
            time.sleep(0.1)

    def changed(self, before: Dict[str, Any]) -> Dict[str, Tuple[Any, Any]]:
        return differences(before, self.crate.ask("settings"))


def differences(before: Dict[str, Any], after: Dict[str, Any]) -> Dict[str, Tuple[Any, Any]]:
    found = {}
    for path, value in after.items():
        if not any(word in path for word in SCRATCH) and not np.array_equal(before.get(path), value):
            found[path.replace("AMCc.FpgaTopLevel.AppTop.AppCore.", "")] = (before.get(path), value)
    return found


def short(changes: Dict[str, Tuple[Any, Any]]) -> str:
    def brief(value: Any) -> str:
        if isinstance(value, np.ndarray):
            return f"{np.count_nonzero(value)} of {value.size} not 0"
        return f"{value:.6g}" if isinstance(value, float) else str(value)

    parts = []
    for path, (before, after) in changes.items():
        name = ".".join(path.split(".")[-2:]) if "Base" not in path else path.split("SysgenCryo.")[-1]
        if isinstance(after, np.ndarray) and isinstance(before, np.ndarray):
            parts.append(f"{name} (of {np.count_nonzero(before != after)})")
        else:
            parts.append(f"{name} {brief(before)} -> {brief(after)}")
    return "; ".join(parts) or "none"


# --- results against the truth ------------------------------------------------------------------------

def near(text: str, value: Any, wanted: float, within: float) -> Tuple[bool, str]:
    if value is None:
        return False, f"{text}: none"
    return abs(value - wanted) <= within, f"{text} {value:.5g} of {wanted:.5g}"


def tones_khz(run: Run) -> np.ndarray:
    """How far the tones that are on stand from where the response is lowest."""
    root = "AMCc.FpgaTopLevel.AppTop.AppCore.SysgenCryo.Base[0]"
    on = run.crate.ask("peek", f"{root}.CryoChannels.amplitudeScale") != 0
    places = run.crate.ask("peek", f"{root}.toneFrequencyOffsetMHz")[on] + \
        run.crate.ask("peek", f"{root}.CryoChannels.centerFrequencyMHz")[on]
    dips = run.truth["lowest_mhz"]
    return np.array([np.min(np.abs(dips - place)) for place in places]) * 1e3


def judge(run: Run, stage: str, ended: Ended) -> List[Tuple[bool, str]]:
    """What a stage's numbers are worth, beside its exit code."""
    numbers, truth = ended.numbers, run.truth
    if stage == "setup_amps":
        currents = run.crate.ask("look")["amplifiers"]
        return [near("hemt mA", numbers.get("hemt_id"), currents["hemt"], 0.25),
                near("50k mA", numbers.get("50k_id"), currents["50k"], 0.35),
                near("hemt true mA", currents["hemt"], 8, 0.3), near("50k true mA", currents["50k"], 15, 0.4)]
    if stage == "estimate_attens":
        att = numbers.get("att", 0)
        expected = truth["level"] * 10 ** (-att / 20)
        return [near("largest response", numbers.get("max_resp"), expected, 0.05 * expected)]
    if stage == "estimate_phase_delay":
        return [near("delay us", numbers.get("band_delay_us"), truth["band_delay_us"], 0.02)]
    if stage == "find_freq":
        return [near("resonators", numbers.get("n_res"), truth["n"], 0)]
    if stage in ("setup_notches", "load_tune", "serial_algs"):
        away = tones_khz(run)
        return [near("tones on", len(away), truth["n"], 0),
                near("tone to dip kHz, median", float(np.median(away)) if len(away) else None, 0, 1.5),
                near("largest", float(np.max(away)) if len(away) else None, 0, 5)]
    if stage == "squid_curve":
        return [near("Phi0", numbers.get("phi0_ffs"), truth["phi0_ffs"], 0.01 * truth["phi0_ffs"]),
                near("df kHz", numbers.get("df_khz"), truth["df_khz"], 0.05 * truth["df_khz"])]
    if stage == "tracking_setup":
        wanted = 5 * truth["phi0_ffs"] / 2
        return [near("good channels", numbers.get("n_good"), truth["n"], 1),
                near("carrier kHz", numbers.get("carrier_khz"), truth["carrier_khz_at_0.4_and_4khz"], 0.4),
                near("frac_pp", numbers.get("frac_pp"), wanted, 0.03 * wanted)]
    if stage == "take_noise":
        return [near("pA/rtHz", numbers.get("median_pa_rthz"), truth["white_pa"], 0.08 * truth["white_pa"]),
                near("knee Hz", numbers.get("fknee_hz"), truth["knee_hz"], 0.4 * truth["knee_hz"])]
    if stage == "safe_state":
        return [(not run.on(), f"left on: {told(run.on())}")]
    return []


def told(on: Dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" if value != 1 else name for name, value in on.items()) or "nothing"


# --- the three parts ----------------------------------------------------------------------------------

class Report:
    """Lines of a table, printed as they come; counts what is not as it should be."""

    def __init__(self) -> None:
        self.wrong: List[str] = []

    def say(self, line: str) -> None:
        print(line, flush=True)

    def check(self, fine: bool, text: str) -> str:
        if not fine:
            self.wrong.append(text)
        return text if fine else f"**{text}**"


def tail(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("[ ")]
    return " / ".join(lines[-3:])[-300:]


def undisturbed(run: Run, report: Report, presets: List[str]) -> Dict[str, Saved]:
    """Each preset in its order; returns the state before each stage."""
    before: Dict[str, Saved] = {}
    report.say(f"\n### {run.name}: presets undisturbed\n\n| preset | stage | ended | result |\n| --- | --- | --- | --- |")
    for preset in presets:
        for stage in PRESETS[preset]:
            if stage not in before:
                before[stage] = run.save()
            ended = run.run(stage)
            where = f"{run.name}, {preset}, {stage}"
            fine = ended.code == 0
            cells = [report.check(fine, f"{ended.code} after {ended.seconds:.0f} s")]
            if not fine:
                report.wrong.append(f"{where}: {tail(ended.text)}")
                cells.append(tail(ended.text))
            else:
                cells.append(", ".join(report.check(ok, text) for ok, text in judge(run, stage, ended)))
            report.say(f"| {preset} | {stage} | {cells[0]} | {cells[1]} |")
    if "load_tune" not in before:
        # As a relock finds it: no tones, and a tune that is known.
        before["load_tune"] = Saved(before["setup_notches"].settings, before["serial_algs"].files)
    return before


def interrupted(run: Run, report: Report, before: Dict[str, Saved], stages: List[str],
                places: Tuple[float, ...]) -> None:
    """Each stage interrupted, and once killed as a time-out ends it; then safe_state, as after any of these."""
    report.say(f"\n### {run.name}: interrupted\n\n| stage | where | ended | on at its end | otherwise than before "
               "it | safe_state | on after it | otherwise than before the stage |\n| --- | --- | --- | --- | --- | --- | --- "
               "| --- |")
    for stage in stages:
        # Timed anew: a machine that other work shares is not as quick as it was.
        run.restore(before[stage])
        spoke_s = run.run(stage).spoke_s
        attempts = [(place, by) for place, by in zip(places, SIGNALS)] + [(0.5, signal.SIGKILL)]
        for place, by in attempts:
            run.restore(before[stage])
            settings = run.crate.ask("settings")
            ended = run.run(stage, place_s=place * spoke_s, by=by)
            killed = by == signal.SIGKILL
            name = "time-out, killed" if killed else f"{place:.0%} {signal.Signals(by).name}"
            left = told(run.on())
            changes = short(run.changed(settings))
            # Its work was done where it wrote a result: then the signal came too late to do anything.
            done = bool(ended.numbers) and not ended.errors
            fine = killed or done or ended.code == 130 and ended.after_signal_s < SLOWEST_END_S
            how = report.check(fine, f"{'done, ' if done else ''}{ended.code} {ended.after_signal_s:.1f} s after")
            safe = run.run("safe_state")
            right_after = told(run.on())
            run.wait_for_scans()
            finally_on = told(run.on())
            quiet = right_after == finally_on == "nothing"
            after = report.check(quiet, right_after if right_after == finally_on
                                 else f"{right_after}, then {finally_on}")
            code = report.check(safe.code == 0, f"{safe.code} after {safe.seconds:.0f} s")
            if not (fine and quiet and safe.code == 0):
                report.wrong.append(f"{run.name}, {stage} {name}: {tail(ended.text)} | {tail(safe.text)}")
            # What safe_state switches off is no longer as it was, and shall not be.
            kept = {path: values for path, values in run.changed(settings).items()
                    if not path.endswith(SWITCHED_OFF)}
            report.say(f"| {stage} | {name} | {how} | {left} | {changes[:400]} | {code} | {after} | {short(kept)} |")


class Case(NamedTuple):
    """A fault: the state it is met from, what is switched on, the stage, and what must come of it."""

    name: str
    state: str
    faults: Dict[str, Any]
    stage: str
    extra: Tuple[str, ...]
    fine: Callable[[Run, Ended], bool]
    expected: str


ALL_ON = {"AMCc.FpgaTopLevel.AppTop.AppCore.RtmCryoDet.RtmSpiSr.CfgRegEnaBit": 1,
          "AMCc.FpgaTopLevel.AppTop.AppCore.SysgenCryo.Base[1].noiseSelect": 1}


def dead_channel(run: Run) -> int:
    root = "AMCc.FpgaTopLevel.AppTop.AppCore.SysgenCryo.Base[0].CryoChannels.amplitudeScale"
    return int(np.nonzero(run.crate.ask("peek", root))[0][3])


CASES = [
    Case("no card", "tracking_setup", {"card": "none"}, "safe_state", (), lambda run, ended: not run.on(),
         "all off"),
    Case("no card", "setup_amps", {"card": "none"}, "setup_amps", (), lambda run, ended: ended.code == 1, "1, in words"),
    Case("C04", "tracking_setup", {"card": "c04"}, "safe_state", ("--amps", "off"),
         lambda run, ended: ended.code == 0 and not run.on() and run.crate.ask("look")["power"] == 0,
         "all off, amplifiers too"),
    Case("C05", "setup_amps", {"card": "c05"}, "setup_amps", (), lambda run, ended: ended.code == 1, "1, in words"),
    Case("dead channel", "serial_algs", {"dead": True}, "serial_algs", (),
         lambda run, ended: ended.code == 0 and run.on().get("tones in band 0") == run.truth["n"] - 1,
         "0, that channel off, the others on"),
    Case("no flux", "tracking_setup", {"no_flux": True}, "tracking_setup", (),
         lambda run, ended: ended.code == 1 or ended.numbers.get("n_good") == 0 and
         abs(ended.numbers.get("frac_pp", 0) - 0.4) < 1e-6, "no carrier, ramp not rescaled"),
    Case("late mark", "serial_algs", {"late_mark_s": 0.4}, "serial_algs", (),
         lambda run, ended: ended.code == 0 and run.on().get("tones in band 0") == run.truth["n"] and
         "scan" not in run.on() and float(np.median(tones_khz(run))) < 2.5, "waits for both scans"),
    Case("not configured", "preflight", {"SystemConfigured": False}, "preflight", (),
         lambda run, ended: ended.numbers.get("state_ok") is False, "state_ok false"),
    Case("server silent", "preflight", {"frozen": True}, "preflight", (),
         lambda run, ended: ended.code in (1, 2) and ended.seconds < 60, "ends within its limit, in words"),
    Case("saturated ADC", "estimate_phase_delay", {"saturated_adc": True}, "estimate_phase_delay", (),
         lambda run, ended: ended.code == 1 and not run.on(), "1, noise off"),
    Case("1 kHz ramp", "tracking_setup", {}, "tracking_setup", ("--reset-rate-khz", "1"),
         lambda run, ended: ended.code == 0 and ended.numbers["n_good"] >= run.truth["n"] - 1, "tracks"),
    Case("2 kHz ramp", "tracking_setup", {}, "tracking_setup", ("--reset-rate-khz", "2"),
         lambda run, ended: ended.code == 0 and ended.numbers["n_good"] >= run.truth["n"] - 1, "tracks"),
    Case("sweep past the channel", "setup_notches", {}, "setup_notches", ("--sweep-width", "1.5"),
         lambda run, ended: ended.code in (1, 2) and not run.on(), "refused"),
    Case("scan left running", "setup_notches", {"scan": True}, "safe_state", (),
         lambda run, ended: ended.code == 0 and not run.on(), "quiet only after the scan"),
]


def faulty(run: Run, report: Report, before: Dict[str, Saved]) -> None:
    report.say(f"\n### {run.name}: faults\n\n| fault | stage | ended | wanted | on at its end |\n"
               "| --- | --- | --- | --- | --- |")
    for case in CASES:
        if case.state not in before:
            continue
        run.restore(before[case.state])
        changes = dict(case.faults)
        if changes.pop("dead", False):
            changes["dead_channels"] = [dead_channel(run)]
        if "SystemConfigured" in changes:
            run.crate.ask("poke", "AMCc.SmurfApplication.SystemConfigured", changes.pop("SystemConfigured"))
        if changes.pop("scan", False):
            run.restore(before["serial_algs"])
            run.crate.ask("poke", "AMCc.FpgaTopLevel.AppTop.AppCore.SysgenCryo.Base[0].CryoChannels."
                          "runSerialGradientDescent", 1)
        if case.stage == "safe_state":
            for path, value in ALL_ON.items():
                run.crate.ask("poke", path, value)
        run.crate.ask("faults", **changes)
        ended = run.run(case.stage, *case.extra)
        run.wait_for_scans()
        fine = case.fine(run, ended)
        on = told(run.on())
        run.crate.ask("faults", card="c02", dead_channels=[], no_flux=False, late_mark_s=0.0, saturated_adc=False,
                      frozen=False)
        if not fine:
            report.wrong.append(f"{run.name}, {case.name}, {case.stage}: {tail(ended.text)}")
        report.say(f"| {case.name} | {case.stage} {' '.join(case.extra)} | "
                   f"{report.check(fine, f'{ended.code} after {ended.seconds:.0f} s')}: {tail(ended.text)} | "
                   f"{case.expected} | {on} |")


def beside_sodetlib(run: Run, report: Report, before: Dict[str, Saved]) -> None:
    """What our stage and sodetlib's operation leave otherwise, from the same beginning on the same crate."""
    report.say(f"\n### {run.name}: beside sodetlib's own operations\n\n| stage | sodetlib ended | registers that "
               "differ: sodetlib's -> ours |\n| --- | --- | --- |")
    # On pysmurf's main none of them opens its control object; there our files are read only.
    stages = ("setup_amps", "estimate_attens", "estimate_phase_delay", "setup_notches", "serial_algs",
              "tracking_setup", "squid_curve")
    for stage in stages if run.used.old else stages[-1:]:
        run.restore(before[stage])
        theirs = sodetlib(run, stage, str(BAND))
        run.wait_for_scans()
        left = run.crate.ask("settings")
        run.restore(before[stage])
        ours = run.run(stage)
        run.wait_for_scans()
        report.say(f"| {stage} | {theirs.returncode} {tail(theirs.stderr) if theirs.returncode else ''} | "
                   f"{short(differences(left, run.crate.ask('settings')))} |")
    # Behind the squid curve, which comes last: its own files, and the tune in use.
    with open(os.path.join(run.crate.folder, "data", "hardware", f"slot{SLOT_NUMBER}.json"), encoding="utf-8") as file:
        tune = json.load(file)["tune_file"]
    read = sodetlib(run, "read", tune, *[path for path in ours.files if path.endswith("_fr_sweep_data.npy")])
    results = {"sodetlib's fit of our file": read, **({"sodetlib's own": theirs} if run.used.old else {})}
    found = {name: json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
             for name, done in results.items()}
    found["ours"] = {"Phi0": ours.numbers.get("phi0_ffs"), "df kHz": ours.numbers.get("df_khz")}
    report.say("\n| squid_curve, tune | result |\n| --- | --- |")
    for name, numbers in found.items():
        cells = [near("Phi0", numbers.get("Phi0"), run.truth["phi0_ffs"], 0.01 * run.truth["phi0_ffs"]),
                 near("df kHz", numbers.get("df kHz"), run.truth["df_khz"], 0.05 * run.truth["df_khz"])]
        if "dips" in numbers:
            dips = run.truth["dips_mhz"] + run.truth["centre_mhz"]
            away = [float(np.min(np.abs(dips - dip))) * 1e3 for dip in numbers["dips"]]
            cells += [near("fit_tune's resonators", len(away), run.truth["n"], 0),
                      near("off their dips kHz, median", float(np.median(away)), 0, 1)]
        elif name in results and results[name].returncode:
            cells.append((False, tail(results[name].stderr)))
        report.say(f"| {name} | {', '.join(report.check(ok, text) for ok, text in cells)} |")


OPERATIONS = (("set_biases", "--bias", "[2, 3.5]", "--bgs", "[4, 11]"), ("overbias_tes",),
              ("bias_dets", "--rfrac", "0.5"), ("bias_dets", "--rfrac", "[0.3, 0.6]"), ("check_state", "--test-mode"),
              ("stream", "--duration", "2", "--tag", "night"), ("set_biases", "--zero"))
"""Those that take no g3 stream to analyse: nothing here writes one."""


def operations(run: Run, report: Report) -> None:
    """What a night does with biases and streams, by sodetlib's own functions; killed ones are put back."""
    report.say(f"\n### {run.name}: operations\n\n| operation | ended | numbers |\n| --- | --- | --- |")
    sodetlib(run, "put_iv", os.path.join(run.crate.folder, "config", "iv.npy"))
    for name, *extra in OPERATIONS:
        ended = run.run(name, *extra)
        fine = ended.code == 0 and ended.numbers.get("readback_off_v", 0) < 0.01
        if not fine:
            report.wrong.append(f"{run.name}, {name}: {tail(ended.text)}")
        report.say(f"| {name} {' '.join(extra)} | {report.check(fine, f'{ended.code} after {ended.seconds:.0f} s')} | "
                   f"{ended.numbers} |")
    for by in (signal.SIGINT, signal.SIGKILL):
        # That it is the same session is what tells put_back whose work it finishes.
        ended = run.run("overbias_tes", "--ctime", "1", place_s=2.0, by=by)
        between = told(run.on())
        if by == signal.SIGKILL:
            run.run("put_back", "--ctime", "1")
        left = told(run.on())
        report.say(f"| overbias_tes, {signal.Signals(by).name} | {ended.code} {ended.after_signal_s:.1f} s after, on: "
                   f"{between} | left on: {report.check(left == 'nothing', left)} |")


def sodetlib(run: Run, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, os.path.join(HERE, "sodetlib_operation.py"), *arguments],
                          env=run.crate.environment(True), text=True, capture_output=True, check=False)


def campaign(used: Sources, arguments: List[str]) -> int:
    parser = argparse.ArgumentParser(prog="crate campaign", description=__doc__)
    parser.add_argument("--stages", default=",".join(stage for stage in STAGES if stage != "safe_state"),
                        help="interrupt these (all)")
    parser.add_argument("--places", default=",".join(map(str, PLACES)),
                        help="interrupt at these parts of their time (%(default)s)")
    parser.add_argument("--parts", default="presets,interrupted,faults,sodetlib,operations", help="these parts (all)")
    parser.add_argument("--sodetlib", choices=("both", "with", "without"), default="both")
    parser.add_argument("--pace", type=float, default=1.0, help="how slow the crate's scans are (1)")
    options = parser.parse_args(arguments)
    variants = [False] if used.sodetlib is None or options.sodetlib == "without" else \
        [True] if options.sodetlib == "with" else [False, True]
    report = Report()
    if used.sodetlib is None:
        report.say("SODETLIB_SRC is not set: without sodetlib only")
    for with_sodetlib in variants:
        folder = tempfile.mkdtemp(prefix="crate-")
        run = Run(used, with_sodetlib, folder, options.pace)
        try:
            parts = options.parts.split(",")
            if "operations" in parts and with_sodetlib and used.old:
                # On pysmurf's main none of them opens its control object.
                operations(run, report)
            before = {} if parts == ["operations"] else undisturbed(run, report, list(PRESETS) if "presets" in parts else ["full"])
            if "faults" in parts:
                faulty(run, report, before)
            if "sodetlib" in parts and with_sodetlib:
                beside_sodetlib(run, report, before)
            if "interrupted" in parts:
                places = tuple(float(place) for place in options.places.split(","))
                stages = [stage for stage in options.stages.split(",") if stage in before]
                interrupted(run, report, before, stages, places)
        finally:
            run.crate.stop()
            shutil.rmtree(folder, ignore_errors=True)
    report.say(f"\n{len(report.wrong)} not as it should be" + "".join(f"\n- {text}" for text in report.wrong))
    return 1 if report.wrong else 0
