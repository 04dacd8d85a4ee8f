"""The operations of a night as processes, one after the other on one simulated slot: against its truth, and what
each leaves behind when it is refused, aborted or stopped."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import unittest
from math import isfinite
from typing import Any, Callable, Dict, List, Tuple
from xml.etree import ElementTree

from stage_process import CTIME, SETUP, SMALL, TIMEOUT_S, Ended, Listener, Slot, rest_of, tuned_slot
from tuning.bias_lines import GROUPS
from tuning.npy import read_table
from tuning.session_folder import SessionFolder
from tuning.told import END, Told

OFF = [0.0] * GROUPS
LOW = [False] * GROUPS
LONG = ("--time-scale", "1")
"""For one that is over too soon to be met in the middle."""

TUNED_AND_BIASED: List[Slot] = []


def setUpModule() -> None:
    """A slot behind uxm_relock, take_iv and bias_dets, copied by whoever changes it."""
    slot = tuned_slot()
    unittest.addModuleCleanup(slot.close)
    for stage, arguments in (("tracking_setup", SMALL), ("take_bgmap", SMALL + ("--bands", "0")),
                             ("take_iv", ("--simulate",)), ("bias_dets", ("--simulate", "--rfrac", "0.5"))):
        ended = slot.run(stage, *arguments)
        assert ended.code == 0, ended.err
    TUNED_AND_BIASED.append(slot)
    unittest.addModuleCleanup(TUNED_AND_BIASED.clear)


class OnBiasedSlot(unittest.TestCase):
    def setUp(self) -> None:
        self.slot = Slot(like=TUNED_AND_BIASED[0])
        self.addCleanup(self.slot.close)
        self.listener = Listener()
        self.addCleanup(self.listener.close)

    def run_it(self, name: str, *arguments: str, code: int = 0, ctime: int = CTIME + 1) -> Ended:
        ended = self.slot.run(name, "--simulate", *arguments, environment=self.listener.environment, ctime=ctime)
        self.assertEqual(ended.code, code, ended.err + ended.text)
        return ended

    def told(self) -> Dict[str, Any]:
        """The session's data, as the controller merges them."""
        data: Dict[str, Any] = {}
        for message in self.listener.messages():
            if message["type"] == "session_data":
                data.update(message["payload"])
        return data

    def table(self, ended: Ended) -> Dict[str, Any]:
        assert ended.result is not None
        return dict(read_table(next(path for path in ended.result["files"] if path.endswith(".npy"))).columns)

    def truth(self) -> List[Dict[str, Any]]:
        """Of each channel by its number: the next in frequency."""
        with open(next(os.path.join(folder, "truth.json") for folder, _, names in os.walk(self.slot.path("smurf_data"))
                       if "truth.json" in names), encoding="utf-8") as file:
            channels = json.load(file)["bands"]["0"]["channels"]
        notches = {row[0]: row[2] + 4250 for row in self.slot.state["bands"]["0"]["notches"]}
        return {number: min(channels, key=lambda each: abs(each["freq_mhz"] - freq)) for number, freq in notches.items()}

    @property
    def lines(self) -> Dict[str, Any]:
        return {name: self.slot.state["tes_bias"][name] for name in ("volts", "high_current")}

    def result(self, ended: Ended) -> Dict[str, Any]:
        assert ended.result is not None
        return ended.result["numbers"]


