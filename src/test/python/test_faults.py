"""Each fault, as it shows to whoever watches the process."""
from __future__ import annotations

import json
import os
import signal
import time
import unittest

from stage_process import SMALL, TIMEOUT_S, Listener, Slot, rest_of, tuned_slot
from tuning.faults import INSTRUMENT_FAULTS, PROCESS_FAULTS, Faults, UnknownFault, parse_faults


class ParsingTest(unittest.TestCase):
    def names(self, stage: str, *asked: str) -> list:
        faults = parse_faults(list(asked), stage)
        return [name for name in INSTRUMENT_FAULTS + PROCESS_FAULTS if name in faults]

    def test_names_from_both_places_add_up(self) -> None:
        self.assertEqual(self.names("find_freq", "hang, eta_bad", "big_udp"), ["eta_bad", "hang", "big_udp"])
        self.assertEqual(self.names("find_freq", "", ""), [])

    def test_a_stage_can_be_named(self) -> None:
        self.assertEqual(self.names("find_freq", "hang@find_freq,big_udp@take_noise"), ["hang"])
        self.assertEqual(self.names("take_noise", "hang@find_freq,big_udp@take_noise"), ["big_udp"])

    def test_preflight_is_spared_unless_named_and_safe_state_always(self) -> None:
        self.assertEqual(self.names("preflight", "hang"), [])
        self.assertEqual(self.names("preflight", "hang@preflight"), ["hang"])
        self.assertEqual(self.names("safe_state", "hang,hang@safe_state"), [])

    def test_exit_code_takes_a_number(self) -> None:
        self.assertEqual(parse_faults(["exit_code=7"], "find_freq").exit_code, 7)
        self.assertEqual(parse_faults(["exit_code=7@find_freq"], "find_freq").exit_code, 7)
        self.assertEqual(parse_faults(["exit_code"], "find_freq").exit_code, 1)
        self.assertEqual(Faults({}).exit_code, 0)

    def test_what_is_unknown_is_named(self) -> None:
        for asked, word in (("hangg", "hangg"), ("hang@lunch", "lunch"), ("hang=3", "hang=3"),
                            ("exit_code=x", "exit_code=x"), ("exit_code=256", "256"), ("=3", "=3")):
            with self.assertRaisesRegex(UnknownFault, word):
                parse_faults([asked], "find_freq")


class InstrumentFaultTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.slot = tuned_slot()
        cls.addClassCleanup(cls.slot.close)

    def test_amp_fail_ends_out_of_tolerance_with_exit_code_0(self) -> None:
        slot = Slot()
        self.addCleanup(slot.close)
        ended = slot.run("setup_amps", *SMALL, environment={"SMURF_SIM_FAULTS": "amp_fail"})
        self.assertEqual(ended.code, 0)
        self.assertGreater(abs(ended.numbers()["hemt_id"] - 8.0), 0.2)
        self.assertGreater(abs(ended.numbers()["50k_id"] - 15.0), 0.2)
        self.assertFalse(slot.state["amps_on"])

        # The next search begins where this one did, not at the gates' limits.
        healthy = slot.run("setup_amps", *SMALL).numbers()
        self.assertAlmostEqual(healthy["hemt_id"], 8.0, delta=0.2)
        self.assertAlmostEqual(healthy["50k_id"], 15.0, delta=0.2)

    def test_no_flux_ramp_shows_in_tracking(self) -> None:
        numbers = self.slot.run("tracking_setup", *SMALL, "--faults", "no_flux_ramp").numbers()
        self.assertEqual(numbers["n_good"], 0)
        self.assertLess(numbers["r2_median"], 0.5)
        self.assertLess(numbers["f_ptp_khz"], 10)

    def test_dead_channels_go_off_in_the_eta_scan_and_stay_off(self) -> None:
        slot = Slot(like=self.slot)
        self.addCleanup(slot.close)
        before = slot.state["tones_on"]["0"]
        numbers = slot.run("serial_algs", *SMALL, "--faults", "dead_channels").numbers()
        self.assertEqual((numbers["n_failed"], numbers["n_all"]), (1, before))
        self.assertEqual(slot.state["tones_on"]["0"], before - 1)
        self.assertEqual(slot.run("serial_algs", *SMALL).numbers()["n_all"], before - 1)

    def test_dead_channels_are_drawn_like_any_other(self) -> None:
        slot = Slot(like=self.slot)
        self.addCleanup(slot.close)
        numbers = slot.run("setup_notches", *SMALL, "--faults", "dead_channels").numbers()
        self.assertGreater(numbers["n_assigned"], 0)

    def test_dead_channels_do_not_track(self) -> None:
        numbers = self.slot.run("tracking_setup", *SMALL, "--faults", "dead_channels").numbers()
        self.assertEqual(numbers["n_all"] - numbers["n_good"], 1)
        self.assertGreater(numbers["r2_median"], 0.99)

    def test_eta_bad_shows_in_tracking(self) -> None:
        ended = self.slot.run("tracking_setup", *SMALL, "--faults", "eta_bad")
        self.assertEqual((ended.code, ended.numbers()["n_good"]), (0, 0))
        self.assertLess(ended.numbers()["r2_median"], 0.5)


