"""The stages on hardware: every call against the recorded signatures, and each stage on a stand-in.

``signatures.json`` holds, for each thing the hardware layer uses of pysmurf and sodetlib, where it is defined
and its parameters with their defaults, as read from the repositories' own source at the commits named there
(by walking Python's ``ast`` of the modules; no code was copied). Neither hardware nor the packages are
needed here.
"""
from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import unittest
from types import SimpleNamespace
from typing import Any, Dict, List, NamedTuple, Optional, Tuple
from unittest import mock

import stage_process
from stage_process import CTIME, SETUP, TIMEOUT_S, Slot
from test_stages import NUMBERS

import fake_smurf
from fake_smurf import DIPS_MHZ, MAIN, RECORD, RELEASE, Server, entries
from tuning import control, hardware
from tuning.calls import LAYER, OPENING, OWNERS, fits, layer_uses, tree, uses
from tuning.guard import DryEnd, guard_registers
from tuning.instrument import Instrument
from tuning.interruption import interruption
from tuning.stage import stage_main


SODETLIBS_OWN = ("config.S", "smurf._sodetlib_cfg")
"""What its get_smurf_control leaves for its own operations."""


class SignatureTest(unittest.TestCase):
    """Nothing is asked of pysmurf and sodetlib that they do not have, in either version of pysmurf."""

    def test_the_record_names_its_commits(self) -> None:
        for source in RECORD["sources"].values():
            self.assertRegex(source["repository"], "^https://github.com/")
            self.assertRegex(source["commit"], "^[0-9a-f]{40}$")
        self.assertEqual(set(RECORD["entries"]), set(RECORD["sources"]))

    def test_every_use_is_recorded_and_every_call_fits(self) -> None:
        for version in (MAIN, RELEASE):
            for use in layer_uses():
                where = f"{version}: {use.where} {use.name}"
                self.assertTrue(use.name in entries(version), where)
                if entries(version)[use.name]["kind"] == "attribute":
                    self.assertIsNone(use.call, where)
                elif use.call is not None and use.name not in OPENING:
                    self.assertIsNone(fits(fake_smurf.signature(use.name, version), use.call), where)

    def test_nothing_recorded_is_unused(self) -> None:
        used = {use.name for use in layer_uses()}
        self.assertEqual(set(entries(MAIN)) - used, {"SmurfBase.__init__"})

    def test_the_objects_go_by_their_names_only(self) -> None:
        """A second name would hide calls from the tests above; names put together are those of before.py."""
        for file in LAYER:
            for node in ast.walk(tree(file)):
                if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                    if ast.unparse(node.value) in OWNERS and ast.unparse(target) not in SODETLIBS_OWN:
                        self.assertIn(ast.unparse(target), OWNERS, f"{file}:{node.lineno}")
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr") \
                        and file != "before.py":
                    self.assertNotIn(ast.unparse(node.args[0]), OWNERS, f"{file}:{node.lineno}")

    def test_a_wrong_call_would_be_seen(self) -> None:
        for text in ("self._smurf.find_freq(0, ampcut=1)", "self._smurf.relock()",
                     "self._smurf.C.write_ps_en(1, 2)", "self._smurf.get_rf_enable(0, 1)"):
            use = next(use for use in uses(ast.parse(text), "text") if use.call is not None)
            assert use.call is not None
            self.assertIsNotNone(fits(fake_smurf.signature(use.name), use.call), text)

    def test_hardware_offers_what_the_interface_asks_for(self) -> None:
        for name, part in vars(Instrument).items():
            if inspect.isfunction(part) and not name.startswith("_"):
                self.assertEqual(inspect.signature(getattr(hardware.HardwareSmurf, name)),
                                 inspect.signature(part), name)


class Ended(NamedTuple):
    code: int
    out: str
    err: str
    result: Optional[Dict[str, Any]]

    def numbers(self, band: int = 0) -> Dict[str, Any]:
        assert self.result is not None, self.err
        return self.result["numbers"][str(band)]


