"""The state file: one JSON object, changed under a lock that dies with its process."""
from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import unittest

from stage_process import SCRIPTS, Slot
from tuning.simulator import scans
from tuning.simulator.registers import Registers, StateBroken, StateLocked, fresh_band, fresh_state

HOLDER = """
import sys
sys.path.insert(0, sys.argv[1])
from tuning.simulator.registers import Registers
with Registers(sys.argv[2], 5.0).transaction() as state:
    state["amps_on"] = True
    print("held", flush=True)
    sys.stdin.read()
"""

REGISTERS = {"amps_on": bool, "tones_on": dict, "flux_ramp_on": bool, "fixed_flux_bias": float,
                 "eta_scan_in_progress": bool, "tes_bias_on": bool}


class RegistersTest(unittest.TestCase):
    def setUp(self) -> None:
        self.slot = Slot()
        self.addCleanup(self.slot.close)
        self.registers = Registers(self.slot.data_dir, 5.0)

    def holder(self) -> "subprocess.Popen[str]":
        process = subprocess.Popen([sys.executable, "-c", HOLDER, SCRIPTS, self.slot.data_dir], text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout is not None and process.stdin is not None
        self.assertEqual(process.stdout.readline(), "held\n")
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stdin.close)
        return process

    def test_missing_file_reads_as_all_off(self) -> None:
        self.assertEqual(self.registers.read(), fresh_state())

    def test_what_is_written_is_read_back(self) -> None:
        with self.registers.transaction() as state:
            state["tones_on"]["0"] = 62
        for key, kind in REGISTERS.items():
            self.assertIsInstance(self.slot.state[key], kind, key)
        self.assertEqual(Registers(self.slot.data_dir, 5.0).read()["tones_on"], {"0": 62})

    def test_nothing_is_written_when_the_change_fails(self) -> None:
        with self.assertRaises(ZeroDivisionError):
            with self.registers.transaction() as state:
                state["amps_on"] = True
                raise ZeroDivisionError
        self.assertFalse(self.registers.read()["amps_on"])

    def test_broken_file_is_told(self) -> None:
        for text in ("", "{", "[]", "null", '{"tones_on": 5}', '{"tones_on": {"a": 1}}',
                     '{"fixed_flux_bias": "x"}', '{"amps_on": null}', '{"bands": {"0": []}}', '{"array": 5}',
                     '{"bands": {"0": {}}, "scans": {"0": {"since": 5}}}', '{"noise_on": true}',
                     '{"bands": {"0": {}}, "before": {"0": {}}}', '{"before": {"shared": 5}}'):
            self.slot.write_state(text)
            with self.assertRaises(StateBroken, msg=text):
                self.registers.read()

    def test_rescue_replaces_a_broken_file_and_keeps_a_sound_one(self) -> None:
        self.slot.write_state("{")
        with contextlib.redirect_stderr(io.StringIO()), self.registers.rescue() as state:
            state["amps_on"] = True
        self.assertTrue(self.registers.read()["amps_on"])
        with self.registers.rescue() as state:
            state["flux_ramp_on"] = True
        self.assertTrue(self.registers.read()["amps_on"])

    def test_a_second_writer_waits_and_no_change_is_lost(self) -> None:
        process = self.holder()
        with self.assertRaises(StateLocked):
            Registers(self.slot.data_dir, 0.05).read()
        process.communicate("")
        self.assertTrue(self.registers.read()["amps_on"])

    def test_lock_is_free_again_when_its_holder_is_killed(self) -> None:
        process = self.holder()
        process.kill()
        process.wait()
        self.assertFalse(self.registers.read()["amps_on"])

    def test_rescue_goes_past_a_lock_that_stays(self) -> None:
        process = self.holder()
        stuck = Registers(self.slot.data_dir, 0.05)
        with contextlib.redirect_stderr(io.StringIO()), stuck.rescue() as state:
            state["eta_scan_in_progress"] = False
        self.assertFalse(stuck.read()["eta_scan_in_progress"])
        process.kill()
        process.wait()

    def test_no_half_written_file_is_left(self) -> None:
        with self.registers.transaction() as state:
            state["amps_on"] = True
        self.assertEqual(sorted(os.listdir(self.slot.path("simulator"))), ["state.json", "state.lock"])


