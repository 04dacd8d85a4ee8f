"""The simulator offers what the interface asks for, name by name, and meets the hazards of a crate."""
from __future__ import annotations

import inspect
import unittest
from random import Random
from typing import Callable, List

from stage_process import Slot
from tuning.faults import Faults
from tuning.instrument import CannotWork, Descent, Instrument, OutputState
from tuning.simulator.feed_line import FeedLine
from tuning.simulator.registers import Registers, fresh_band, fresh_state
from tuning.simulator.resonator_array import draw_band
from tuning.simulator.smurf import SHORTEST_SCAN_S, UNCALIBRATED_ETA, ArrayChoice, SimulatedSmurf

DESCENT = Descent(100, 0.001, 5000.0, 500.0, 0.1, 240.0)
BAND = 2


class InterfaceTest(unittest.TestCase):
    def test_simulator_has_every_method_with_the_same_parameters(self) -> None:
        asked = {name: part for name, part in vars(Instrument).items()
                 if inspect.isfunction(part) and not name.startswith("_")}
        self.assertIn("tracking_setup", asked)
        for name, part in asked.items():
            implemented = inspect.signature(getattr(SimulatedSmurf, name)).parameters
            self.assertEqual(implemented, inspect.signature(part).parameters, name)

    def test_quiet_is_everything_but_the_amplifiers(self) -> None:
        quiet = OutputState(True, {0: 0}, False, 0.0, False, False)
        self.assertTrue(quiet.quiet)
        for change in ({"tones_on": {0: 0, 3: 1}}, {"flux_ramp_on": True}, {"fixed_flux_bias": -0.1},
                       {"eta_scan_in_progress": True}, {"tes_bias_on": True}, {"noise_on": True}):
            self.assertFalse(quiet._replace(**change).quiet, change)


def interrupt(done: int, total: int) -> None:
    """A progress that is the signal to the client."""
    raise KeyboardInterrupt


def ignore(done: int, total: int) -> None:
    """A progress that is not looked at."""


class SimulatedSlotTest(unittest.TestCase):
    """A slot of eight channels with tones on, by a clock that the test puts on; a look at it takes ``tick``."""

    def setUp(self) -> None:
        self.slot = Slot()
        self.addCleanup(self.slot.close)
        self.now, self.tick = 1000.0, 0.0
        self.registers = Registers(self.slot.data_dir, 5.0, self.clock)
        self.smurf = self.simulated()
        self.smurf.find_freq(BAND, -10.0, 10.0, 12, 0.25, 0.05, ignore)
        self.notch()
        self.tones = len(self.smurf.notches(BAND))
        self.assertEqual(self.tones, 8)
        self.said: List[str] = []

    def clock(self) -> float:
        self.now += self.tick
        return self.now

    def simulated(self, *faults: str) -> SimulatedSmurf:
        return SimulatedSmurf(self.registers, ArrayChoice(5, 8), True, Faults({name: 1 for name in faults}),
                              0.0, lambda number, band: None)

    def notch(self, sweep_width: float = 0.3) -> list:
        return self.smurf.setup_notches(BAND, self.smurf.found_resonances(BAND), 12, sweep_width, 0.002, 0.01,
                                        0.1, True, ignore)

    def start_scan(self) -> None:
        """Start a descent whose client is gone at once."""
        with self.assertRaises(KeyboardInterrupt):
            self.smurf.run_serial_gradient_descent(BAND, DESCENT, interrupt)

    def make_quiet(self, patience_s: float) -> None:
        self.tick = 0.3
        self.smurf.make_quiet(False, patience_s, self.said.append)
        self.tick = 0.0

    def assert_quiet_for_good(self) -> None:
        for self.now in (self.now, self.now + SHORTEST_SCAN_S, self.now + 1000):
            self.assertTrue(self.smurf.read_state().quiet, self.now)