class ProcessFaultTest(unittest.TestCase):
    def setUp(self) -> None:
        self.slot, self.listener = Slot(), Listener()
        self.addCleanup(self.slot.close)
        self.addCleanup(self.listener.close)

    def run_with(self, fault: str) -> tuple:
        ended = self.slot.run("setup_amps", *SMALL, "--faults", fault, environment=self.listener.environment)
        return ended, self.listener.messages()

    def test_unknown_fault_ends_with_2_and_names_the_others(self) -> None:
        ended, _ = self.run_with("hangg")
        self.assertEqual(ended.code, 2)
        for name in ("hangg",) + INSTRUMENT_FAULTS + PROCESS_FAULTS:
            self.assertIn(name, ended.err)

    def test_exit_code_comes_after_the_work(self) -> None:
        ended, messages = self.run_with("exit_code=3")
        self.assertEqual(ended.code, 3)
        self.assertAlmostEqual(ended.numbers()["hemt_id"], 8.0, delta=0.2)
        self.assertEqual(messages[-1]["type"], "stop")

    def test_long_line(self) -> None:
        ended, _ = self.run_with("long_line")
        self.assertEqual(ended.code, 0)
        self.assertGreaterEqual(max(map(len, ended.out.split(b"\n"))), 1_000_000)

    def test_bad_utf8(self) -> None:
        ended, _ = self.run_with("bad_utf8")
        self.assertEqual(ended.code, 0)
        with self.assertRaises(UnicodeDecodeError):
            ended.out.decode("utf-8")

    def test_big_udp_is_dropped_and_told(self) -> None:
        ended, messages = self.run_with("big_udp")
        self.assertEqual(ended.code, 0)
        errors = [message["payload"]["message"] for message in messages if message["type"] == "backend_error"]
        self.assertEqual(len(errors), 1)
        self.assertRegex(errors[0], r"dropped large UDP packet \(70\d\d\d bytes\)")
        numbers = [message["seq_no"] for message in messages]
        self.assertEqual(len(numbers), max(numbers))

    def test_slow_stderr(self) -> None:
        ended, _ = self.run_with("slow_stderr")
        self.assertEqual((ended.code, len(ended.err)), (0, 200_000))

    def test_fork_child_lives_on_in_a_session_of_its_own(self) -> None:
        ended, _ = self.run_with("fork_child")
        self.assertEqual(ended.code, 0)
        pid = int(ended.text.split("forked child ")[1].split()[0])
        try:
            self.assertNotEqual(os.getsid(pid), os.getsid(0))
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
            self.assertNotEqual(parent, os.getpid())
        finally:
            os.kill(pid, signal.SIGKILL)

    def test_hang_ends_on_interrupt(self) -> None:
        process = self.slot.start_hanging("setup_amps")
        process.send_signal(signal.SIGINT)
        self.assertEqual(rest_of(process), "setup_amps: interrupted\n")
        self.assertEqual(process.returncode, 130)

    def test_hang_ends_on_terminate(self) -> None:
        process = self.slot.start_hanging("setup_amps")
        process.terminate()
        self.assertEqual(rest_of(process), "setup_amps: interrupted\n")
        self.assertEqual(process.returncode, 130)

    def test_ignored_interrupt_is_told_and_terminate_still_works(self) -> None:
        process = self.slot.start_hanging("setup_amps", "ignore_int")
        assert process.stdout is not None
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.stdout.readline(), "ignored SIGINT\n")
        process.terminate()
        rest_of(process)
        self.assertEqual(process.returncode, 130)

    def test_only_kill_ends_what_ignores_both(self) -> None:
        process = self.slot.start_hanging("setup_amps", "ignore_int", "ignore_term")
        assert process.stdout is not None
        process.terminate()
        self.assertEqual(process.stdout.readline(), "ignored SIGTERM\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.stdout.readline(), "ignored SIGINT\n")
        process.kill()
        process.wait(TIMEOUT_S)
        process.stdout.close()
        self.assertEqual(process.returncode, -signal.SIGKILL)


class AbortedScanTest(unittest.TestCase):
    """A descent goes on behind the end of its stage, and safe_state is safe all the same."""

    def abort(self, number: signal.Signals, lasts_s: float) -> None:
        slot = tuned_slot()
        self.addCleanup(slot.close)
        process = slot.start_hanging("serial_algs")
        state = slot.state
        state["scans"]["0"].update(since=time.time(), lasts_s=lasts_s)
        end = time.time() + lasts_s
        slot.write_state(json.dumps(state))
        process.send_signal(number)
        rest_of(process)
        self.assertEqual((list(slot.state["scans"]), slot.state["eta_scan_in_progress"]), (["0"], True))

        ended = slot.run("safe_state", "--simulate")
        self.assertEqual((ended.code, ended.numbers()["quiet"]), (0, True), ended.err)
        self.assertGreaterEqual(time.time(), end)
        looked = slot.run("preflight", "--simulate", "--keep-outputs").numbers()
        self.assertEqual((looked["tones_on"], looked["eta_scan_in_progress"]), (0, False))
        state = slot.state
        self.assertEqual((state["tones_on"]["0"], state["scans"]), (0, {}))
        self.assertTrue(state["bands"]["0"]["rf_enabled"])

    def test_interrupted(self) -> None:
        self.abort(signal.SIGINT, 5.0)

    def test_killed(self) -> None:
        self.abort(signal.SIGKILL, 1.5)


if __name__ == "__main__":
    unittest.main()