class AgainstTruthTest(OnBiasedSlot):
    """What was found is what was drawn: groups and polarities all, the rest within so many percent."""

    def near(self, seen: Dict[int, float], name: str, within: float) -> None:
        truth = self.truth()
        self.assertGreater(len(seen), 5)
        for number, value in seen.items():
            self.assertAlmostEqual(value / truth[number][name], 1, delta=within, msg=f"{name} of {number}")

    def test_groups_and_iv(self) -> None:
        groups = self.table(self.run_it("take_bgmap", "--tag", "night"))
        told = self.told()
        truth = self.truth()
        for number, group, polarity in zip(groups["channel"], groups["bgmap"], groups["polarity"]):
            self.assertEqual(group, truth[number]["bias_group"])
            if group >= 0:
                self.assertEqual(polarity, truth[number]["polarity"])
        self.assertEqual(sum(told["nchans_per_bg"]), len(truth))
        self.assertEqual((self.lines["volts"][:12], self.lines["high_current"]), (OFF[:12], LOW))
        ended = self.run_it("take_iv", "--kwargs", '{"run_serially": false, "cool_wait": 300}')
        told = self.told()
        iv = self.table(ended)
        for column, name, within in (("R_n", "rn_ohm", 0.005), ("p_sat", "p_sat_w", 0.005)):
            self.near({number: value for number, value, group in zip(iv["channel"], iv[column], iv["bgmap"])
                       if group >= 0}, name, within)
        self.assertEqual(told["filepath"], next(path for path in ended.result["files"] if path.endswith(".npy")))
        self.assertEqual(set(told["quantiles"]), {"Rn", "p_sat"})
        self.assertEqual(told["result"]["return_val"]["filepath"], told["filepath"])
        self.assertEqual(told["iv_results"]["Rn_total"], self.result(ended)["n_iv"])
        self.assertEqual((self.lines["volts"][:12], self.slot.state["stream"]["open_g3stream"]), (OFF[:12], False))
        for path in ended.result["files"]:
            if path.endswith(".svg"):
                ElementTree.parse(path)

    def test_bias_steps_and_waves(self) -> None:
        before = self.lines
        for name, within in (("take_bias_steps", 0.02), ("take_bias_waves", 0.02)):
            ended = self.run_it(name)
            self.assertEqual(self.lines, before, name)
            found, truth = self.table(ended), self.truth()
            fractions = {number: value for number, value in zip(found["channel"], found["R0"]) if isfinite(value)}
            # At half of R_n, but for what the channels of a group differ by.
            self.near({number: value / 0.5 for number, value in fractions.items()}, "rn_ohm", 0.1)
            told = self.told()
            self.assertEqual((told["biased_total"], sum(told["biased_per_bg"])), (len(fractions),) * 2)
            self.assertEqual(set(told["quantiles"]), {"Rfrac", "Si", "Rtes"})
            if name == "take_bias_steps":
                self.near({number: value for number, value in zip(found["channel"], found["tau_eff"])
                           if isfinite(value)}, "tau_s", 0.02)
                self.assertEqual(told["bias_steps_results"]["biased_total"], len(fractions))
            self.assertGreater(len(truth), len(fractions) - 1)

    def test_noise_is_lower_in_the_transition(self) -> None:
        biased = self.result(self.run_it("take_noise", "--every-band", "--duration", "12"))
        told = self.told()
        self.assertEqual(told["quantiles"]["white_noise_level"]["total"], biased["n_all"])
        self.assertEqual(told["noise"]["band_medians"][0], biased["median_pa_rthz"])
        self.assertEqual(told["noise_results"]["white_noise_level_total"], biased["n_all"])
        zeroed = self.run_it("set_biases", "--zero")
        self.assertEqual(self.result(zeroed), {"readback_off_v": 0, "n_groups": 12, "n_on": 0})
        latched = self.result(self.run_it("take_noise", "--every-band", "--duration", "12"))
        # 92 and 122 pA/rtHz by the formulas.
        self.assertAlmostEqual(biased["median_pa_rthz"] / latched["median_pa_rthz"], 92 / 122, delta=0.06)


class WhereItWouldLieTest(OnBiasedSlot):
    """Each has a number that a gate judges, or fails by itself."""

    def test_nothing_biased(self) -> None:
        self.run_it("set_biases", "--zero")
        self.assertEqual(self.result(self.run_it("take_bias_steps"))["biased_total"], 0)

    def test_a_bias_that_does_not_take(self) -> None:
        ended = self.run_it("set_biases", "--bias", "[2, 3.5]", "--bgs", "[4, 11]", "--faults", "bias_stuck")
        self.assertEqual(self.result(ended)["readback_off_v"], 2)
        self.assertAlmostEqual(self.told()["biases"][11], 3.5, delta=1e-4)
        self.run_it("set_biases", "--bias", "6", "--bgs", "3")
        self.assertAlmostEqual(self.lines["volts"][3], 6, delta=1e-4)

    def test_channels_that_follow_nothing(self) -> None:
        noise = self.result(self.run_it("take_noise", "--every-band", "--duration", "6", "--faults", "no_flux_ramp"))
        self.assertEqual(noise["n_alive"], 0)
        iv = self.result(self.run_it("take_iv", "--faults", "no_flux_ramp"))
        self.assertEqual(iv["n_iv"], 0)
        before = self.slot.state["bgmap_file"], self.slot.state["iv_file"]
        groups = self.run_it("take_bgmap", "--faults", "no_flux_ramp")
        self.assertLess(self.result(groups)["correlation"], 0.6)
        self.assertEqual((self.slot.state["bgmap_file"], self.slot.state["iv_file"]), before)

    def test_refusals(self) -> None:
        fresh = Slot()
        self.addCleanup(fresh.close)
        for name, arguments, text in (
                ("take_iv", ("--kwargs", '{"bias_stepp": 1}'), "unexpected keyword argument 'bias_stepp'"),
                ("take_iv", ("--kwargs", '{"analysis_kwargs": {"psat_level": 0.8}}'), "'psat_level' is for sodetlib"),
                ("set_biases", ("--bias", "[1, 2, 3]"), "Number of biases must match number of bgs"),
                ("set_biases", ("--bias", "20"), "beyond 19.9 V"),
                ("set_biases", ("--bias", "1", "--bgs", "15"), "bias group 15 is not defined")):
            before = self.lines
            self.assertIn(text, self.run_it(name, *arguments, code=1).err)
            self.assertEqual(self.lines, before)
            told = self.told()["result"]
            self.assertEqual((told["success"], text in told["traceback"]), (False, True))
        for name, arguments, text in (("take_iv", (), "run take_bgmap first"), ("bias_dets", (), "run take_iv first"),
                                      ("take_bgmap", (), "the flux ramp is off"), ("stream", (), "the flux ramp is off"),
                                      ("take_noise", ("--every-band",), "no tones are on")):
            ended = fresh.run(name, "--simulate", *arguments)
            self.assertEqual(ended.code, 1, name)
            self.assertIn(text, ended.err)
        self.assertFalse(fresh.state["stream"]["open_g3stream"])