class ScanTest(SimulatedSlotTest):
    def test_it_outlives_its_client_and_switches_its_tones_on_again(self) -> None:
        self.start_scan()
        self.smurf.all_off()
        self.now += SHORTEST_SCAN_S - 0.1
        state = self.smurf.read_state()
        self.assertEqual((state.eta_scan_in_progress, state.tones_on[BAND], state.quiet), (True, 0, False))
        self.assertEqual(self.smurf.running_scans(), [BAND])
        self.now += 0.2
        state = self.smurf.read_state()
        self.assertEqual((state.eta_scan_in_progress, state.tones_on[BAND], state.quiet),
                         (False, self.tones, False))
        self.assertEqual(self.smurf.running_scans(), [])

    def test_a_client_that_waits_sees_its_end_and_the_etas_again(self) -> None:
        seen: List[int] = []
        before = self.smurf.notches(BAND)
        self.smurf.run_serial_gradient_descent(BAND, DESCENT, lambda done, total: seen.append(done))
        self.assertEqual(seen, list(range(1, self.tones + 1)))
        self.assertEqual({notch.eta for notch in self.smurf.notches(BAND)}, {UNCALIBRATED_ETA})
        self.assertEqual(self.slot.state["bands"][str(BAND)]["feedback_channels"], [])
        self.smurf.run_serial_eta_scan(BAND, 0.01, 240.0, ignore)
        self.assertFalse(self.slot.state["eta_scan_in_progress"])
        for was, now in zip(before, self.smurf.notches(BAND)):
            self.assertAlmostEqual(abs(was.eta - now.eta) / abs(was.eta), 0.0, delta=0.2)
            self.assertAlmostEqual(was.freq_mhz, now.freq_mhz, delta=0.01)

    def test_a_second_scan_is_refused_and_the_mark_is_not_taken_from_the_first(self) -> None:
        self.start_scan()
        for second in (lambda: self.smurf.run_serial_eta_scan(BAND, 0.01, 240.0, ignore),
                       self.smurf.clear_eta_scan, lambda: self.smurf.as_before(BAND, True).__enter__()):
            with self.assertRaisesRegex(CannotWork, "a scan runs in the server"):
                second()
        self.assertTrue(self.smurf.read_state().eta_scan_in_progress)

    def test_it_is_held_against_a_tune(self) -> None:
        self.assertEqual([check.fine for check in self.smurf.checks()], [True])
        self.start_scan()
        self.assertEqual([check.fine for check in self.smurf.checks()], [False])
        self.slot.write_state("{")
        self.assertEqual(self.smurf.checks(), [])

    def test_a_mark_without_a_scan_is_cleared(self) -> None:
        with self.registers.transaction() as state:
            state["eta_scan_in_progress"] = True
        self.smurf.clear_eta_scan()
        self.assertFalse(self.smurf.read_state().eta_scan_in_progress)

    def test_a_steady_bias_and_its_relay_stay(self) -> None:
        self.smurf.set_fixed_flux_ramp_bias(0.05)
        self.smurf.run_serial_gradient_descent(BAND, DESCENT, ignore)
        self.assertEqual((self.slot.state["fixed_flux_bias"], self.slot.state["flux_ramp_relay"]), (0.05, "DC"))


class QuietTest(SimulatedSlotTest):
    def test_it_waits_for_the_end_of_a_scan(self) -> None:
        self.start_scan()
        self.make_quiet(60.0)
        self.assertGreaterEqual(self.now, 1000.0 + SHORTEST_SCAN_S)
        self.assertEqual(len(self.said), 1)
        self.assert_quiet_for_good()
        # The next tune has its RF.
        self.notch()
        self.assertEqual(self.smurf.read_state().tones_on[BAND], self.tones)

    def test_a_scan_that_does_not_end_in_time_keeps_its_mark_and_gives_no_tone_back(self) -> None:
        self.start_scan()
        with self.assertRaisesRegex(CannotWork, "still runs"):
            self.make_quiet(1.0)
        self.tick = 0.0
        state = self.smurf.read_state()
        self.assertEqual((state.eta_scan_in_progress, state.tones_on[BAND], state.quiet), (True, 0, False))
        self.now += SHORTEST_SCAN_S
        self.assert_quiet_for_good()
        self.smurf.prepare([BAND])
        self.notch()
        self.assertEqual(self.smurf.read_state().tones_on[BAND], self.tones)

    def test_without_a_scan_it_does_not_wait(self) -> None:
        self.make_quiet(60.0)
        self.assertEqual(self.said, [])
        self.assert_quiet_for_good()

    def test_band_noise_goes_off(self) -> None:
        for off in (self.smurf.all_off, lambda: self.smurf.make_quiet(False, 1.0, self.said.append)):
            with self.registers.transaction() as state:
                state["noise_on"]["7"] = True
            self.assertTrue(self.smurf.read_state().noise_on)
            off()
            self.assert_quiet_for_good()


