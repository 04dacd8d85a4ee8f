"""Every stage script as a process: a healthy chain against truth, files and messages, and what is refused."""
from __future__ import annotations

import json
import os
import subprocess
import unittest
from typing import Dict
from xml.etree import ElementTree

from stage_process import CTIME, FOLDER, SETUP, SMALL, Ended, Listener, Slot, tuned_slot
from tuning.faults import STAGES
from tuning.npy import read_table

CHAIN = SETUP[:7] + ("squid_curve",) + SETUP[7:]
CHANNELS = ("--simulate", "--seed", "5", "--channels", "16", "--nsteps", "250")

NUMBERS = {"setup_amps": ["hemt_id", "hemt_vg", "50k_id", "50k_vg"], "estimate_attens": ["att", "max_resp"],
            "estimate_phase_delay": ["band_delay_us", "residual_ns"], "find_freq": ["n_res"],
            "setup_notches": ["n_assigned", "n_unassigned"], "serial_algs": ["moved_khz", "n_failed"],
            "squid_curve": ["phi0_ffs", "df_khz", "n_fitted"],
            "tracking_setup": ["n_good", "n_all", "r2_median", "f_ptp_khz", "df_ptp_khz", "frac_pp"],
            "take_noise": ["median_pa_rthz"], "preflight": ["state_ok", "disk_free_mb"]}

FILES = {("find_freq", "sweep_response", "txt"), ("find_freq", "resonances", "txt"),
         ("find_freq", "find_freq", "svg"), ("estimate_phase_delay", "full_band_resp", "txt"),
         ("estimate_phase_delay", "delay", "svg"),
         ("setup_notches", "master_assignment", "txt"), ("setup_notches", "tune", "npy"),
         ("setup_notches", "eta", "svg"),
         ("squid_curve", "dc_squid_curve_table", "npy"), ("squid_curve", "dc_squid_curve", "svg"),
         ("tracking_setup", "tracking_data_table", "npy"), ("tracking_setup", "tracking_summary", "svg"),
         ("tracking_setup", "tracking", "svg"), ("take_noise", "sodetlib_data_table", "npy"),
         ("take_noise", "take_noise", "svg"), ("estimate_attens", "truth", "json")}