class OnStandIn(unittest.TestCase):
    """Runs stages in this process, on a stand-in of the packages."""

    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="hardware-")
        self.addCleanup(self.folder.cleanup)
        for name in ("tunes", "config"):
            os.mkdir(self.path(name))
        with open(self.path("config", "sys_config.yml"), "w", encoding="utf-8"):
            pass
        with open(self.path("pysmurf.cfg"), "w", encoding="utf-8"):
            pass
        self.server = Server(self.path("tunes"))
        self.version = MAIN
        self.slept: List[float] = []
        self.environment = {"OCS_CONFIG_DIR": self.path("config"), "SMURFPUB_ID": "slot2"}
        for name in ("SIGINT", "SIGTERM"):
            number = getattr(signal, name)
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        patch = mock.patch("tuning.hardware.time.sleep", self.slept.append)
        patch.start()
        self.addCleanup(patch.stop)

    def path(self, *parts: str) -> str:
        return os.path.join(self.folder.name, *parts)

    def run_stage(self, stage: str, *arguments: str, fails: Optional[Exception] = None,
                  mode: Tuple[str, ...] = ("--hardware", "--slot", "2"),
                  modules: Optional[Dict[str, Any]] = None) -> Ended:
        result = self.path("result.json")
        if os.path.exists(result):
            os.remove(result)
        given = ["--data-dir", self.path("data"), "--ctime", str(CTIME), *mode, *arguments]
        out, err = io.StringIO(), io.StringIO()
        plain = {name: value for name, value in os.environ.items()
                 if not name.startswith(("SMURF", "PYSMURF_", "OCS_", "CONFIG_FILE"))}
        environment = {**plain, "PYSMURF_RESULT_FILE": result, **self.environment}
        found = {**fake_smurf.modules(self.server, fails, self.version), **(modules or {})}
        interruption.__init__()  # type: ignore[misc]
        with mock.patch.dict(sys.modules, found), \
                mock.patch.dict(os.environ, environment, clear=True), \
                mock.patch("tuning.stage.end_for_certain"), \
                contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = self.called(stage, given)
        told = None
        if os.path.exists(result):
            with open(result, encoding="utf-8") as file:
                told = json.load(file)
        self.assertNotIn("Traceback", err.getvalue())
        return Ended(code, out.getvalue(), err.getvalue(), told)

    def called(self, stage: str, given: List[str]) -> int:
        module = importlib.import_module(stage)
        return module.main(given) if stage == "safe_state" else \
            stage_main(stage, module.__doc__, module.run, given)

    def run_well(self, stage: str, *arguments: str) -> Ended:
        ended = self.run_stage(stage, *arguments)
        self.assertEqual((ended.code, ended.err), (0, ""), f"{stage}\n{ended.out}")
        return ended

    def tuned(self) -> None:
        for stage in ("preflight", "setup_amps", "find_freq", "setup_notches"):
            self.run_well(stage)

    def interrupt(self, name: str, at: int = 1, leaving: Any = None, number: int = signal.SIGINT,
                  swallowed: bool = False) -> None:
        """A signal at the nth call of this name, behind what the call had done until then."""
        count = 0

        def interrupted(**arguments: Any) -> None:
            nonlocal count
            count += 1
            if count == at:
                if leaving is not None:
                    leaving()
                try:
                    os.kill(os.getpid(), number)
                except BaseException:  # pylint: disable=broad-except
                    # As pysmurf does where it reads the DAC.
                    if not swallowed:
                        raise
        self.server.before[name] = interrupted


class OpeningTest(OnStandIn):
    """By the arguments that the installed pysmurf takes, and with the configuration that is there."""

    def opened(self) -> Dict[str, Any]:
        self.run_well("preflight")
        return self.server.opened[-1]

    def test_each_version_with_sodetlib_and_without(self) -> None:
        address = {MAIN: ("server_port", 9006), RELEASE: ("epics_root", "smurf_server_s2")}
        plain = {"CONFIG_FILE": self.path("pysmurf.cfg"), "SMURFPUB_ID": "slot2"}
        for environment in (self.environment, plain):
            for self.version, (name, value) in address.items():
                self.environment = environment
                opened = self.opened()
                where = f"{self.version}, {environment}"
                self.assertEqual((opened[name], opened["name"]), (value, str(CTIME)), where)
                self.assertEqual(opened.get("data_path_id"), "stream" if environment is not plain else None, where)

    def refused(self, modules: Optional[Dict[str, Any]] = None) -> str:
        ended = self.run_stage("find_freq", modules=modules)
        self.assertEqual(ended.code, 2, ended.out + ended.err)
        return ended.err

    def test_sodetlib_is_missed_where_its_configuration_lies(self) -> None:
        told = self.refused({"sodetlib.det_config": None, "sodetlib": None})
        self.assertIn("sodetlib cannot be imported, and", told)
        self.assertIn("sys_config.yml asks for it", told)

    def test_a_pysmurf_that_takes_neither_is_named(self) -> None:
        class Other:
            def __init__(self, cfg_file: str, **rest: Any) -> None:
                raise AssertionError("not to be opened")
        client = fake_smurf.modules(self.server)["pysmurf.client"]
        client.SmurfControl = Other  # type: ignore[attr-defined]
        self.assertIn("takes neither server_port nor epics_root", self.refused({"pysmurf.client": client}))

    def test_no_configuration(self) -> None:
        self.environment = {"OCS_CONFIG_DIR": self.path("tunes")}
        self.assertIn("CONFIG_FILE names no file of pysmurf", self.refused())
        self.environment = {"CONFIG_FILE": self.path("nowhere.cfg")}
        self.assertIn("there is no file", self.refused())