class BeforeTest(SimulatedSlotTest):
    """What a stage that does not get to its end has changed."""

    def change(self) -> None:
        self.smurf.set_att(BAND, 3)
        self.smurf.set_lms_enable(BAND, False)
        self.smurf.set_fixed_flux_ramp_bias(0.2)
        self.smurf.run_serial_gradient_descent(BAND, DESCENT, ignore)

    def test_it_is_put_back_with_the_tones_as_before_or_off(self) -> None:
        before = self.slot.state
        for tones, left_on in ((True, self.tones), (False, 0)):
            for end in (KeyboardInterrupt, CannotWork):
                with self.registers.transaction() as state:
                    state["tones_on"][str(BAND)] = self.tones
                with self.assertRaises(end):
                    with self.smurf.as_before(None, tones), self.smurf.as_before(BAND, tones):
                        self.change()
                        raise end
                self.assertEqual({**self.slot.state, "tones_on": {}, "noise_on": {}},
                                 {**before, "tones_on": {}, "noise_on": {}})
                self.assertEqual(self.slot.state["tones_on"][str(BAND)], left_on)

    def test_it_stays_where_the_stage_got_to_its_end(self) -> None:
        with self.smurf.as_before(None, True), self.smurf.as_before(BAND, True):
            self.change()
        self.assertEqual((self.slot.state["bands"][str(BAND)]["att"], self.slot.state["before"]), (3, {}))
        self.assertEqual(self.slot.state["fixed_flux_bias"], 0.2)

    def test_behind_a_scan_it_is_put_back_by_make_quiet(self) -> None:
        before = self.slot.state["bands"][str(BAND)]
        self.tick = 0.1
        with self.assertRaises(KeyboardInterrupt), self.smurf.as_before(BAND, True):
            self.smurf.run_serial_gradient_descent(BAND, DESCENT, interrupt)
        state = self.slot.state
        self.assertEqual((state["bands"][str(BAND)]["rf_enabled"], state["tones_on"][str(BAND)]), (False, 0))
        self.assertLess(self.now, 1000.0 + SHORTEST_SCAN_S)
        self.make_quiet(60.0)
        self.assert_quiet_for_good()
        self.assertEqual(self.slot.state["bands"][str(BAND)], before)

    def test_a_killed_stage_is_put_back_by_the_next_one_but_for_the_outputs(self) -> None:
        before = self.slot.state["bands"][str(BAND)]
        killed = self.smurf.as_before(None, True), self.smurf.as_before(BAND, True)
        for part in killed:
            part.__enter__()
        self.change()
        with self.smurf.as_before(None, True), self.smurf.as_before(BAND, True):
            self.assertEqual(self.slot.state["bands"][str(BAND)], before)
            self.assertEqual(self.slot.state["fixed_flux_bias"], 0.2)

    def test_an_interrupted_phase_delay_leaves_neither_noise_nor_another_delay(self) -> None:
        delay = self.slot.state["bands"][str(BAND)]["band_delay_us"]
        seen: List[dict] = []

        def look(done: int, total: int) -> None:
            seen.append(self.slot.state)
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.smurf.estimate_phase_delay(BAND, -2.4, 2.4, 1, look)
        self.assertEqual(seen[0]["noise_on"], {str(BAND): True})
        self.assertEqual(seen[0]["bands"][str(BAND)]["band_delay_us"], 0)
        self.assertFalse(self.smurf.read_state().noise_on)
        self.assertEqual(self.slot.state["bands"][str(BAND)]["band_delay_us"], delay)


class ChannelTest(SimulatedSlotTest):
    def test_a_sweep_past_its_channel_sees_nothing(self) -> None:
        for each in self.notch(1.3):
            centre = 1.2 * (each.notch.subband - 255)
            for freq, value in zip(each.sweep.freqs_mhz, each.sweep.response):
                self.assertEqual(value == 0, abs(freq - centre) > 1.2, freq - centre)

    def test_a_dead_channel_sees_nothing(self) -> None:
        self.smurf = self.simulated("dead_channels")
        silent = [not any(each.sweep.response) for each in self.notch()]
        self.assertEqual(silent, [True] + [False] * 7)

    def line(self, change: Callable[[dict], None]) -> FeedLine:
        state = {**fresh_state(), "bands": {"0": fresh_band()}, "amps_on": True}
        change(state)
        return FeedLine(draw_band(5, 0, 8), state, state["bands"]["0"], Faults({}))

    def test_alternating_coupling_keeps_a_steady_bias_from_the_squids(self) -> None:
        for relay, seen in (("DC", [0.1]), ("AC", [0.0])):
            line = self.line(lambda state: state.update(fixed_flux_bias=0.1, flux_ramp_relay=relay))
            self.assertEqual(line.slow_biases(), seen)

    def test_without_rf_there_is_only_noise(self) -> None:
        line = self.line(lambda state: state["bands"]["0"].update(rf_enabled=False))
        self.assertLess(max(map(abs, line.measure([0.0, 1.0, 2.0], Random(1), 64))), 0.003)


if __name__ == "__main__":
    unittest.main()
