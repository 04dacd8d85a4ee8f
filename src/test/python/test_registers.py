"""The state file: one JSON object, changed under a lock that dies with its process."""
from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import unittest

from stage_process import SCRIPTS, Slot
from tuning.simulator.registers import Registers, StateBroken, StateLocked, fresh_state

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
                     '{"fixed_flux_bias": "x"}', '{"amps_on": null}', '{"bands": {"0": []}}', '{"array": 5}'):
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


if __name__ == "__main__":
    unittest.main()
