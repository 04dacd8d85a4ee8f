"""Detectors, and what the operations find of them, against closed forms: no answer here comes from the simulator."""
from __future__ import annotations

import unittest
from math import exp, pi, sin, sqrt
from typing import Dict, List
from unittest import mock

import stage_process  # noqa: F401  (the scripts' folder)
from bias_dets import chosen_v
from detectors import group_map, iv_curve, response
from detectors.group_map import Place
from detectors.operation import block, quantiles
from tuning.bias_lines import LINE_OHM, UNGROUPED, VOLTS_PER_BIT, Readout, SteppedGroup, StreamSetting, WavedGroup
from tuning.instrument import CannotWork
from tuning.noise import READOUT_PA
from tuning.simulator import biases
from tuning.simulator.detector import Detector
from tuning.simulator.registers import fresh_state

SHUNT, NORMAL, POWER, PARASITIC = 0.39e-3, 7.7e-3, 5e-12, 0.02e-3
PA_PER_PHI0 = 9e6
OWN = Readout(0, 7)
TES = Detector(3, 1, NORMAL, POWER, PARASITIC, 1e-3, 0.5)
NEVER_LOW = 1.0


def constant_power_a(bias_a: float) -> float:
    """I of a TES that keeps its power: I R_sh (I_b - I) = P."""
    return (bias_a - sqrt(bias_a ** 2 - 4 * POWER / SHUNT)) / 2


def rad(current_a: float) -> float:
    return 2 * pi * current_a / (PA_PER_PHI0 * 1e-12)


class DetectorTest(unittest.TestCase):
    def setUp(self) -> None:
        patch = mock.patch("tuning.simulator.detector.POWER_SLOPE", 0)
        patch.start()
        self.addCleanup(patch.stop)

    def test_current_of_each_state(self) -> None:
        edge = sqrt(POWER / NORMAL) * (NORMAL + SHUNT) / SHUNT
        self.assertAlmostEqual(TES.normal_a / edge, 1)
        self.assertAlmostEqual(TES.latch_a / (2 * sqrt(POWER / SHUNT)), 1)
        for bias, current, state in ((edge * 1.2, edge * 1.2 * SHUNT / (NORMAL + SHUNT), "normal"),
                                     (edge * 0.8, constant_power_a(edge * 0.8), "transition"),
                                     (TES.latch_a * 1.01, constant_power_a(TES.latch_a * 1.01), "transition"),
                                     (TES.latch_a * 0.99, TES.latch_a * 0.99 * SHUNT / (PARASITIC + SHUNT),
                                      "superconducting")):
            self.assertAlmostEqual(TES.current_a(bias, NEVER_LOW) / current, 1, places=6, msg=state)
            self.assertEqual(TES.state(bias, NEVER_LOW), state)

    def test_what_has_latched_stays_latched(self) -> None:
        bias = TES.normal_a * 1.2
        self.assertEqual(TES.state(bias, TES.latch_a * 0.9), "superconducting")

    def test_white_noise_of_each_state(self) -> None:
        boltzmann, readout = 1.380649e-23, READOUT_PA * 1e-12
        shunt = 4 * boltzmann * 0.1 * SHUNT
        latched = sqrt(shunt / (SHUNT + PARASITIC) ** 2 + readout ** 2)
        self.assertAlmostEqual(TES.white_pa(0, 0) * 1e-12 / latched, 1, places=2)
        normal = sqrt((shunt + 4 * boltzmann * 0.16 * NORMAL) / (SHUNT + NORMAL) ** 2 + readout ** 2)
        self.assertAlmostEqual(TES.white_pa(TES.normal_a * 1.1, NEVER_LOW) * 1e-12 / normal, 1, places=2)
        between = TES.white_pa(TES.normal_a * 0.7, NEVER_LOW)
        self.assertTrue(normal * 1e12 < between < latched * 1e12)