class AbortTest(OnBiasedSlot):
    """Told to end in the middle, each leaves what it promises: 0 V, or what was there before."""

    def started(self, name: str, *arguments: str, at_volts: float = 0) -> "subprocess.Popen[str]":
        # A part of the real waits, so that there is a middle.
        process = self.slot.start(name, "--simulate", "--time-scale", "0.1", *arguments)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + TIMEOUT_S
        # Relays are turned by all that have more to put back than a stream.
        while not any(self.lines["high_current"]) or max(self.lines["volts"]) < at_volts:
            self.assertLess(time.monotonic(), deadline)
            self.assertIsNone(process.poll())
            time.sleep(0.02)
        return process

    def interrupted(self, name: str, *arguments: str) -> None:
        process = self.started(name, *arguments)
        process.send_signal(signal.SIGINT)
        self.assertIn("interrupted", rest_of(process))
        self.assertEqual(process.returncode, 130)
        self.assertFalse(self.slot.state["stream"]["open_g3stream"])
        self.assertEqual(self.lines["high_current"], LOW)
        self.assertFalse(os.path.exists(self.slot.path("left.json")))

    def test_those_that_leave_no_bias(self) -> None:
        for name, arguments in (("take_iv", ()), ("bias_dets", ("--rfrac", "0.5", *LONG)), ("overbias_tes", LONG),
                                ("take_bgmap", ())):
            self.interrupted(name, *arguments)
            self.assertEqual(self.lines["volts"], OFF, name)
            self.assertFalse(self.slot.state["tes_bias_on"])

    def killed(self, name: str, *arguments: str, until: Callable[[Dict[str, Any]], bool]) -> None:
        """In the middle, so that none of its own clean-up ran."""
        process = self.slot.start(name, "--simulate", *LONG, *arguments)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + TIMEOUT_S
        while not until(self.slot.state):
            self.assertLess(time.monotonic(), deadline)
            self.assertIsNone(process.poll())
            time.sleep(0.02)
        process.kill()
        rest_of(process)

    def test_those_that_were_killed(self) -> None:
        """What follows leaves what each would have left, and takes no notice of another session's."""
        before = self.lines
        for name, arguments, until, left in (
                ("overbias_tes", (), lambda state: max(state["tes_bias"]["volts"]) > 19, OFF),
                ("take_bias_steps", ("--kwargs", '{"dc_voltage": 7.0, "hcm_wait_time": 9}'),
                 lambda state: state["tes_bias"]["high_current"][11], before["volts"])):
            self.run_it("set_biases", "--bias", json.dumps(before["volts"][:12]))
            self.killed(name, *arguments, until=until)
            in_between = self.lines
            self.run_it("put_back")
            self.assertEqual(self.lines, in_between, name)
            self.run_it("put_back", "--kwargs", "{}", "--faults", "hang", ctime=CTIME)
            self.assertEqual((self.lines["volts"], self.lines["high_current"]), (left, LOW), name)
            self.assertFalse(self.slot.state["stream"]["open_g3stream"])
            self.assertFalse(os.path.exists(self.slot.path("left.json")))

    def test_a_stream_that_was_killed(self) -> None:
        before = self.lines
        for name, arguments in (("stream", ()), ("take_noise", ("--every-band",))):
            self.killed(name, *arguments, until=lambda state: state["stream"]["open_g3stream"])
            self.run_it("put_back", ctime=CTIME)
            self.assertEqual((self.slot.state["stream"]["open_g3stream"], self.lines), (False, before), name)

    def test_a_record_that_cannot_be_read(self) -> None:
        with open(self.slot.path("left.json"), "w", encoding="utf-8") as file:
            file.write('{"ctime": 1}')
        self.assertIn("is not known, so all biases go off", self.run_it("put_back", ctime=1).err)
        self.assertEqual(self.lines["volts"], OFF)

    def test_those_that_leave_the_bias(self) -> None:
        before = self.lines
        for name, arguments in (("take_bias_steps", ()), ("take_bias_waves", ()),
                                ("take_bias_steps", ("--kwargs", '{"dc_voltage": 7.0}'))):
            self.interrupted(name, *arguments)
            self.assertEqual(self.lines["volts"], before["volts"], name)


