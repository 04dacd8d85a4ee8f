"""safe_state after what it is for: killed and interrupted stages, broken and locked state."""
from __future__ import annotations

import fcntl
import json
import signal
import time
import unittest

from stage_process import SMALL, TIMEOUT_S, Slot, rest_of, tuned_slot

QUIET = {"flux_ramp_on": False, "fixed_flux_bias": 0, "eta_scan_in_progress": False, "tes_bias_on": False}


class SafeStateTest(unittest.TestCase):
    def setUp(self) -> None:
        self.slot = Slot()
        self.addCleanup(self.slot.close)

    def assert_made_quiet(self, slot: Slot, *arguments: str, band: int = 0) -> None:
        ended = slot.run("safe_state", *arguments)
        self.assertEqual(ended.code, 0, ended.err)
        self.assertIs(ended.numbers(band)["quiet"], True)
        state = slot.state
        self.assertEqual({key: state[key] for key in QUIET}, QUIET)
        self.assertFalse(any(state["tones_on"].values()))

    def test_with_no_state_file(self) -> None:
        self.assert_made_quiet(self.slot, "--simulate")

    def test_with_a_broken_state_file(self) -> None:
        for text in ("", '{"amps_on": tr', "[1, 2]", '{"tones_on": 7}', '{"bands": {"0": 1}}',
                     '{"bands": 3, "array": 5}', "\x00\x01"):
            self.slot.write_state(text)
            self.assert_made_quiet(self.slot, "--simulate")

    def test_everything_on_goes_off_in_all_bands_and_the_rest_stays(self) -> None:
        self.slot.write_state(json.dumps({
            "amps_on": True, "tones_on": {"0": 62, "5": 9}, "flux_ramp_on": True, "fixed_flux_bias": -0.3,
            "eta_scan_in_progress": True, "tes_bias_on": True, "tune_file": "/data/1_tune.npy"}))
        self.assert_made_quiet(self.slot, "--simulate", "--bands", "2", band=2)
        state = self.slot.state
        self.assertEqual((state["amps_on"], state["tones_on"], state["tune_file"]),
                         (True, {"0": 0, "5": 0}, "/data/1_tune.npy"))

    def test_amplifiers_by_policy(self) -> None:
        self.slot.write_state('{"amps_on": true}')
        self.assert_made_quiet(self.slot, "--simulate", "--amps", "keep")
        self.assertTrue(self.slot.state["amps_on"])
        self.assert_made_quiet(self.slot, "--simulate", "--amps=off")
        self.assertFalse(self.slot.state["amps_on"])

    def test_arguments_and_faults_it_does_not_know_do_not_stop_it(self) -> None:
        self.slot.write_state('{"flux_ramp_on": true, "amps_on": true}')
        self.assert_made_quiet(self.slot, "--simulate", "--nonsense", "3", "--faults", "hang,nonsense")
        self.slot.write_state('{"flux_ramp_on": true, "amps_on": true}')
        self.assert_made_quiet(self.slot, "--simulate", "--bands", "x", "--amps", "off", "--nphi0", "many")
        self.assertFalse(self.slot.state["amps_on"])

    def test_a_lock_that_stays_does_not_stop_it(self) -> None:
        self.slot.write_state('{"flux_ramp_on": true}')
        with open(self.slot.path("simulator", "state.lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assert_made_quiet(self.slot, "--simulate")

    def test_after_a_kill_in_the_middle_of_a_squid_curve(self) -> None:
        slot = tuned_slot()
        self.addCleanup(slot.close)
        process = slot.start_hanging("squid_curve")
        process.kill()
        process.wait(TIMEOUT_S)
        process.stdout.close()
        state = slot.state
        self.assertNotEqual(state["fixed_flux_bias"], 0)
        self.assertEqual(state["flux_ramp_relay"], "DC")
        self.assertFalse(state["bands"]["0"]["lms_enabled"])
        self.assert_made_quiet(slot, "--simulate")
        self.assertEqual(slot.state["flux_ramp_relay"], "AC")
        self.assertEqual(len(slot.state["bands"]["0"]["notches"]), len(state["bands"]["0"]["notches"]))

    def test_an_interrupted_squid_curve_cleans_up_behind_itself(self) -> None:
        slot = tuned_slot()
        self.addCleanup(slot.close)
        process = slot.start_hanging("squid_curve")
        process.send_signal(signal.SIGINT)
        self.assertEqual(rest_of(process), "squid_curve: interrupted\n")
        self.assertEqual(process.returncode, 130)
        state = slot.state
        self.assertEqual((state["fixed_flux_bias"], state["flux_ramp_relay"]), (0, "AC"))
        self.assertTrue(state["bands"]["0"]["lms_enabled"])
        self.assertTrue(state["tones_on"]["0"] > 0)

    def test_a_killed_scan_goes_on_and_only_safe_state_waits_for_it(self) -> None:
        slot = tuned_slot()
        self.addCleanup(slot.close)
        process = slot.start_hanging("serial_algs")
        process.kill()
        process.wait(TIMEOUT_S)
        process.stdout.close()
        state = slot.state
        self.assertTrue(state["eta_scan_in_progress"])
        state["scans"]["0"].update(since=time.time(), lasts_s=600)
        slot.write_state(json.dumps(state))
        for arguments in ((), ("--force",)):
            refused = slot.run("serial_algs", *SMALL, *arguments)
            self.assertEqual(refused.code, 1, arguments)
            self.assertRegex(refused.err, "already in progress|scan runs in the server")
        state["scans"]["0"].update(lasts_s=0.1)
        slot.write_state(json.dumps(state))
        self.assert_made_quiet(slot, "--simulate")
        self.assertEqual(slot.run("load_tune", *SMALL).code, 0)
        self.assertEqual(slot.run("serial_algs", *SMALL).code, 0)
        self.assertFalse(slot.state["eta_scan_in_progress"])


if __name__ == "__main__":
    unittest.main()
