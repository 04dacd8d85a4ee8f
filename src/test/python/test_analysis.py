"""What is measured of a response: dips, channels, periods, quantiles."""
from __future__ import annotations

import cmath
import math
import random
import unittest

import stage_process  # noqa: F401  (puts the scripts on the path)
from tuning import band, harmonics, resonator
from tuning.dips import find_dips, rolling_median
from tuning.quantiles import median, quantile, quantile_numbers
from tuning.resonator import Resonator


class DipTest(unittest.TestCase):
    FREQS = [-20 + 0.04 * place for place in range(1001)]

    def sweep(self, array: list) -> list:
        rng = random.Random(7)
        clean = resonator.delayed(self.FREQS, resonator.transmission(self.FREQS, array, 0.25), 2.3)
        return [value + complex(rng.gauss(0, 4e-4), rng.gauss(0, 4e-4)) for value in clean]

    def test_every_dip_is_found_where_it_is_and_none_is_invented(self) -> None:
        rng = random.Random(8)
        places = [-18 + 2 * n + rng.uniform(-0.3, 0.3) for n in range(19)]
        array = [Resonator(place, rng.uniform(0.08, 0.15), 1 / rng.uniform(1.1, 1.7)) for place in places]
        found = find_dips(self.FREQS, self.sweep(array), 0.25, 0.05)
        self.assertEqual(len(found), len(places))
        for place, seen in zip(places, found):
            self.assertAlmostEqual(seen, place, delta=0.02)

    def test_a_bare_line_has_no_dips(self) -> None:
        self.assertEqual(find_dips(self.FREQS, self.sweep([]), 0.25, 0.05), [])

    def test_a_dip_shallower_than_the_cut_is_left_out(self) -> None:
        shallow = self.sweep([Resonator(1.0, 0.11, 0.2)])
        self.assertEqual(find_dips(self.FREQS, shallow, 0.25, 0.05), [])
        self.assertEqual(len(find_dips(self.FREQS, shallow, 0.1, 0.05)), 1)

    def test_a_dip_without_a_turn_of_the_phase_is_left_out(self) -> None:
        self.assertEqual(find_dips(self.FREQS, self.sweep([Resonator(1.0, 0.11, 0.8)]), 0.25, 2.5), [])

    def test_rolling_median_is_the_median_of_the_window(self) -> None:
        rng = random.Random(9)
        values = [rng.random() for _ in range(200)]
        medians = rolling_median(values, 10)
        for place in (20, 100, 150):
            window = sorted(values[place - 5:place + 6])
            self.assertEqual(medians[place], window[5])


class ChannelAssignmentTest(unittest.TestCase):
    def test_band_and_subband_centres(self) -> None:
        self.assertEqual([band.centre_mhz(0), band.centre_mhz(7)], [4250, 7750])
        self.assertAlmostEqual(band.subband_centre_mhz(255), 0.0)
        self.assertAlmostEqual(band.subband_centre_mhz(256), 1.2)
        self.assertEqual(band.closest_subband(band.subband_centre_mhz(80) + 0.59), 80)
        self.assertEqual([band.closest_subband(offset) for offset in (-400.0, 400.0)], [0, 511])

    def test_one_channel_a_subband_for_the_first_dip_in_it(self) -> None:
        centre = band.subband_centre_mhz(280)
        rows = band.assign_channels([centre + offset for offset in (0.3, -0.5, -0.1, 0.9)], 0.1)
        self.assertEqual([row.channel for row in rows], [280, band.UNASSIGNED, band.UNASSIGNED, 281])
        self.assertEqual([row.subband for row in rows], [280, 280, 280, 281])

    def test_two_that_stand_too_close_both_go_without(self) -> None:
        rows = band.assign_channels([-9.0, 0.0, 0.08, 9.0], 0.1)
        self.assertEqual([row.channel == band.UNASSIGNED for row in rows], [False, True, True, False])

    def test_an_old_assignment_keeps_its_channels(self) -> None:
        master = band.assign_channels([-9.0, 0.0, 9.0], 0.1)
        rows = band.match_channels([-8.95, 3.0, 9.01], master, 0.1)
        self.assertEqual([row.channel for row in rows],
                         [master[0].channel, band.UNASSIGNED, master[2].channel])


class EtaLimitTest(unittest.TestCase):
    def test_what_the_register_rounds_the_limit_to_is_clipped_too(self) -> None:
        for steps, clipped in ((1023, True), (1024, True), (1020, False)):
            self.assertIs(resonator.eta_clipped(cmath.rect(1.2 * steps / 1024, 0.4), 1.2), clipped)


class HarmonicsTest(unittest.TestCase):
    def test_period_and_harmonics_come_back(self) -> None:
        cycles, count = 3.317, 500
        rng = random.Random(10)
        values = []
        for n in range(count):
            angle = 2 * math.pi * cycles * n / count
            values.append(20 + 40 * math.cos(angle + 0.4) + 12 * math.sin(2 * angle) + rng.gauss(0, 0.5))
        fit = harmonics.fit_period(values, 5)
        self.assertAlmostEqual(fit.cycles, cycles, delta=0.002)
        self.assertAlmostEqual(fit.coefficients[0].real, 20, delta=0.2)
        self.assertAlmostEqual(abs(fit.coefficients[1]), 40, delta=0.2)
        self.assertAlmostEqual(fit.higher_harmonic_power(), (12 / 40) ** 2, delta=0.003)
        self.assertGreater(fit.r2, 0.999)

    def test_fit_of_a_pure_cosine_is_exact(self) -> None:
        values = [7 + 3 * math.cos(2 * math.pi * 2.4 * n / 100 + 1) for n in range(100)]
        fit = harmonics.fit_harmonics(values, 2.4, 3)
        self.assertAlmostEqual(fit.r2, 1.0)
        self.assertAlmostEqual(fit.peak_to_peak(), 6.0, places=3)
        self.assertAlmostEqual(fit.mean_slope(), 12.0, places=2)
        self.assertAlmostEqual(fit.at(0.5 * 2.4), values[50])

    def test_noise_has_no_period(self) -> None:
        rng = random.Random(11)
        fit = harmonics.fit_period([rng.gauss(0, 1) for _ in range(300)], 5)
        self.assertTrue(fit is None or fit.r2 < 0.5)
        self.assertIsNone(harmonics.fit_period([1.0] * 50, 5))


class QuantileTest(unittest.TestCase):
    def test_quantiles_interpolate(self) -> None:
        self.assertEqual(median([3, 1, 2]), 2)
        self.assertEqual(median([1, 2, 3, 4]), 2.5)
        self.assertEqual(quantile([0, 10], 0.25), 2.5)
        self.assertIsNone(median([]))
        self.assertEqual(list(quantile_numbers("r2", [1.0])),
                         ["r2_q10", "r2_q25", "r2_q50", "r2_q75", "r2_q90"])


if __name__ == "__main__":
    unittest.main()