class ProcessTest(OnBiasedSlot):
    """A stop is their proper end."""

    def stopped(self, name: str, *arguments: str, until: str) -> Dict[str, Any]:
        process = self.slot.start(name, "--simulate", *arguments, environment=self.listener.environment)
        self.addCleanup(process.kill)
        told: Dict[str, Any] = {}
        deadline = time.monotonic() + TIMEOUT_S
        while until not in json.dumps(told):
            self.assertLess(time.monotonic(), deadline)
            told.update(self.told())
            time.sleep(0.02)
        self.running = {**told}, self.slot.state["stream"]
        process.send_signal(signal.SIGINT)
        rest_of(process)
        self.assertEqual(process.returncode, 0)
        return {**told, **self.told()}

    def test_a_stream(self) -> None:
        after = self.stopped("stream", "--tag", "night", "--subtype", "cmb", "--kwargs",
                             '{"downsample_factor": 8, "filter_disable": null}', "--time-scale", "0.01",
                             until='"stream_on": true')
        told, registers = self.running
        self.assertEqual((registers["stream_tag"], registers["downsample_factor"], registers["open_g3stream"]),
                         ("obs,cmb,night", 8, True))
        self.assertEqual((told["sid"], told["stream_id"]), (registers["session_id"], "slot2"))
        self.assertEqual((after["stream_on"], self.slot.state["stream"]["open_g3stream"]), (False, False))
        self.assertEqual(after["result"]["success"], True)

    def test_check_state(self) -> None:
        self.stopped("check_state", "--poll-interval", "0.1", until="num_active_channels")
        told, _ = self.running
        self.assertEqual((told["open_g3stream"], told["stream_id"], told["degraded"]), (0, "slot2", False))
        self.assertEqual(told["state_results"]["num_active_channels"], len(told["channel_mask"]))

    def test_noise_is_streamed_while_it_is_taken(self) -> None:
        process = self.slot.start("take_noise", "--simulate", "--every-band", "--faults", "hang")
        self.addCleanup(process.kill)
        assert process.stdout is not None
        self.assertIn("hanging\n", process.stdout)
        self.run_it("check_state", "--test-mode")
        told = self.told()
        self.assertEqual((told["open_g3stream"], told["stream_tag"]), (1, "oper,noise"))
        process.send_signal(signal.SIGINT)
        rest_of(process)
        self.assertFalse(self.slot.state["stream"]["open_g3stream"])

    def test_a_link_that_is_locked_up(self) -> None:
        self.run_it("restart_rssi")
        self.assertTrue(self.told()["rssi_responsive"])
        self.run_it("restart_rssi", "--faults", "rssi_lockup,rssi_dead", code=1)
        self.assertFalse(self.told()["rssi_responsive"])
        self.assertIn("run restart_rssi", self.run_it("check_state", "--test-mode").err)
        self.assertTrue(self.told()["degraded"])
        self.assertIn("RSSI has recovered", self.run_it("restart_rssi").text)
        self.run_it("check_state", "--test-mode")
        self.assertFalse(self.told()["degraded"])