class BiasLinesTest(unittest.TestCase):
    def setUp(self) -> None:
        self.state = fresh_state()

    def test_volts_are_whole_steps_within_limits(self) -> None:
        biases.set_volts(self.state, {2: 6.2})
        volts = self.state["tes_bias"]["volts"][2]
        self.assertAlmostEqual(volts, 6.2, delta=VOLTS_PER_BIT)
        self.assertAlmostEqual(volts / VOLTS_PER_BIT, round(volts / VOLTS_PER_BIT), places=6)
        self.assertTrue(self.state["tes_bias_on"])
        for volts in ({2: 20.0}, {15: 1.0}):
            with self.assertRaises(CannotWork):
                biases.set_volts(self.state, volts)

    def test_relays_keep_the_current_where_asked(self) -> None:
        biases.set_volts(self.state, {0: 6.08})
        biases.set_mode(self.state, [0], True, True)
        self.assertAlmostEqual(self.state["tes_bias"]["volts"][0], 1.0, delta=VOLTS_PER_BIT)
        self.assertAlmostEqual(biases.bias_a(self.state, 0), 6.08 / LINE_OHM, delta=1e-8)
        biases.set_mode(self.state, [0], False, False)
        self.assertAlmostEqual(biases.bias_a(self.state, 0), 1 / LINE_OHM, delta=1e-8)

    def test_only_an_overbias_takes_a_group_out_of_its_latch(self) -> None:
        biases.set_volts(self.state, {0: 19.9})
        self.assertEqual(biases.lowest_a(self.state, 0), 0)
        biases.set_mode(self.state, [0], True, False)
        self.assertGreater(biases.lowest_a(self.state, 0), TES.normal_a)
        biases.set_volts(self.state, {0: 1.0})
        biases.set_volts(self.state, {0: 2.0})
        self.assertAlmostEqual(biases.lowest_a(self.state, 0), 6.08 / LINE_OHM, delta=1e-8)


