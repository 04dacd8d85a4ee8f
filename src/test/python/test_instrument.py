"""The simulator offers what the interface asks for, name by name."""
from __future__ import annotations

import inspect
import unittest

import stage_process  # noqa: F401  (puts the scripts on the path)
from tuning.instrument import Instrument, OutputState
from tuning.simulator.smurf import SimulatedSmurf


class InterfaceTest(unittest.TestCase):
    def test_simulator_has_every_method_with_the_same_parameters(self) -> None:
        asked = {name: part for name, part in vars(Instrument).items()
                 if inspect.isfunction(part) and not name.startswith("_")}
        self.assertIn("tracking_setup", asked)
        for name, part in asked.items():
            self.assertEqual(inspect.signature(getattr(SimulatedSmurf, name)), inspect.signature(part), name)

    def test_quiet_is_everything_but_the_amplifiers(self) -> None:
        quiet = OutputState(True, {0: 0}, False, 0.0, False, False)
        self.assertTrue(quiet.quiet)
        for change in ({"tones_on": {0: 0, 3: 1}}, {"flux_ramp_on": True}, {"fixed_flux_bias": -0.1},
                       {"eta_scan_in_progress": True}, {"tes_bias_on": True}):
            self.assertFalse(quiet._replace(**change).quiet, change)


if __name__ == "__main__":
    unittest.main()