class PreflightTest(OnStandIn):
    def looked(self, *arguments: str) -> Tuple[bool, str]:
        self.server.calls.clear()
        ended = self.run_stage("preflight", *arguments)
        self.assertEqual(ended.code, 0, ended.err)
        return ended.numbers()["state_ok"], ended.out

    def test_what_is_not_fine_is_told_and_nothing_is_touched(self) -> None:
        def off_key(server: Server) -> None:
            server.registers[("noise_select", 1)] = 1
        faults = {"system configured +NOT FINE": lambda: setattr(self.server, "system_configured", False),
                  "cryostat card +NOT FINE +none answers": lambda: setattr(self.server, "firmware", (0, 0, 0)),
                  "scans running +NOT FINE +in band 1": lambda: self.server.scanning.update({1: 99})}
        for told, make in faults.items():
            self.server = Server(self.path("tunes"))
            off_key(self.server)
            make()
            fine, out = self.looked()
            self.assertIs(fine, False, told)
            self.assertRegex(out, told)
            self.assertEqual([call for call in self.server.calls if call.startswith(("set_", "_caput"))], [], told)
            self.assertIn("noise", out)

    def test_a_call_that_does_not_fit_is_named(self) -> None:
        modules = fake_smurf.modules(self.server)

        def narrow(smurf: Any, band: int) -> None:
            raise AssertionError("not to be called")
        setattr(modules["pysmurf.client"].SmurfControl, "find_freq", narrow)  # type: ignore[attr-defined]
        ended = self.run_stage("preflight", modules=modules)
        self.assertIs(ended.numbers()["state_ok"], False)
        self.assertRegex(ended.out, "calls +NOT FINE .*SmurfControl.find_freq: got an unexpected keyword")

    def test_both_versions_fit(self) -> None:
        for self.version in (MAIN, RELEASE):
            fine, out = self.looked("--keep-outputs")
            self.assertIs(fine, True, out)

    def test_a_dry_run_reads_and_writes_nothing(self) -> None:
        written: List[Any] = []
        register = SimpleNamespace(put=written.append, set=written.append)
        smurf = SimpleNamespace(_caget=lambda name: name, _caput=lambda *args, **rest: written.append(args),
                                C=SimpleNamespace(writepv=register))
        said: List[str] = []
        guard_registers(smurf, True, said.append)
        smurf._caput("AMCc:Base[0]:rfEnable", 0, wait_done=True)
        smurf.C.writepv.put(1 << 31 | 0x7 << 20)
        self.assertEqual((smurf._caget("a"), written), ("a", [1 << 31 | 0x7 << 20]))
        for start in (lambda: smurf._caput("AMCc.CryoChannels.runSerialFindFreq", 1),
                      lambda: smurf._caput("AMCc:DaqMuxV2[0]:TriggerDaq", 1),
                      lambda: smurf.C.writepv.set(0x7 << 20 | 3)):
            self.assertRaises(DryEnd, start)
        self.assertEqual(len(written), 1)
        self.assertEqual(said[0], "dry: would write AMCc:Base[0]:rfEnable = 0")

    def test_what_switches_off_stays_dry_behind_a_broken_command_line(self) -> None:
        with contextlib.redirect_stderr(io.StringIO()):
            options = importlib.import_module("safe_state").options(["--dry-hardware", "--bands", "x"])
        self.assertTrue(options.dry_hardware)


class RightNumbersTest(OnStandIn):
    """Each of these came out wrong, in silence, on pysmurf's own code."""

    def test_a_dead_channel_stays_off_and_fails_alone(self) -> None:
        self.tuned()
        on = self.server.on(0)
        self.server.dead = [on[2]]
        numbers = self.run_well("serial_algs").numbers()
        self.assertEqual((numbers["n_failed"], numbers["n_all"]), (1, len(on)))
        self.assertEqual(self.server.on(0), [channel for channel in on if channel != on[2]])

    def test_a_mark_that_comes_late_is_waited_for(self) -> None:
        self.tuned()
        self.server.mark_late = 5
        self.run_well("serial_algs")
        self.assertEqual(self.server.scanning[0], 0)

    def test_a_sweep_stays_in_its_channel(self) -> None:
        self.assertEqual(self.run_stage_refused("setup_notches", "--sweep-width", "1.1"), 2)

    def run_stage_refused(self, *arguments: str) -> int:
        with self.assertRaises(SystemExit) as end:
            self.run_stage(*arguments)
        return int(str(end.exception.code))

    def test_without_a_flux_response_no_carrier_is_made_up(self) -> None:
        self.tuned()
        self.server.flux = False
        numbers = self.run_well("tracking_setup").numbers()
        self.assertIsNone(numbers["carrier_khz"])
        self.assertEqual((numbers["frac_pp"], numbers["n_good"]), (0.4, 0))

    def test_slow_ramps_get_longer_traces(self) -> None:
        self.tuned()
        for rate, samples in (("4", 2 ** 18), ("2", 2 ** 19), ("1", 2 ** 20), ("10", 2 ** 18)):
            self.run_well("tracking_setup", "--reset-rate-khz", rate)
            self.assertEqual(self.server.tracked_with[-1]["nsamp"], samples, rate)

    def test_a_first_tune_on_the_release(self) -> None:
        self.version = RELEASE
        self.tuned()
        with open(self.server.tune_path, "rb") as file:
            tune = pickle.load(file)
        self.assertEqual(tune[0]["find_freq"]["timestamp"], ["1700000123"])

    def test_files_are_what_their_type_names_say(self) -> None:
        self.tuned()
        ended = self.run_well("tracking_setup")
        path = next(path for path in (ended.result or {})["files"] if path.endswith("tracking_results.npy"))
        with open(path, "rb") as file:
            results = pickle.load(file)
        self.assertEqual(results["channels"], self.server.on(0))
        self.assertEqual(len(results["f"]), len(results["r2"]))

    def test_bands_that_are_tracked_together_are_in_one_file(self) -> None:
        for stage in ("preflight", "setup_amps", "find_freq", "setup_notches"):
            self.run_well(stage, "--bands", "0,1")
        ended = self.run_well("tracking_setup", "--bands", "0,1")
        path, = (path for path in (ended.result or {})["files"] if path.endswith(".npy"))
        with open(path, "rb") as file:
            results = pickle.load(file)
        self.assertTrue(path.endswith("0_tracking_results.npy"), path)
        self.assertEqual(results["bands"], [0] * len(self.server.on(0)) + [1] * len(self.server.on(1)))
        self.assertEqual(list(results["tracking_kwargs"]), [0, 1])

    def test_the_device_configuration_is_used_and_kept(self) -> None:
        self.server.exp.update({"amp_hemt_drain_current": 6.0, "amp_hemt_drain_current_tolerance": 0.3,
                                "res_amp_cut": 0.07, "flux_ramp_rate_khz": 4, "nphi0": 5})
        self.server.band_config[0].update({"tone_power": 10, "gradientDescentGain": 0.5})
        amps = self.run_well("setup_amps").numbers()
        self.assertAlmostEqual(amps["hemt_id"], 6.0, delta=0.3)
        self.assertEqual(self.server.exp["amp_hemt_gate_volt"], amps["hemt_vg"])
        self.run_well("find_freq")
        self.assertEqual(self.server.tracked_with[-1], {"tone_power": 10, "amp_cut": 0.07})
        self.run_well("find_freq", "--tone-power", "11")
        self.assertEqual(self.server.tracked_with[-1]["tone_power"], 11)
        self.run_well("setup_notches")
        self.run_well("serial_algs")
        self.assertEqual(self.server.registers[("gradient_descent_gain", 0)], 0.5)
        self.assertEqual(self.server.registers[("eta_scan_del_f", 0)], 0)
        self.run_well("tracking_setup", "--reset-rate-khz", "10")
        # What a relock by sodetlib scales by its own reset rate, which is 4.
        self.assertAlmostEqual(self.server.band_config[0]["lms_freq_hz"], 20000)
        self.assertAlmostEqual(self.server.band_config[0]["frac_pp"], 0.45)

    def test_a_squid_curve_begins_with_tones_centred_at_no_flux(self) -> None:
        self.tuned()
        self.server.calls.clear()
        self.run_well("squid_curve", *SHORT)
        order = [call for call in self.server.calls
                 if call in ("set_fixed_flux_ramp_bias", "run_serial_gradient_descent", "run_serial_eta_scan",
                             "toggle_feedback")]
        self.assertEqual(order[:5], ["set_fixed_flux_ramp_bias", "run_serial_gradient_descent",
                                     "run_serial_eta_scan", "toggle_feedback", "set_fixed_flux_ramp_bias"])

    def test_a_squid_curve_is_taken_without_the_gain_of_the_harmonics(self) -> None:
        """It is none in the device configuration; sodetlib sets it, too."""
        self.tuned()
        self.server.registers["lms_gain", 0] = 5
        gains = set()
        self.server.before["get_loop_filter_output_array"] = \
            lambda **_: gains.add(self.server.registers["lms_gain", 0])
        self.run_well("squid_curve", *SHORT)
        self.assertEqual((gains, self.server.registers["lms_gain", 0]), ({0}, 5))

    def test_the_current_that_is_told_is_the_one_that_was_accepted(self) -> None:
        count = 0

        def noisier(**arguments: Any) -> None:
            nonlocal count
            count += 1
            self.server.gates["50k"] += 0.0003
        self.server.before["get_amplifier_biases"] = noisier
        ended = self.run_well("setup_amps")
        told = next(line for line in ended.out.splitlines() if "50k:" in line)
        self.assertIn(f"{ended.numbers()['50k_id']:.2f} mA", told)