class HealthyChainTest(unittest.TestCase):
    """Preset full on one band of 16 channels."""

    slot: Slot
    listener: Listener
    ended: Dict[str, Ended]

    @classmethod
    def setUpClass(cls) -> None:
        cls.slot, cls.listener = Slot(), Listener()
        cls.addClassCleanup(cls.slot.close)
        cls.addClassCleanup(cls.listener.close)
        cls.ended, cls.states, cls.messages = {}, {}, {}
        for stage in CHAIN:
            cls.ended[stage] = cls.slot.run(stage, *CHANNELS, environment=cls.listener.environment, anew=True)
            cls.states[stage] = cls.slot.state
            cls.messages[stage] = cls.listener.messages()
        with open(cls.slot.path(FOLDER, "outputs", "truth.json"), encoding="utf-8") as file:
            cls.truth = json.load(file)["bands"]["0"]["channels"]

    def numbers(self, stage: str) -> dict:
        return self.ended[stage].numbers()

    def test_every_stage_did_its_work(self) -> None:
        for stage, ended in self.ended.items():
            self.assertEqual((ended.code, ended.err), (0, ""), stage)
            self.assertEqual({key: ended.result[key] for key in ("stage", "simulated", "seed")},
                             {"stage": stage, "simulated": True, "seed": 5})

    def test_numbers_have_their_names_and_are_numbers(self) -> None:
        for stage, keys in NUMBERS.items():
            for key in keys:
                self.assertIsInstance(self.numbers(stage)[key], (int, float), f"{stage} {key}")

    def test_amplifiers_meet_their_targets(self) -> None:
        numbers = self.numbers("setup_amps")
        self.assertAlmostEqual(numbers["hemt_id"], 8.0, delta=0.2)
        self.assertAlmostEqual(numbers["50k_id"], 15.0, delta=0.2)
        self.assertTrue(-2 < numbers["hemt_vg"] < 0 and -1 < numbers["50k_vg"] < 1)
        self.assertTrue(self.states["setup_amps"]["amps_on"])

    def test_response_and_delay_are_within_their_gates(self) -> None:
        self.assertTrue(0.1 < self.numbers("estimate_attens")["max_resp"] < 0.4)
        self.assertTrue(0 < self.numbers("estimate_attens")["att"] < 30)
        self.assertTrue(0 <= self.numbers("estimate_phase_delay")["residual_ns"] < 10)

    def test_resonators_found_are_the_true_ones(self) -> None:
        self.assertEqual(self.numbers("find_freq")["n_res"], len(self.truth))
        path = self.slot.path(FOLDER, "outputs", f"{CTIME}_b0_amp_sweep_resonance.txt")
        with open(path, encoding="utf-8") as file:
            found = [4250 + float(line) for line in file]
        for seen, true in zip(found, sorted(channel["freq_mhz"] for channel in self.truth)):
            self.assertAlmostEqual(seen, true, delta=0.05)

    def test_channels_are_assigned_and_stay(self) -> None:
        self.assertEqual(self.numbers("setup_notches")["n_assigned"], len(self.truth))
        self.assertEqual(self.numbers("setup_notches")["n_unassigned"], 0)
        self.assertEqual(self.numbers("serial_algs")["n_failed"], 0)
        self.assertLess(self.numbers("serial_algs")["moved_khz"], 10)

    def test_squid_curves_are_the_true_ones(self) -> None:
        self.assertEqual(self.numbers("squid_curve")["n_fitted"], len(self.truth))
        curves = read_table(self.slot.path(FOLDER, "outputs", f"{CTIME}_b0_fr_sweep_data.npy")).columns
        for freq, phi0, swing in zip(curves["freq_mhz"], curves["phi0_ffs"], curves["df_khz"]):
            true = min(self.truth, key=lambda channel: abs(channel["freq_mhz"] - freq))
            self.assertAlmostEqual(phi0 / true["phi0_ffs"], 1, delta=0.02)
            self.assertAlmostEqual(swing / true["df_khz"], 1, delta=0.02)

    def test_tracking_is_good(self) -> None:
        numbers = self.numbers("tracking_setup")
        self.assertEqual(numbers["n_all"], len(self.truth))
        self.assertGreaterEqual(numbers["n_good"] / numbers["n_all"], 0.8)
        self.assertGreaterEqual(numbers["r2_median"], 0.9)
        self.assertTrue(10 < numbers["f_ptp_khz"] < 200 and 0 < numbers["df_ptp_khz"] < 100)
        phi0 = sorted(channel["phi0_ffs"] for channel in self.truth)
        self.assertAlmostEqual(numbers["frac_pp"], 5 * phi0[len(phi0) // 2] / 2, delta=0.01)

    def test_noise_is_measured_of_the_model(self) -> None:
        levels = sorted(channel["white_pa_rthz"] for channel in self.truth)
        measured = self.numbers("take_noise")["median_pa_rthz"]
        self.assertAlmostEqual(measured / levels[len(levels) // 2], 1, delta=0.08)
        self.assertIn("drawn from the noise model", self.ended["take_noise"].text)

    def test_what_stages_leave_on(self) -> None:
        count = len(self.truth)
        for stage, tones, ramp in (("find_freq", 0, False), ("setup_notches", count, False),
                                   ("serial_algs", count, False), ("squid_curve", count, False),
                                   ("tracking_setup", count, True), ("take_noise", count, True)):
            state = self.states[stage]
            self.assertEqual((state["tones_on"]["0"], state["flux_ramp_on"]), (tones, ramp), stage)
            self.assertEqual((state["fixed_flux_bias"], state["eta_scan_in_progress"]), (0, False), stage)

    def test_progress_is_printed_and_published(self) -> None:
        count = len(self.truth)
        self.assertIn(f"find_freq band 0: {count} of 16 channels\n", self.ended["find_freq"].text)
        for stage in CHAIN:
            steps = [message["payload"]["progress"] for message in self.messages[stage]
                     if message["type"] == "session_data" and "progress" in message["payload"]]
            self.assertTrue(0 < len(steps) <= 20, stage)
            self.assertEqual(steps[-1]["done"], count if stage == "find_freq" else steps[-1]["total"], stage)
            self.assertEqual((steps[0]["stage"], steps[0]["band"]), (stage, 0))
            self.assertEqual([step["done"] for step in steps], sorted(step["done"] for step in steps))

    def test_messages_end_with_numbers_a_line_and_stop(self) -> None:
        for stage in CHAIN:
            messages = self.messages[stage]
            self.assertEqual([message["seq_no"] for message in messages], list(range(len(messages))), stage)
            self.assertEqual(messages[0]["type"], "start")
            self.assertEqual([message["type"] for message in messages[-3:]],
                             ["session_data", "session_log", "stop"])
            self.assertEqual(messages[-3]["payload"], {stage: self.ended[stage].result["numbers"]})
            self.assertIsInstance(messages[-2]["payload"], str)

    def test_files_are_registered_where_they_are(self) -> None:
        registered = set()
        for stage in CHAIN:
            payloads = [message["payload"] for message in self.messages[stage]
                        if message["type"] == "data_file"]
            self.assertEqual([payload["path"] for payload in payloads], self.ended[stage].result["files"])
            for payload in payloads:
                path = payload["path"]
                self.assertTrue(os.path.getsize(path) > 0)
                self.assertTrue(path.endswith("." + payload["format"]), path)
                kind = "plots" if payload["plot"] else "outputs"
                self.assertEqual(os.path.dirname(path), self.slot.path(FOLDER, kind))
                self.assertEqual(payload["action"], stage)
                registered.add((stage, payload["type"], payload["format"]))
        self.assertEqual(registered, FILES)
        on_disk = {os.path.join(folder, name) for folder, _, names in os.walk(self.slot.path("smurf_data"))
                   for name in names}
        self.assertEqual(on_disk, {path for ended in self.ended.values() for path in ended.result["files"]})

    def test_plots_are_pictures_with_axes_and_title(self) -> None:
        for stage, ended in self.ended.items():
            for path in ended.result["files"]:
                if path.endswith(".svg"):
                    root = ElementTree.parse(path).getroot()
                    self.assertEqual(root.get("viewBox"), "0 0 800 500")
                    text = " ".join(part.text or "" for part in root.iter("{http://www.w3.org/2000/svg}text"))
                    self.assertIn("band 0, 2023-11-14 22:13:20 UTC", text, path)

    def test_tracking_plot_tells_how_many_are_good(self) -> None:
        path = self.slot.path(FOLDER, "plots", f"{CTIME}_b0_tracking_results.svg")
        with open(path, encoding="utf-8") as file:
            numbers = self.numbers("tracking_setup")
            self.assertIn(f"{numbers['n_good']} / {numbers['n_all']} good tracking channels", file.read())


class SeedTest(unittest.TestCase):
    KEYS = {stage: keys for stage, keys in NUMBERS.items() if stage not in ("preflight", "squid_curve")}

    def numbers(self, slot: Slot, seed: str, stages: tuple, ctime: int = CTIME) -> dict:
        found = {}
        for stage in stages:
            ended = slot.run(stage, "--simulate", "--seed", seed, "--channels", "8", ctime=ctime)
            self.assertEqual(ended.code, 0, ended.err)
            found[stage] = [ended.numbers().get(key) for key in self.KEYS.get(stage, [])]
        return found

    def test_same_seed_same_numbers_whatever_was_before(self) -> None:
        fresh, used = Slot(), Slot()
        self.addCleanup(fresh.close)
        self.addCleanup(used.close)
        first = self.numbers(fresh, "7", SETUP)
        other = self.numbers(used, "8", SETUP)
        again = self.numbers(used, "7", SETUP, CTIME + 100)
        self.assertEqual(first, again)
        self.assertNotEqual(first["tracking_setup"], other["tracking_setup"])
        # Another session, and another seed: the array is the one that was tuned.
        relocked = self.numbers(used, "9", ("preflight", "setup_amps", "load_tune", "serial_algs",
                                            "tracking_setup", "take_noise"), CTIME + 200)
        self.assertEqual(relocked["serial_algs"][1], 0)
        self.assertEqual(relocked["tracking_setup"][:2], first["tracking_setup"][:2])
        with open(used.path("smurf_data", "20231114", str(CTIME + 200), "outputs", "truth.json"),
                  encoding="utf-8") as file:
            self.assertEqual(json.load(file)["seed"], 7)

    def test_without_a_seed_one_is_drawn_and_kept(self) -> None:
        slot = Slot()
        self.addCleanup(slot.close)
        first = slot.run("find_freq", "--simulate", "--channels", "8")
        self.assertIn(f"find_freq simulated, seed {first.result['seed']}\n", first.text)
        second = slot.run("find_freq", "--simulate")
        self.assertEqual(second.result["seed"], first.result["seed"])
        self.assertEqual(second.numbers(), first.numbers())


class OrderTest(unittest.TestCase):
    """Stages need what earlier ones leave, and say so."""

    def setUp(self) -> None:
        self.slot = Slot()
        self.addCleanup(self.slot.close)

    def refused(self, stage: str, *arguments: str) -> str:
        listener = Listener()
        self.addCleanup(listener.close)
        ended = self.slot.run(stage, *SMALL, *arguments, environment=listener.environment)
        self.assertEqual(ended.code, 1, ended.text + ended.err)
        self.assertNotIn("Traceback", ended.err)
        told = [message["payload"] for message in listener.messages() if message["type"] == "session_log"]
        self.assertIn(told[0], ended.err)
        return ended.err

    def test_nothing_before_them(self) -> None:
        self.assertIn("run find_freq first", self.refused("setup_notches"))
        for stage in ("serial_algs", "squid_curve", "tracking_setup", "take_noise"):
            self.assertIn("no tones on", self.refused(stage))
        self.assertIn("no tune file", self.refused("load_tune"))
        self.assertIn("no tune in", self.refused("load_tune", "--tunefile", self.slot.path("nowhere.npy")))

    def test_broken_state_file(self) -> None:
        self.slot.write_state("{")
        self.assertIn("cannot be read", self.refused("find_freq"))
        self.assertIn("cannot be read", self.refused("setup_amps"))
        looked = self.slot.run("preflight", *SMALL)
        self.assertEqual((looked.code, looked.numbers()["state_ok"]), (0, False))

    def test_files_that_cannot_be_written(self) -> None:
        with open(self.slot.path("smurf_data"), "w", encoding="utf-8"):
            pass
        self.assertIn("cannot work", self.refused("find_freq"))


class FluxOrderTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.slot = tuned_slot()
        cls.addClassCleanup(cls.slot.close)

    def test_squid_curve_needs_the_ramp_off_and_serial_algs_forces_it_off(self) -> None:
        self.slot.run("load_tune", *SMALL)
        self.assertEqual(self.slot.run("tracking_setup", *SMALL).numbers()["good_frac"], 1.0)
        refused = self.slot.run("squid_curve", *SMALL)
        self.assertEqual(refused.code, 1)
        self.assertIn("flux ramp is on", refused.err)
        self.assertEqual(self.slot.run("serial_algs", *SMALL).code, 0)
        self.assertFalse(self.slot.state["flux_ramp_on"])
        self.assertEqual(self.slot.run("squid_curve", *SMALL, "--nsteps", "100").code, 0)
        self.assertFalse(self.slot.state["flux_ramp_on"])
        noisy = self.slot.run("take_noise", *SMALL, "--duration", "6")
        self.assertGreater(noisy.numbers()["median_pa_rthz"], 250)

    def test_preflight_makes_quiet_unless_told_to_look_only(self) -> None:
        looked = self.slot.run("preflight", "--keep-outputs", *SMALL)
        self.assertEqual(looked.numbers()["tones_on"], self.slot.state["tones_on"]["0"])
        self.slot.run("preflight", *SMALL)
        state = self.slot.state
        self.assertEqual((state["tones_on"]["0"], state["flux_ramp_on"], state["amps_on"]), (0, False, True))
        loaded = self.slot.run("load_tune", "--setup-notches", *SMALL)
        self.assertEqual((loaded.code, loaded.err), (0, ""))
        self.assertEqual(loaded.numbers()["n_tones"], self.slot.state["tones_on"]["0"])
        self.assertGreater(loaded.numbers()["tune_age_s"], 0)


class SeveralBandsTest(unittest.TestCase):
    def test_a_band_that_cannot_be_worked_on_does_not_stop_the_other(self) -> None:
        slot = tuned_slot()
        self.addCleanup(slot.close)
        ended = slot.run("serial_algs", *SMALL, "--bands", "0,3")
        self.assertEqual(ended.code, 1)
        self.assertEqual(ended.numbers(0)["n_failed"], 0)
        self.assertEqual(list(ended.result["errors"]), ["3"])
        self.assertEqual(list(ended.result["numbers"]), ["0"])

    def test_two_bands_share_one_ramp(self) -> None:
        slot = Slot()
        self.addCleanup(slot.close)
        for stage in SETUP[:8]:
            ended = slot.run(stage, *SMALL, "--bands", "1,2")
            self.assertEqual(ended.code, 0, ended.err)
        one, two = ended.numbers(1), ended.numbers(2)
        self.assertEqual(one["frac_pp"], two["frac_pp"])
        self.assertAlmostEqual(one["frac_pp"], (one["frac_pp_band"] + two["frac_pp_band"]) / 2)
        self.assertEqual((one["good_frac"], two["good_frac"]), (1.0, 1.0))


class ArgumentsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.slot = Slot()
        self.addCleanup(self.slot.close)

    def test_every_stage_refuses_what_no_stage_knows(self) -> None:
        for stage in STAGES[:-1]:
            ended = self.slot.run(stage, "--simulate", "--amp-cutt", "0.3", anew=True)
            self.assertEqual(ended.code, 2, stage)
            self.assertIn("unrecognized arguments: --amp-cutt", ended.err)

    def test_values_out_of_range_are_refused(self) -> None:
        for arguments in (("--bands", "8"), ("--bands", "0,x"), ("--channels", "0"), ("--time-scale", "2"),
                          ("--nphi0", "many"), ("--amps", "on"), ("--amps-to-bias", "300k")):
            ended = self.slot.run("preflight", *arguments)
            self.assertEqual(ended.code, 2, arguments)
            self.assertIn(f"argument {arguments[0]}", ended.err)

    def test_every_stage_takes_the_options_of_the_others(self) -> None:
        ended = self.slot.run("preflight", *SMALL, "--amp-cut", "0.3", "--hemt-vg-min", "-1.8",
                              "--nphi0", "5", "--amps", "off", "--time-scale", "0.5", "--slot", "2")
        self.assertEqual((ended.code, ended.err), (0, ""))
        self.assertIn("preflight slot 2: all quiet\n", ended.text)

    def test_hardware_is_refused_in_clear_words(self) -> None:
        ended = self.slot.run("find_freq", "--hardware")
        self.assertEqual(ended.code, 2)
        self.assertIn("use --simulate", ended.err)
        self.assertIn("not allowed with", self.slot.run("find_freq", "--hardware", "--simulate").err)

    def test_data_dir_comes_from_the_environment(self) -> None:
        command = [part for part in self.slot.command("preflight")
                   if part not in ("--data-dir", self.slot.data_dir)]
        subprocess.run(command + list(SMALL), check=True, capture_output=True,
                       env=self.slot.environment({"PYSMURF_DATA_DIR": self.slot.path("elsewhere")}))
        self.assertTrue(os.path.exists(self.slot.path("elsewhere", "simulator", "state.json")))

    def test_a_second_try_in_a_session_overwrites_nothing(self) -> None:
        first = self.slot.run("find_freq", *SMALL).result["files"]
        second = self.slot.run("find_freq", *SMALL).result["files"]
        self.assertEqual(set(first) & set(second), set())
        self.assertTrue(all(os.path.exists(path) for path in first + second))


if __name__ == "__main__":
    unittest.main()