class Clock:
    """A clock that stands until it is put on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class ScanTest(unittest.TestCase):
    """A scan goes on without its client: time alone ends it."""

    NOTCHES = [[7, 7, -298.0, 0.1, 0.2], [9, 9, -295.6, 0.1, 0.2]]

    def setUp(self) -> None:
        self.slot, self.clock = Slot(), Clock()
        self.addCleanup(self.slot.close)
        self.registers = Registers(self.slot.data_dir, 5.0, self.clock)
        with self.registers.transaction() as state:
            state["bands"]["3"] = fresh_band()
            state["tones_on"]["3"] = 3
            scans.begin(state, 3, self.clock(), 60.0, self.NOTCHES, [9])

    def looked_at(self, now: float) -> dict:
        self.clock.now = now
        state = self.registers.read()
        self.assertEqual(self.slot.state, state)
        return state

    def test_it_is_in_progress_until_its_time_is_over(self) -> None:
        for now in (1000.0, 1030.0, 1059.9):
            state = self.looked_at(now)
            self.assertTrue(state["eta_scan_in_progress"])
            self.assertAlmostEqual(scans.seconds_left(state, now), 1060.0 - now)
        state = self.looked_at(1060.0)
        self.assertEqual((state["eta_scan_in_progress"], state["scans"], state["tones_on"]["3"]), (False, {}, 2))
        self.assertEqual(state["bands"]["3"]["notches"], self.NOTCHES)
        self.assertEqual(state["bands"]["3"]["feedback_channels"], [9])

    def test_it_switches_tones_on_again_that_went_off_meanwhile(self) -> None:
        self.clock.now = 1010.0
        with self.registers.transaction() as state:
            state["tones_on"]["3"] = 0
        self.assertEqual(self.looked_at(1059.0)["tones_on"]["3"], 0)
        self.assertEqual(self.looked_at(1061.0)["tones_on"]["3"], 2)

    def test_without_rf_no_tone_comes_back(self) -> None:
        with self.registers.transaction() as state:
            state["tones_on"]["3"] = 0
            state["bands"]["3"]["rf_enabled"] = False
        self.assertEqual(self.looked_at(1061.0)["tones_on"]["3"], 0)

    def test_what_is_switched_off_behind_it_stays_off(self) -> None:
        self.clock.now = 1061.0
        with self.registers.transaction() as state:
            self.assertEqual(state["tones_on"]["3"], 2)
            state["tones_on"]["3"] = 0
        self.assertEqual(self.looked_at(1200.0)["tones_on"]["3"], 0)

    def test_a_mark_stays_while_another_band_is_scanned(self) -> None:
        with self.registers.transaction() as state:
            state["bands"]["5"] = fresh_band()
            scans.begin(state, 5, 1000.0, 90.0, [], [])
        self.assertTrue(self.looked_at(1061.0)["eta_scan_in_progress"])
        self.assertFalse(self.looked_at(1091.0)["eta_scan_in_progress"])

    def test_a_clock_that_was_put_back_does_not_make_it_longer(self) -> None:
        self.assertFalse(self.looked_at(900.0)["eta_scan_in_progress"])

    def test_waiting_ends_with_the_scan_or_with_the_patience(self) -> None:
        seen = iter(range(1000, 1100, 7))
        patient = Registers(self.slot.data_dir, 5.0, lambda: float(next(seen)))
        self.assertFalse(patient.wait_for_scans(20.0))
        self.assertTrue(patient.wait_for_scans(60.0))


if __name__ == "__main__":
    unittest.main()