SHORT = ("--nsteps", "60", "--wait", "0", "--npts", "1", "--duration", "6")


class ChainTest(OnStandIn):
    def test_preset_full_gives_the_numbers_of_the_simulator(self) -> None:
        ended: Dict[str, Ended] = {}
        for stage in SETUP[:7] + ("squid_curve",) + SETUP[7:]:
            ended[stage] = self.run_well(stage, *SHORT)
            result = ended[stage].result or {}
            self.assertEqual((result["simulated"], result["seed"]), (False, None))
            for key in NUMBERS[stage]:
                self.assertIsInstance(ended[stage].numbers()[key], (int, float), f"{stage} {key}")
            for path in result["files"]:
                self.assertTrue(os.path.getsize(path) > 0, path)
        self.assertAlmostEqual(ended["setup_amps"].numbers()["hemt_id"], 8.0, delta=0.2)
        self.assertEqual(self.server.optical, 0b11)
        # Amplifiers that just got power are given time before their currents mean anything.
        self.assertIn(hardware.AMPS_SETTLE_S, self.slept)
        self.assertEqual(ended["estimate_attens"].numbers()["att"], self.server.att[0][0])
        self.assertEqual(ended["estimate_phase_delay"].numbers()["residual_ns"], 0.4)
        self.assertEqual(ended["find_freq"].numbers()["n_res"], len(DIPS_MHZ))
        self.assertEqual(ended["setup_notches"].numbers()["n_assigned"], len(DIPS_MHZ) - 1)
        self.assertEqual(ended["setup_notches"].numbers()["n_unassigned"], 1)
        self.assertAlmostEqual(ended["serial_algs"].numbers()["moved_khz"], 2.0, places=3)
        self.assertEqual(ended["serial_algs"].numbers()["n_failed"], 0)
        self.assertAlmostEqual(ended["squid_curve"].numbers()["phi0_ffs"], fake_smurf.PERIOD, delta=0.002)
        self.assertAlmostEqual(ended["squid_curve"].numbers()["df_khz"], 100, delta=2)
        tracking = ended["tracking_setup"].numbers()
        self.assertEqual((tracking["n_good"], tracking["n_all"]), (len(DIPS_MHZ) - 2, len(DIPS_MHZ) - 1))
        self.assertAlmostEqual(tracking["frac_pp"], 0.45)
        self.assertEqual(sum(self.server.feedback[0]), tracking["n_good"])
        self.assertTrue(self.server.ramp_on and not self.server.mode and not self.server.streaming)
        self.assertEqual((self.server.lms[0], self.server.coupling), ([1, 1, 1], "DC"))

    def test_settings_go_into_the_device_configuration(self) -> None:
        for stage in SETUP[:8]:
            self.run_well(stage)
        kept = self.server.band_config[0]
        att = self.server.att[0][0]
        self.assertEqual((kept["uc_att"], kept["dc_att"], kept["band_delay_us"]), (att, att, 2.41))
        self.assertAlmostEqual(kept["frac_pp"], 0.45)
        self.assertAlmostEqual(kept["lms_freq_hz"], 20000)
        self.assertEqual(self.server.exp["tunefile"], self.server.tune_path)

    def test_where_pysmurf_is_there_it_is_used_without_being_asked_for(self) -> None:
        self.assertEqual((self.run_stage("preflight", mode=()).result or {})["simulated"], False)
        self.assertEqual((self.run_stage("preflight", mode=("--simulate",)).result or {})["simulated"], True)

    def test_relock_on_plain_pysmurf(self) -> None:
        self.environment = {"CONFIG_FILE": self.path("pysmurf.cfg")}
        for stage in SETUP[:6]:
            self.run_well(stage)
        att = self.server.att[0][0]
        # The server was started anew: what it held is gone.
        self.server.att[0], self.server.delay[0] = [0, 0], 0.0
        numbers = {stage: self.run_well(stage, *SHORT).numbers() for stage in (
            "preflight", "setup_amps", "load_tune", "serial_algs", "tracking_setup", "take_noise")}
        self.assertEqual(numbers["load_tune"]["n_tones"], len(DIPS_MHZ) - 1)
        self.assertEqual((self.server.att[0], self.server.delay[0]), ([att, att], 2.41))
        self.assertEqual(numbers["tracking_setup"]["n_good"], len(DIPS_MHZ) - 2)
        self.assertGreater(numbers["take_noise"]["median_pa_rthz"], 0)
        self.assertEqual(self.server.opened[0]["cfg_file"], self.path("pysmurf.cfg"))

    def test_tunes_of_bands_set_up_one_by_one_end_in_one_file(self) -> None:
        for band in ("0", "1"):
            self.run_well("find_freq", "--bands", band)
            self.run_well("setup_notches", "--bands", band)
        self.run_well("preflight", "--bands", "0,1")
        loaded = self.run_well("load_tune", "--bands", "0,1", "--setup-notches")
        # Of those swept the stand-in leaves the last one without a channel.
        self.assertEqual([loaded.numbers(band)["n_tones"] for band in (0, 1)], [len(DIPS_MHZ) - 2] * 2)

    def test_a_new_reference_of_channels_is_kept_when_asked(self) -> None:
        self.tuned()
        asked: Dict[str, Any] = {}
        self.server.before["setup_notches"] = lambda **arguments: asked.update(arguments)
        self.run_well("setup_notches", "--old-master-assignment")
        self.assertIs(asked["new_master_assignment"], False)

    def test_no_resonances_leave_no_tune(self) -> None:
        self.tuned()
        control.Memory(self.path("data"), 2).keep(0, {"resonances_mhz": []})
        ended = self.run_well("setup_notches")
        self.assertIn("no tune to write", ended.out)
        self.assertEqual((ended.numbers()["n_assigned"], self.server.on(0)), (0, []))
        self.assertFalse([path for path in (ended.result or {})["files"] if path.endswith("_tune.npy")])

    def test_no_carrier_is_said_and_not_made_up(self) -> None:
        self.tuned()
        with mock.patch.object(fake_smurf, "PERIOD", float("nan")):
            ended = self.run_well("tracking_setup")
        self.assertIn("no carrier seen", ended.out)
        self.assertIsNone(ended.numbers()["carrier_khz"])