class AnalysisTest(unittest.TestCase):
    def test_operating_point_of_constant_power(self) -> None:
        """r = dI/dI_b = I / (2 I - I_b), where I (I_b - I) is constant."""
        bias, current = 400e-6, 36e-6
        found = response.operating_point(current / (2 * current - bias), bias, SHUNT)
        ohm = SHUNT * (bias / current - 1)
        for seen, true in zip(found, (ohm, current, current ** 2 * ohm, -1 / (current * (ohm - SHUNT)))):
            self.assertAlmostEqual(seen / true, 1)

    def test_a_step_need_not_be_small(self) -> None:
        """I (I_b - I) is the same on both sides of it."""
        bias, step = 400e-6, 40e-6
        low, high = constant_power_a(bias), constant_power_a(bias + step)
        found = response.operating_point((high - low) / step, bias, SHUNT, step)
        self.assertAlmostEqual(found.current_a / low, 1)
        self.assertAlmostEqual(found.power_w / POWER, 1)

    def test_operating_point_of_a_resistor(self) -> None:
        for ohm in (PARASITIC, NORMAL):
            self.assertAlmostEqual(response.operating_point(SHUNT / (SHUNT + ohm), 1e-3, SHUNT).ohm / ohm, 1)

    def test_an_iv_of_constant_power(self) -> None:
        """Normal above the power at R_n, then P constant, then superconducting; turns of the phase get lost there."""
        volts = [0.025 * n for n in range(721)]
        edge = sqrt(POWER / NORMAL) * (NORMAL + SHUNT) / SHUNT
        latch = 2 * sqrt(POWER / SHUNT)
        for polarity in (1, -1):
            phases: List[float] = []
            for bias in (volt / LINE_OHM for volt in volts):
                current = bias * SHUNT / (NORMAL + SHUNT) if bias > edge else constant_power_a(bias) if bias > latch \
                    else bias * SHUNT / (PARASITIC + SHUNT)
                phases.append(polarity * (rad(current) - (4 * pi if bias <= latch else 0)) + 0.7)
            curve = iv_curve.analyse(volts, [volt / LINE_OHM for volt in volts], {OWN: phases},
                                     {OWN: Place(3, polarity, 1.0)}, SHUNT, PA_PER_PHI0).curves[0]
            self.assertTrue(curve.fine)
            for seen, true in ((curve.normal_ohm, NORMAL), (curve.saturation_w, POWER),
                               (volts[curve.latched_at], latch * LINE_OHM), (volts[curve.normal_from], edge * LINE_OHM)):
                self.assertAlmostEqual(seen / true, 1, delta=0.01)
            self.assertAlmostEqual(curve.load_ohm, PARASITIC, delta=1e-8)
            bias = sqrt(POWER / (NORMAL / 2)) * (NORMAL / 2 + SHUNT) / SHUNT
            half = curve.crossing_v(volts, 0.5)
            assert half is not None
            self.assertAlmostEqual(half / (bias * LINE_OHM), 1, delta=0.002)
            at = round(half / 0.025)
            # -(1 - R dI/dV) / (2 V) with dV/dI = -R, and V = P / I.
            self.assertAlmostEqual(curve.per_volt[at] * -POWER / constant_power_a(volts[at] / LINE_OHM), 1, delta=0.01)

    def test_a_curve_without_a_kink_or_a_group_is_not_fine(self) -> None:
        volts = [0.1 * n for n in range(100)]
        amps = [volt / LINE_OHM for volt in volts]
        straight = [rad(bias * SHUNT / (NORMAL + SHUNT)) for bias in amps]
        for place in (Place(3, 1, 1.0), group_map.NOWHERE):
            iv = iv_curve.analyse(volts, amps, {OWN: straight}, {OWN: place}, SHUNT, PA_PER_PHI0)
            self.assertEqual(iv.fine, [])

    def stepped(self, group: int, jumps: Dict[Readout, float], tau: float = 1e-3) -> SteppedGroup:
        phases = {readout: [0.2] * 20 + [0.2 + jump * (1 - exp(-n / 4000 / tau)) for n in range(1, 121)]
                  for readout, jump in jumps.items()}
        return SteppedGroup(group, 19e-6, 1e-6, 4000.0, 20, phases)

    def test_a_channel_belongs_to_the_group_that_moves_it(self) -> None:
        full = rad(1e-6 * SHUNT / (SHUNT + PARASITIC))
        other, loose, loud = Readout(0, 8), Readout(0, 9), Readout(0, 10)
        found = group_map.assign([self.stepped(0, {OWN: -full, other: full * 0.003, loose: 0.1, loud: 9.0}),
                                  self.stepped(4, {OWN: full * 0.003, other: full, loose: 0.1, loud: 9.0}),
                                  self.stepped(5, {OWN: 0.0, other: 0.0, loose: 0.1, loud: 9.0}),
                                  self.stepped(6, {OWN: 0.0, other: 0.0, loose: 0.1, loud: 9.0})], PA_PER_PHI0)
        self.assertEqual([found[each][:2] for each in (OWN, other)], [(0, -1), (4, 1)])
        self.assertEqual([found[each].group for each in (loose, loud)], [UNGROUPED] * 2)
        self.assertEqual(group_map.counts(found), [1, 0, 0, 0, 1] + [0] * 7 + [2])
        self.assertTrue(group_map.trusted(found))
        self.assertFalse(group_map.trusted({OWN: Place(0, 1, 0.4), loose: Place(2, 1, 0.5)}))
        self.assertFalse(group_map.trusted({loose: group_map.NOWHERE}))

    def test_time_constant_of_an_exponential(self) -> None:
        for tau in (0.5e-3, 1e-3, 5e-3):
            found = response.time_constant_s(self.stepped(0, {OWN: -0.3}, tau), OWN)
            assert found is not None
            self.assertAlmostEqual(found / tau, 1, places=2)

    def test_ratio_of_a_sine(self) -> None:
        for ratio in (0.9, -0.1):
            for polarity in (1, -1):
                phases = [polarity * rad(ratio * 1e-6) * sin(2 * pi * n / 64) + 0.4 for n in range(64)]
                found = response.wave_ratio(WavedGroup(0, 1e-4, 1e-6, 23.0, {OWN: phases}), OWN, polarity, PA_PER_PHI0)
                self.assertAlmostEqual(found, ratio)

    def test_the_bias_of_a_group(self) -> None:
        """R rises along a line from 0 to R_n between 1 and 2 V, half a volt later for the other channel."""
        volts = [0.01 * n for n in range(301)]
        curves = [iv_curve.Curve(OWN, Place(3, 1, 1.0), [], [min(max(volt - begin, 0.0), 1.0) * NORMAL for volt in volts],
                                 [], [], NORMAL, 0.0, POWER, 90, 250) for begin in (1.0, 1.5)]
        for rfrac, wanted in (([0.5], 1.75), ([0.2, 0.9], 1.80)):
            volt = chosen_v(volts, curves, rfrac)
            assert volt is not None
            self.assertAlmostEqual(volt, wanted, delta=0.011)
        self.assertIsNone(chosen_v(volts, curves[:1], [1.0, 1.5]))


class FormTest(unittest.TestCase):
    def test_tags_of_a_stream(self) -> None:
        for setting, tags in ((StreamSetting("stream", "a,b"), "obs,stream,a,b"), (StreamSetting("iv"), "oper,iv"),
                              (StreamSetting("stream", None, "oper"), "oper,stream")):
            self.assertEqual(setting.tags, tags)

    def test_quantiles_as_housekeeping_has_them(self) -> None:
        told = block(quantiles("Rn", [float(n) for n in range(101)]))
        self.assertEqual(told, {"Rn_q10": 10.0, "Rn_q25": 25.0, "Rn_q50": 50.0, "Rn_q75": 75.0, "Rn_q90": 90.0,
                                "Rn_total": 101})
        self.assertEqual(quantiles("Rn", [])["values"], [0.0] * 5)


if __name__ == "__main__":
    unittest.main()