class OthersTest(OnBiasedSlot):
    def test_overbias_leaves_its_bias(self) -> None:
        self.run_it("overbias_tes")
        self.assertAlmostEqual(self.lines["volts"][0], 10, delta=1e-4)
        self.assertEqual(self.lines["high_current"], LOW)

    def test_all_off(self) -> None:
        on = self.run_it("all_off", "--outputs", "keep", "--amps", "off").numbers()
        self.assertEqual((on["all_off"], on["amps_on"]), (True, False))
        self.assertTrue(self.slot.state["flux_ramp_on"] and self.slot.state["tes_bias_on"])
        self.run_it("all_off", "--amps", "off")
        state = self.slot.state
        self.assertFalse(state["flux_ramp_on"] or state["tes_bias_on"] or any(state["tones_on"].values()))
        self.assertEqual([message["payload"] for message in self.listener.messages()
                          if message["type"] == "session_log"], ["Everything off"] * 2)

    def test_run_test_func(self) -> None:
        self.run_it("run_test_func")
        self.assertEqual(self.told(), {"test": 10})

    def result_of(self, operation: str, *arguments: str) -> Tuple[Dict[str, Any], str]:
        """The result, and the last words."""
        self.run_it("uxm_result", operation, *arguments)
        messages = self.listener.messages()
        return (next(message["payload"]["result"] for message in messages if message["type"] == "session_data"),
                next((message["payload"] for message in messages if message["type"] == "session_log"), ""))

    def test_what_a_relock_tells(self) -> None:
        for stage in ("load_tune", "serial_algs", "tracking_setup", "take_noise", "take_bgmap"):
            self.run_it(stage, *SMALL[1:], "--bands", "0", "--uxm-kwargs", '{"setup_notches": false}')
        told = self.told()
        count = told["all_det_num"][0]
        self.assertEqual((told["all_det_num"], told["good_det_num"][0]), ([count] + [0] * 7, count))
        self.assertEqual([told["tracking_results"][f"alarm_band{band}"] for band in (0, 1)], [0, 1])
        self.assertEqual([each["name"] for each in told["headline"]],
                         ["Channels that track", "White noise", "Channels with a group"])
        self.assertEqual([step for step, _ in told["timestamps"]],
                         ["load_tune", "tracking_setup", "noise", "bg_map", "end"])
        returned = {key: told[key] for key in ("filepath", "all_det_num", "good_det_num")}
        self.assertTrue(returned["filepath"].endswith("_tracking_results.npy"))
        self.assertEqual(self.result_of("uxm_relock"),
                         ({"success": True, "return_val": returned, "traceback": None}, "Finished UXM Relock"))
        self.assertEqual(self.result_of("uxm_setup"),
                         ({"success": True, "return_val": None, "traceback": None}, "Finished UXM Setup"))
        self.assertEqual(self.result_of("uxm_relock", "--failed=no \"tune\"", "--bands", "0"),
                         ({"success": False, "return_val": None, "traceback": "no \"tune\""}, ""))

    def test_steps_of_a_setup(self) -> None:
        told = Told(SessionFolder(self.slot.data_dir, CTIME + 2))
        for now, stage in enumerate(SETUP + (END,)):
            steps = told.step(stage, now)["timestamps"]
        self.assertEqual([step for step, _ in steps], ["setup_amps", "estimate_attens", "setup_phase_delay",
                                                       "setup_tune", "setup_tracking", "noise", "end"])

    def test_parameters_that_are_something_else(self) -> None:
        """One line that names the parameter, whatever JSON it is."""
        for stage, arguments, text in (
                ("load_tune", ("--uxm-kwargs", '{"nphi": 1}'), "no keyword argument 'nphi'"),
                ("load_tune", ("--uxm-kwargs", "[1]"), "argument --uxm-kwargs: '[1]' is no JSON object"),
                ("take_iv", ("--kwargs", "3"), "argument --kwargs: '3' is no JSON object"),
                ("take_iv", ("--kwargs", "{"), "argument --kwargs: '{' is no JSON"),
                ("take_bias_steps", ("--rfrac-range", "0.5"), "--rfrac-range: '0.5' is not a list of 2 numbers"),
                ("bias_dets", ("--rfrac", "[0.5]"), "--rfrac: '[0.5]' is neither a number nor a list of 2 numbers"),
                ("set_biases", ("--bias", "true"), "--bias: 'true' is neither a number nor a list of 1 to 15"),
                ("overbias_tes", ("--bgs", "1.5"), "--bgs: '1.5' is neither a bias group nor a list of them")):
            err = self.run_it(stage, *arguments, code=2).err
            self.assertIn(text, err)
            self.assertNotIn("Traceback", err)
        self.assertIn("analysis_kwargs 3 is no object",
                      self.run_it("take_iv", "--kwargs", '{"analysis_kwargs": 3}', code=1).err)

    def test_bands_as_the_agent_takes_them(self) -> None:
        for text, bands in (("null", range(8)), ("", range(8)), ("3", [3]), ("[1, 0]", [0, 1])):
            told = self.result(self.run_it("safe_state", "--bands", text))
            self.assertEqual(set(told), {str(band) for band in bands})


if __name__ == "__main__":
    unittest.main()