class RefusalTest(OnStandIn):
    """What cannot be done faithfully ends with 1 and says why."""

    def refused(self, stage: str, *arguments: str, code: int = 1, **rest: Any) -> str:
        ended = self.run_stage(stage, *arguments, **rest)
        self.assertEqual(ended.code, code, ended.out + ended.err)
        return ended.err

    def test_a_card_with_other_amplifiers(self) -> None:
        self.server.firmware = (4, 1, 0)
        self.assertIn("hemt1, hemt2, 50k1 and 50k2", self.refused("setup_amps"))
        self.server.firmware = (0, 0, 0)
        self.assertIn("no cryostat card", self.refused("setup_amps"))
        self.assertNotIn("write_ps_en", self.server.calls)

    def test_what_pysmurf_raises_is_told(self) -> None:
        def broken(**arguments: Any) -> None:
            raise ValueError("Invalid node: AMCc.Nowhere")
        self.server.before["find_freq"] = broken
        self.assertIn("find_freq: ValueError: Invalid node: AMCc.Nowhere", self.refused("find_freq"))

    def test_a_band_that_is_not_configured(self) -> None:
        self.assertIn("band 5 is not in pysmurf's configuration", self.refused("find_freq", "--bands", "5"))

    def test_nothing_before_them(self) -> None:
        self.assertIn("run find_freq first", self.refused("setup_notches"))
        self.assertIn("no tune file", self.refused("load_tune"))
        for stage in ("serial_algs", "squid_curve", "tracking_setup", "take_noise"):
            self.assertIn("no tones on", self.refused(stage))
        self.assertIn("no such file", self.refused("load_tune", "--tunefile", self.path("nowhere.npy")))

    def test_a_descent_that_changed_amplitudes(self) -> None:
        self.tuned()
        before = list(self.server.amplitudes[0])
        self.server.before["run_serial_gradient_descent"] = \
            lambda **arguments: self.server.amplitudes.update({0: [0] * fake_smurf.CHANNELS})
        self.assertIn("changed amplitudes", self.refused("serial_algs"))
        self.assertEqual((self.server.amplitudes[0], self.server.scanning[0]), (before, 0))

    def test_a_scan_in_progress_unless_forced(self) -> None:
        self.tuned()
        self.server.scanning[1] = 1
        self.assertIn("already in progress", self.refused("serial_algs"))
        self.run_well("serial_algs", "--force")

    def test_a_stream_that_does_not_start(self) -> None:
        self.tuned()
        with mock.patch.object(fake_smurf.FakeControl, "_do_stream_data_on", lambda control, **asked: None):
            self.assertIn("the stream did not start", self.refused("take_noise"))
        self.assertIn("stream_data_off", self.server.calls)

    def test_too_few_ramps_in_the_traces(self) -> None:
        self.tuned()
        with mock.patch.object(fake_smurf, "RAMPS", 1):
            self.assertIn("1 whole flux ramps, and two are needed", self.refused("tracking_setup"))

    def test_faults_are_not_for_hardware(self) -> None:
        self.assertIn("faults are the simulator's", self.refused("find_freq", "--faults", "eta_bad", code=2))

    def test_a_control_object_that_cannot_be_opened(self) -> None:
        told = self.refused("find_freq", code=2, fails=TimeoutError("no answer"))
        self.assertEqual(told, "find_freq.py: error: the control object of slot 2 cannot be opened: "
                               "TimeoutError: no answer; use --simulate for the simulator\n")


class HangTest(unittest.TestCase):
    """A control object that never opens, in code that no signal reaches, and whose exit handler hangs too."""

    CLIENT = """import ctypes
system, lock = ctypes.CDLL(None), ctypes.create_string_buffer(64)
class SmurfControl:
    def __init__(self, server_port=0, **rest):
        print("opening", flush=True)
        for _ in range(2):
            system.pthread_mutex_lock(lock)
"""

    AT_EXIT = "import atexit, time\natexit.register(time.sleep, 600)\n"
    AS_MODULES_GO = "import time\nclass Held:\n  def __del__(self, sleep=time.sleep): sleep(600)\nheld = Held()\n"

    def start(self, timeout_s: str, package: str = AT_EXIT, client: str = CLIENT) -> "subprocess.Popen[str]":
        slot = Slot()
        self.addCleanup(slot.close)
        os.mkdir(slot.path("pysmurf"))
        for name, text in (("__init__.py", package), ("client.py", client)):
            with open(slot.path("pysmurf", name), "w", encoding="utf-8") as file:
                file.write(text)
        with open(slot.path("smurf.cfg"), "w", encoding="utf-8"):
            pass
        environment = {"PYTHONPATH": slot.path(), "SMURF_CONFIG_DIR": slot.path(),
                       "CONFIG_FILE": slot.path("smurf.cfg")}
        return subprocess.Popen(slot.command("safe_state") + ["--slot", "3", "--open-timeout", timeout_s],
                                env=slot.environment(environment), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def test_it_ends_in_time(self) -> None:
        process = self.start("0.3")
        err = process.communicate(timeout=TIMEOUT_S)[1]
        self.assertEqual(process.returncode, 2)
        self.assertIn("the control object of slot 3 did not open within 0.3 s", err)

    def test_it_ends_while_its_modules_are_pulled_down(self) -> None:
        for package in (self.AT_EXIT, self.AS_MODULES_GO):
            process = self.start("600", package, "class SmurfControl:\n  pass\n")
            err = process.communicate(timeout=TIMEOUT_S)[1]
            self.assertEqual(process.returncode, 2, err)

    def test_it_ends_when_it_is_told_to(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("600")
            assert process.stdout is not None
            self.assertEqual(process.stdout.readline(), "opening\n")
            process.send_signal(number)
            process.communicate(timeout=TIMEOUT_S)
            self.assertEqual(process.returncode, 130)


class AbortTest(OnStandIn):
    """An interrupted stage takes back what would be a hazard."""

    def interrupted(self, stage: str, *arguments: str) -> None:
        ended = self.run_stage(stage, *SHORT, *arguments)
        self.assertEqual((ended.code, ended.err), (130, f"{stage}: interrupted\n"), ended.out)

    def test_setup_amps_switches_off_a_search_half_way(self) -> None:
        for call, at in (("set_amp_gate_voltage", 2), ("write_ps_en", 1), ("write_optical", 1)):
            self.server.before.clear()
            self.interrupt(call, at)
            self.interrupted("setup_amps")
            self.assertEqual((self.server.ps_en, self.server.gates), (0, {"hemt": -0.9, "50k": -0.6}), call)
        self.server.ps_en = 3
        self.interrupt("set_amp_gate_voltage", 2)
        self.interrupted("setup_amps")
        self.assertEqual((self.server.ps_en, self.server.gates), (3, {"hemt": -0.9, "50k": -0.6}))

    def test_sweeps_leave_no_tone(self) -> None:
        for stage, call in (("estimate_attens", "full_band_ampl_sweep"), ("find_freq", "find_freq")):
            self.interrupt(call, leaving=lambda: self.server.amplitudes[0].__setitem__(7, 12))
            self.interrupted(stage)
            self.assertEqual(self.server.on(0), [], stage)
            # A register that nothing changed is not written: it might be rounded.
            self.assertNotIn("set_band_delay_us", self.server.calls, stage)

    def test_estimate_phase_delay_puts_delay_and_attenuators_back(self) -> None:
        def leaving() -> None:
            self.server.delay[0], self.server.att[0] = 0.0, [30, 30]
            self.server.amplitudes[0][7] = 12
        self.server.att[0] = [11, 11]
        self.interrupt("estimate_phase_delay", leaving=leaving)
        self.interrupted("estimate_phase_delay")
        self.assertEqual((self.server.delay[0], self.server.att[0], self.server.on(0)), (2.0, [11, 11], []))

    def test_setup_notches_leaves_no_tone_and_the_old_tune(self) -> None:
        self.tuned()
        tune = self.server.exp["tunefile"]
        self.interrupt("setup_notches", leaving=lambda: self.server.amplitudes[0].__setitem__(7, 12))
        self.interrupted("setup_notches")
        self.assertEqual((self.server.on(0), self.server.exp["tunefile"]), ([], tune))

    def test_serial_algs_put_everything_back_once_the_scan_is_over(self) -> None:
        self.tuned()
        server = self.server
        server.registers[("eta_scan_del_f", 0)] = 5000
        before = [list(each) for each in (server.amplitudes[0], server.offsets[0], server.eta_mag[0],
                                          server.eta_phase[0], server.feedback[0])]

        def leaving() -> None:
            server.scanning[0] = 6
            server.amplitudes[0] = [0] * 512
        for call in ("run_serial_gradient_descent", "run_serial_eta_scan"):
            server.before.clear()
            self.interrupt(call, leaving=leaving)
            self.interrupted("serial_algs")
            self.assertEqual([server.amplitudes[0], server.offsets[0], server.eta_mag[0], server.eta_phase[0],
                              server.feedback[0]], before, call)
            self.assertEqual((server.scanning[0], server.registers[("eta_scan_del_f", 0)],
                              server.registers[("rf_enable", 0)]), (0, 5000, 1), call)

    def test_a_scan_that_outlives_its_stage_is_silenced_and_safe_state_waits_for_it(self) -> None:
        self.tuned()
        server = self.server
        eta = list(server.eta_phase[0])
        with mock.patch("tuning.before.SCAN_END_S", 0):
            self.interrupt("run_serial_gradient_descent", leaving=lambda: server.scanning.update({0: 50}))
            ended = self.run_stage("serial_algs")
        self.assertEqual(ended.code, 130, ended.out)
        self.assertIn("a scan goes on in the server", ended.out)
        self.assertEqual(server.registers[("rf_enable", 0)], 0)
        server.before.clear()
        # What the scan does at its end, when all seems off.
        server.at_scan_end = lambda: server.amplitudes[0].__setitem__(9, 12)
        safe = self.run_well("safe_state")
        self.assertIn("its RF is cut, and its end waited for", safe.out)
        self.assertTrue(server.quiet)
        self.assertEqual((server.registers[("rf_enable", 0)], server.eta_phase[0]), (1, eta))

    def test_a_flag_outlives_what_swallows_the_exception(self) -> None:
        self.interrupt("estimate_phase_delay", swallowed=True)
        self.interrupted("estimate_phase_delay")

    def test_terminate_is_an_interruption_too(self) -> None:
        self.tuned()
        self.interrupt("set_fixed_flux_ramp_bias", at=40, number=signal.SIGTERM)
        self.interrupted("squid_curve")
        self.assertEqual((self.server.mode, self.server.lms[0]), (0, [1, 1, 1]))

    def test_squid_curve_takes_bias_relay_and_tracking_back(self) -> None:
        self.tuned()
        for coupling in ("AC", "DC"):
            self.server.coupling = coupling
            for call, at in (("set_fixed_flux_ramp_bias", 1), ("set_fixed_flux_ramp_bias", 40),
                             ("set_lms_enable2", 1), ("get_loop_filter_output_array", 50)):
                self.server.before.clear()
                self.interrupt(call, at)
                self.interrupted("squid_curve")
                self.assertEqual((self.server.mode, self.server.coupling, self.server.lms[0]),
                                 (0, coupling, [1, 1, 1]), f"{call} {at}")

    def test_tracking_setup_leaves_feedback_on_and_the_ramp_as_it_was(self) -> None:
        self.tuned()
        amplitudes = list(self.server.amplitudes[0])
        # The first time pysmurf has feedback off while it measures; the third time the ramp is on since long.
        for at in (1, 2, 3):
            self.server.before.clear()
            self.interrupt("tracking_setup", at, leaving=lambda: self.server.feedback_enable.update({0: 0}))
            self.interrupted("tracking_setup")
            self.assertEqual((self.server.feedback_enable[0], self.server.ramp_on, self.server.amplitudes[0]),
                             (1, 0, amplitudes), at)

    def test_take_noise_stops_the_stream(self) -> None:
        self.tuned()
        with mock.patch("tuning.hardware.interruption.sleep", side_effect=KeyboardInterrupt):
            self.interrupted("take_noise")
        self.assertEqual(self.server.streaming, 0)

    def test_an_abort_waits_until_a_file_is_whole(self) -> None:
        written: List[str] = []
        interruption.__init__()  # type: ignore[misc]
        interruption.watch()
        with self.assertRaises(KeyboardInterrupt), interruption.held():
            os.kill(os.getpid(), signal.SIGTERM)
            written.append("whole")
        self.assertEqual(written, ["whole"])


class SafeStateTest(OnStandIn):
    def everything_on(self) -> None:
        server = self.server
        server.ps_en, server.ramp_on, server.mode, server.dac, server.waveform = 3, 1, 1, 20000, 1
        server.streaming, server.tes, server.scanning = 1, [1.5] * 15, {0: 1, 1: 1}
        server.coupling = "DC"
        for band in server.bands:
            server.amplitudes[band][9] = 12

    def test_everything_goes_off_and_is_read_back(self) -> None:
        self.everything_on()
        looked = self.run_well("preflight", "--keep-outputs").numbers()
        for key in ("amps_on", "flux_ramp_on", "tes_bias_on", "eta_scan_in_progress"):
            self.assertIs(looked[key], True, key)
        self.assertEqual(looked["tones_on"], 1)
        self.assertAlmostEqual(looked["fixed_flux_bias"], 1 - 2 * 20000 / 65536)
        ended = self.run_well("safe_state")
        self.assertIs(ended.numbers()["quiet"], True)
        self.assertTrue(self.server.quiet)
        self.assertEqual((self.server.ps_en, self.server.coupling), (3, "DC"))

    def test_amplifiers_by_policy(self) -> None:
        self.everything_on()
        self.run_well("safe_state", "--amps", "off")
        self.assertEqual((self.server.ps_en, self.server.drains), (0, {}))
        self.everything_on()
        self.server.firmware = (4, 0, 0)
        self.run_well("safe_state", "--amps", "off")
        self.assertEqual((self.server.ps_en, list(self.server.drains.values())), (0, [0.0] * 4))

    def test_an_output_that_fails_does_not_save_the_others(self) -> None:
        def broken(**arguments: Any) -> None:
            raise RuntimeError("no answer")
        for call in ("band_off", "flux_ramp_off", "set_tes_bias_off", "stream_data_off"):
            self.everything_on()
            self.server.before = {call: broken}
            ended = self.run_stage("safe_state", "--amps", "off")
            self.assertEqual(ended.code, 1, call)
            self.assertIn("no answer", ended.err)
            self.assertEqual((self.server.ps_en, self.server.scanning), (0, {0: 0, 1: 0}), call)
            off = {"set_tes_bias_off": not any(self.server.tes), "stream_data_off": not self.server.streaming,
                   "band_off": not self.server.on(0), "flux_ramp_off": not self.server.ramp_on}
            self.assertTrue(all(done for name, done in off.items() if name != call), call)
            self.assertFalse(self.server.waveform)

    def test_noise_of_a_band_is_an_output(self) -> None:
        self.server.registers[("noise_select", 1)] = 1
        self.assertIs(self.run_well("preflight", "--keep-outputs").numbers()["noise_on"], True)
        self.run_well("safe_state", "--bands", "0")
        self.assertEqual(self.server.registers[("noise_select", 1)], 0)

    def test_what_cannot_be_known_is_said(self) -> None:
        def broken(**arguments: Any) -> None:
            raise RuntimeError("no answer")
        for call, quiet, code in (("read_ps_en", True, 0), ("get_tes_bias_bipolar_array", None, 1)):
            self.everything_on()
            self.server.before = {call: broken}
            ended = self.run_stage("safe_state")
            self.assertEqual((ended.code, ended.numbers()["quiet"]), (code, quiet), call)
            self.assertIn("cannot be known: RuntimeError: no answer", ended.err)
            self.assertFalse(self.server.on(0) or self.server.ramp_on or any(self.server.tes), call)

    def test_a_scan_without_end_is_not_called_quiet(self) -> None:
        self.everything_on()
        self.server.scanning[1] = 10 ** 9
        ended = self.run_stage("safe_state", "--scan-wait", "0.1")
        self.assertEqual((ended.code, ended.numbers()["quiet"]), (1, False))
        self.assertIn("a scan still runs in the server in band 1", ended.err)
        self.assertEqual((self.server.registers[("rf_enable", 1)], self.server.ramp_on), (0, 0))

    def test_a_mark_may_be_of_a_scan_where_the_server_does_not_tell(self) -> None:
        def broken(**arguments: Any) -> None:
            if "SerialEtaScan" in arguments["pvname"]:
                raise ValueError("Invalid node")
        self.everything_on()
        self.server.before = {"_caget": broken}
        ended = self.run_stage("safe_state", "--scan-wait", "0.1")
        self.assertEqual((ended.code, ended.numbers()["quiet"], self.server.scanning[0]), (1, False, 1))

    def test_negative_steady_bias_is_read_back(self) -> None:
        smurf = fake_smurf.control_class(self.server, MAIN, None)(cfg_file="x")
        instrument = hardware.HardwareSmurf(control.Control(smurf, None, "7", "test"),
                                            control.Memory(self.path("data"), 2), False, print)
        for fraction in (-0.3, 0.0, 0.25):
            instrument.set_fixed_flux_ramp_bias(fraction)
            self.assertAlmostEqual(instrument.read_state().fixed_flux_bias or 0.0, fraction, delta=1e-4)


if __name__ == "__main__":
    unittest.main()
