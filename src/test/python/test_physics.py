"""The formulas against their closed forms."""
from __future__ import annotations

import cmath
import math
import random
import unittest

import stage_process  # noqa: F401  (puts the scripts on the path)
from tuning import amplifier, fluxramp, noise, phase_delay, resonator, squid, tracking
from tuning.fourier import fft
from tuning.instrument import Descent
from tuning.resonator import Resonator
from tuning.simulator.resonator_array import draw_amplifiers
from tuning.simulator.serial_algorithms import calibrated_eta, descended


class ResonatorTest(unittest.TestCase):
    def test_bottom_of_the_dip_is_one_minus_q_over_qe(self) -> None:
        for q_ratio in (0.7, 0.77 + 0.1j, 0.9 - 0.3j):
            self.assertAlmostEqual(abs(resonator.notch(0.0, 0.11, q_ratio)), abs(1 - q_ratio), places=14)
            self.assertAlmostEqual(resonator.dip_depth(q_ratio), abs(1 - q_ratio), places=14)

    def test_half_a_bandwidth_away_half_of_the_loss_is_left(self) -> None:
        # |1 - q/(1 + i)|^2 = 1 - q + q^2/2 for a real q, whose lowest is (1 - q)^2.
        q_ratio = 0.8
        power = abs(resonator.notch(0.055, 0.110, q_ratio)) ** 2
        self.assertAlmostEqual(power, 1 - q_ratio + q_ratio ** 2 / 2, places=14)
        lost, deepest = 1 - power, 1 - (1 - q_ratio) ** 2
        self.assertAlmostEqual(lost, deepest / 2, places=14)

    def test_far_away_the_line_is_untouched(self) -> None:
        self.assertAlmostEqual(abs(resonator.notch(1000.0, 0.1, 0.8)), 1.0, places=6)

    def test_a_sweep_is_the_product_of_its_notches(self) -> None:
        array = [Resonator(-1.0, 0.1, 0.8), Resonator(0.9, 0.12, 0.7 + 0.1j)]
        freqs = [-1.2, -1.0, -0.97, 0.0, 0.9, 2.0]
        for freq, seen in zip(freqs, resonator.transmission(freqs, array, 0.3)):
            left, right = resonator.notch(freq + 1.0, 0.1, 0.8), resonator.notch(freq - 0.9, 0.12, 0.7 + 0.1j)
            self.assertAlmostEqual(seen, 0.3 * left * right, places=14)

    def test_only_the_nearest_resonators_count_and_the_rest_hardly_matters(self) -> None:
        array = [Resonator(2.0 * place, 0.11, 0.77) for place in range(20)]
        seen, = resonator.transmission([20.3], array, 1.0)
        exact = complex(1)
        for each in array:
            exact *= resonator.notch(20.3 - each.freq_mhz, each.bandwidth_mhz, each.q_ratio)
        self.assertAlmostEqual(abs(seen - exact), 0.0, delta=0.02)

    def test_eta_turns_a_response_into_an_offset_with_slope_one(self) -> None:
        centre, turn = 0.002, cmath.exp(0.7j)

        def seen(freq: float) -> complex:
            return 0.3 * turn * resonator.notch(freq - centre, 0.11, 0.8 - 0.1j)

        eta = resonator.eta(centre - 1e-4, centre + 1e-4, seen(centre - 1e-4), seen(centre + 1e-4))
        slope = ((eta * seen(centre + 1e-3)).real - (eta * seen(centre - 1e-3)).real) / 2e-3
        self.assertAlmostEqual(slope, 1.0, places=3)

    def test_eta_is_clipped_at_the_half_width_of_a_subband(self) -> None:
        self.assertAlmostEqual(abs(resonator.clip_eta(30 - 40j)), 1.2)
        self.assertAlmostEqual(cmath.phase(resonator.clip_eta(30 - 40j)), cmath.phase(30 - 40j))
        self.assertTrue(resonator.eta_clipped(resonator.clip_eta(30 - 40j)))
        self.assertEqual(resonator.clip_eta(0.2j), 0.2j)
        self.assertTrue(resonator.eta_clipped(resonator.clip_eta(resonator.eta(0.0, 1.0, 1j, 1j))))


class SerialAlgorithmTest(unittest.TestCase):
    """A symmetric dip of 110 kHz on a line of 0.3, as one channel of the crate sees it."""

    LINE, Q_RATIO, BANDWIDTH, TURN = 0.3, 0.77, 0.11, cmath.exp(0.7j)
    DESCENT = Descent(100, 0.001, 5000.0, 500.0, 0.1, 240.0)

    def seen(self, freqs: list) -> list:
        return [self.LINE * self.TURN * resonator.notch(freq, self.BANDWIDTH, self.Q_RATIO) for freq in freqs]

    def test_descent_ends_at_the_bottom_from_either_side(self) -> None:
        for start in (-0.08, -0.02, 0.0, 0.05):
            self.assertAlmostEqual(descended(start, 0.1, self.DESCENT, self.seen), 0.0, delta=0.003)

    def test_a_step_is_gain_times_the_slope_in_mhz_of_the_response(self) -> None:
        # |S| rises by 2 a MHz everywhere, 2.4 in MHz of response: each step goes down by 0.9 * 0.001 * 2.4
        # and a tenth of the last one more.
        places = []

        def slope(freqs: list) -> list:
            places.append(sum(freqs) / 2)
            return [complex(2 * (freq + 10)) for freq in freqs]

        descended(0.0, 0.0, self.DESCENT._replace(max_iters=3), slope)
        first = 0.9 * 0.001 * 2.4
        for place, expected in zip(places, (0.0, -first, -2.1 * first)):
            self.assertAlmostEqual(place, expected, places=9)

    def test_a_tone_that_leaves_its_channel_goes_back(self) -> None:
        steep = self.DESCENT._replace(gain=0.1)
        self.assertEqual(
            descended(0.3, 0.5, steep, lambda freqs: [complex(9 * (freq + 10)) for freq in freqs]), 0.3)

    def test_without_a_signal_it_stays(self) -> None:
        self.assertEqual(descended(0.3, 0.5, self.DESCENT, lambda freqs: [0j, 0j]), 0.3)

    def test_eta_is_the_inverse_of_the_slope_and_makes_the_tone_free_of_error(self) -> None:
        eta = calibrated_eta(1e-5, *self.seen([-1e-5, 0.0, 1e-5]))
        assert eta is not None
        expected = self.BANDWIDTH / (2j * self.Q_RATIO * self.LINE * self.TURN)
        self.assertAlmostEqual(abs(eta - expected), 0.0, places=6)
        self.assertAlmostEqual((eta * self.seen([0.0])[0]).real, 0.0, places=12)
        low, high = ((eta * value).real for value in self.seen([-1e-4, 1e-4]))
        self.assertAlmostEqual((high - low) / 2e-4, 1.0, places=4)

    def test_eta_cannot_be_had_without_a_signal_and_is_clipped_without_a_slope(self) -> None:
        self.assertIsNone(calibrated_eta(0.01, 0j, 0j, 0j))
        self.assertIsNone(calibrated_eta(0.01, 0.3 + 0j, 0.3 + 0j, 0.3 + 0j))
        flat = calibrated_eta(0.01, 0.3 - 1e-4j, 0.3 + 0j, 0.3 + 1e-4j)
        assert flat is not None
        self.assertAlmostEqual(abs(flat), 1.2)


class SquidTest(unittest.TestCase):
    def test_flux_solves_its_equation(self) -> None:
        for screening in (0.1, 0.33, 0.5, 0.9):
            for applied in (-20.0, -3.0, -0.1, 0.0, 1.0, math.pi, 7.7):
                flux = squid.flux_in_squid(applied, screening)
                self.assertAlmostEqual(flux + screening * math.sin(flux), applied, places=10)

    def test_peak_to_peak_is_two_lambda_d_over_one_minus_lambda_squared(self) -> None:
        for screening in (0.2, 1 / 3, 0.5):
            curve = [squid.frequency_shift(2 * math.pi * step / 1000, screening, 133.0)
                     for step in range(1000)]
            closed = 2 * screening * 133.0 / (1 - screening ** 2)
            self.assertAlmostEqual(max(curve) - min(curve), closed, delta=1e-9 * closed)
            self.assertAlmostEqual(squid.peak_to_peak(screening, 133.0), closed)

    def test_usual_circuit_has_133_khz_and_swings_by_100(self) -> None:
        scale = squid.modulation_scale_khz(4200, 1.45, 50, 22.4)
        self.assertAlmostEqual(scale, 133, delta=1)
        self.assertAlmostEqual(squid.peak_to_peak(1 / 3, scale), 100, delta=1)

    def test_scale_is_the_inverse_of_peak_to_peak(self) -> None:
        self.assertAlmostEqual(squid.peak_to_peak(0.4, squid.scale_for_peak_to_peak(0.4, 97.0)), 97.0)

    def test_curve_repeats_after_phi0(self) -> None:
        def dip(bias: float) -> float:
            return squid.frequency_shift(squid.applied_flux(bias, 0.021, 0.18), 0.33, 130.0)

        for bias in (-0.3, 0.0, 0.05):
            self.assertAlmostEqual(dip(bias), dip(bias + 0.18), places=9)
            self.assertNotAlmostEqual(dip(bias), dip(bias + 0.09), places=0)


class FluxRampTest(unittest.TestCase):
    @staticmethod
    def quanta(fraction: float, period: float) -> float:
        """Flux quanta swept by a ramp, which ends one sample before its reset."""
        ramp = fluxramp.ramp(fraction, 600)
        turns = squid.applied_flux(ramp[-1], 0.0, period) - squid.applied_flux(ramp[0], 0.0, period)
        return turns / (2 * math.pi) * 600 / 599

    def test_a_fraction_of_0_45_sweeps_five_flux_quanta(self) -> None:
        self.assertAlmostEqual(self.quanta(0.45, 0.18), 5)
        self.assertAlmostEqual(self.quanta(0.4, 0.2), 2 * 0.4 / 0.2)

    def test_carrier_is_20_khz_at_five_quanta_and_4_khz(self) -> None:
        self.assertEqual(fluxramp.carrier_khz(5, 4), 20)
        self.assertEqual(fluxramp.samples_per_ramp(4), 600)

    def test_rescaled_ramp_has_the_wanted_carrier(self) -> None:
        measured = fluxramp.carrier_khz(self.quanta(0.4, 0.177), 4)
        fraction = fluxramp.rescaled_fraction(0.4, 20, measured)
        self.assertAlmostEqual(self.quanta(fraction, 0.177), 5)

    def test_one_turn_of_the_phase_is_nine_microampere(self) -> None:
        self.assertAlmostEqual(fluxramp.current_pa(2 * math.pi), 9e6)

    def test_slope_in_current_follows_from_the_mutual_inductance(self) -> None:
        # Phi0 / 227 pH = 9.11 uA, so 200 kHz per Phi0 are 200e3 / 9.11e6 Hz per pA.
        self.assertAlmostEqual(fluxramp.slope_mhz_per_pa(200.0), 200e3 / 9.1094e6 * 1e3, places=2)


class TrackingLoopTest(unittest.TestCase):
    SAMPLES = 600
    LOOP = tracking.Loop(tracking.step_size(2048), 20.0, SAMPLES, 0.0, 1.0)

    @staticmethod
    def line(turn: float = 0.0) -> tracking.ChannelLine:
        """A symmetric resonator with the eta that belongs to it: slope of S at the bottom is i q / (bw/2)."""
        q_ratio, bandwidth = 0.77, 110.0
        eta = bandwidth / 2 / (1j * q_ratio)
        return tracking.ChannelLine(eta * cmath.exp(1j * turn), q_ratio, bandwidth, 0.0)

    def follow(self, dip: list, turn: float = 0.0, ramps: int = 10, sigma: float = 0.0) -> tuple:
        rng = random.Random(3)
        noise_khz = [rng.gauss(0, sigma) for _ in range(self.SAMPLES * ramps)]
        return tracking.follow(dip, self.line(turn), self.LOOP, ramps, noise_khz)

    def sine(self, phase: float = 0.0, height: float = 50.0) -> list:
        return [height * math.sin(2 * math.pi * 5 * n / self.SAMPLES + phase) for n in range(self.SAMPLES)]

    def test_feedback_gain_of_2048_is_four_kilohertz(self) -> None:
        self.assertAlmostEqual(tracking.step_size(2048) * 2400 / (4 * math.pi), 4.0)

    def test_error_is_the_offset_from_the_dip(self) -> None:
        self.assertAlmostEqual(tracking.frequency_error(0.0, self.line()), 0.0)
        self.assertAlmostEqual(tracking.frequency_error(1.0, self.line()), 1.0, places=3)
        self.assertAlmostEqual(tracking.frequency_error(-1.0, self.line()), -1.0, places=3)

    def test_sine_is_followed_to_its_full_height(self) -> None:
        tracked, error, _ = self.follow(self.sine())
        self.assertAlmostEqual(tracking.peak_to_peak(tracked[-self.SAMPLES:]), 100.0, delta=0.5)
        self.assertLess(tracking.peak_to_peak(error[-self.SAMPLES:]), 0.5)

    def test_phase_is_that_of_the_modulation_and_shifts_linearly(self) -> None:
        rest = self.follow(self.sine(0.3))[2][-1]
        shifted = self.follow(self.sine(0.8))[2][-1]
        self.assertAlmostEqual(rest, 0.3, places=3)
        self.assertAlmostEqual(shifted - rest, 0.5, places=3)

    def test_eta_turned_by_70_degrees_makes_the_loop_run_away(self) -> None:
        tracked, error, _ = self.follow(self.sine(), math.radians(70), 20, 1.5)
        self.assertGreaterEqual(max(map(abs, tracked)), tracking.CLAMP_KHZ)
        self.assertLess(tracking.quality(tracked[-4800:], error[-4800:], self.SAMPLES), 0.9)

    def test_quality_of_a_periodic_signal_is_one(self) -> None:
        signal = self.sine() * 8
        self.assertAlmostEqual(tracking.quality(signal, [0.0] * len(signal), self.SAMPLES), 1.0)

    def test_quality_is_the_part_of_the_variance_that_repeats(self) -> None:
        # Over N ramps the average takes 1/N of the noise with it: 1 - (1 - 1/N) v / (s + v).
        ramps, sigma, height = 16, 26.0, 50.0
        rng = random.Random(1)
        signal = self.sine(height=height) * ramps
        noise_khz = [rng.gauss(0, sigma) for _ in signal]
        expected = 1 - (1 - 1 / ramps) * sigma ** 2 / (height ** 2 / 2 + sigma ** 2)
        self.assertAlmostEqual(tracking.quality(signal, noise_khz, self.SAMPLES), expected, delta=0.02)

    def test_good_needs_r2_and_both_ranges(self) -> None:
        cuts = tracking.Cuts(0.9, 10, 200, 0, 100)
        good = tracking.ChannelTracking(1, 0.0, 0.99, 100, 14, 0.0)
        self.assertTrue(good.good(cuts))
        self.assertFalse(good._replace(r2=0.89).good(cuts))
        self.assertFalse(good._replace(f_ptp_khz=9.9).good(cuts))
        self.assertFalse(good._replace(df_ptp_khz=101).good(cuts))


class NoiseTest(unittest.TestCase):
    def test_johnson_noise_of_the_shunt(self) -> None:
        self.assertAlmostEqual(noise.johnson_pa(0.1, 0.4e-3), 117.5, places=1)
        self.assertAlmostEqual(noise.johnson_pa(0.1, 0.4e-3) / noise.johnson_pa(0.4, 0.4e-3), 0.5)

    def test_white_level_adds_the_readout_in_quadrature(self) -> None:
        self.assertAlmostEqual(noise.white_level_pa(0.1, 0.4e-3), 125.8, places=1)

    def test_at_the_knee_the_density_is_root_two_of_white(self) -> None:
        self.assertAlmostEqual(noise.Colour(100, 0.5, 1.3).asd(0.5), 100 * math.sqrt(2))

    def test_white_noise_is_measured_as_sigma_over_root_of_half_the_rate(self) -> None:
        rng = random.Random(2)
        freqs, asd = noise.spectrum_asd([rng.gauss(0, 30.0) for _ in range(20_000)], 200.0)
        self.assertAlmostEqual(sum(asd) / len(asd), 30.0 / math.sqrt(100), delta=0.1)
        self.assertAlmostEqual(freqs[0], 200 / 1024)

    def test_two_streams_are_independent_and_each_has_its_own_spectrum(self) -> None:
        first, second = noise.Colour(100, 0.3, 1), noise.Colour(300, 0.3, 1)
        streams = noise.draw_streams(first, second, 200.0, 8192, random.Random(4))
        for stream, level in zip(streams, (100, 300)):
            measured = noise.white_level(*noise.spectrum_asd(stream, 200.0), 10, 30)
            self.assertAlmostEqual(measured / level, 1.0, delta=0.06)
        product = sum(a * b for a, b in zip(*streams))
        power = math.sqrt(sum(a * a for a in streams[0]) * sum(b * b for b in streams[1]))
        self.assertLess(abs(product / power), 0.1)

    def test_knee_is_found_where_it_is(self) -> None:
        freqs = [0.2 * k for k in range(1, 500)]
        for true, slope in ((0.5, 1.0), (2.0, 1.0), (5.0, 1.0), (0.5, 1.1)):
            power = [0.0] + [noise.Colour(100, true, slope).asd(freq) ** 2 for freq in freqs + [100.0]]
            # A Hann window spreads a frequency's power over its neighbours, one to four to one.
            seen = [math.sqrt(sum(share * each for share, each in zip((1 / 6, 4 / 6, 1 / 6), power[k:k + 3])))
                    for k in range(len(freqs))]
            knee = noise.knee_frequency(freqs, seen)
            assert knee is not None
            self.assertAlmostEqual(knee / true, 1.0, delta=0.05)
        self.assertIsNone(noise.knee_frequency(freqs, [100.0] * len(freqs)))

    def test_knees_of_short_streams_scatter_round_the_true_one(self) -> None:
        rng, knees = random.Random(9), []
        for _ in range(20):
            for stream in noise.draw_streams(*[noise.Colour(100, 0.4, 1)] * 2, 200.0, 6000, rng):
                knees.append(noise.knee_frequency(*noise.spectrum_asd(stream, 200.0)) or 0.0)
        self.assertAlmostEqual(sorted(knees)[len(knees) // 2] / 0.4, 1.0, delta=0.12)

    def test_fourier_transform_is_the_sum_it_says(self) -> None:
        rng = random.Random(5)
        values = [complex(rng.random(), rng.random()) for _ in range(16)]
        for k, value in enumerate(fft(values)):
            direct = sum(v * cmath.exp(-2j * cmath.pi * k * n / 16) for n, v in enumerate(values))
            self.assertAlmostEqual(value, direct, places=12)
        with self.assertRaises(ValueError):
            fft([1, 2, 3])


class PhaseDelayTest(unittest.TestCase):
    def test_delay_is_the_slope_of_the_phase(self) -> None:
        freqs = [-2.4 + 0.02 * place for place in range(241)]
        line = resonator.delayed(freqs, [0.3 + 0j] * len(freqs), 2.4321)
        self.assertAlmostEqual(phase_delay.delay_us(freqs, line), 2.4321, places=12)

    def test_unwrapped_phase_runs_on_past_a_turn(self) -> None:
        angles = phase_delay.unwrapped_phase([cmath.exp(-0.5j * n) for n in range(50)])
        self.assertAlmostEqual(angles[-1], -24.5)

    def test_register_holds_ticks_of_the_dsp_clock(self) -> None:
        self.assertLessEqual(abs(phase_delay.to_register(2.4321) - 2.4321), 0.5 / 307.2)
        self.assertAlmostEqual(phase_delay.to_register(2.4321) * 307.2 % 1, 0, places=9)


class AmplifierTest(unittest.TestCase):
    GOAL = amplifier.AmplifierGoal(8.0, 0.2, -2.0, 0.0, 0.1, 0.01)

    def test_current_rises_as_the_square_above_pinch_off(self) -> None:
        self.assertEqual(amplifier.drain_current_ma(-1.5, -1.3, 30), 0.0)
        self.assertAlmostEqual(amplifier.drain_current_ma(-1.1, -1.3, 30), 30 * 0.04)
        self.assertAlmostEqual(amplifier.drain_current_ma(-0.9, -1.3, 30), 4 * 30 * 0.04)

    def test_steps_are_coarse_far_away_and_fine_near_by(self) -> None:
        self.assertAlmostEqual(amplifier.next_gate_voltage(-1.0, 6.0, self.GOAL), -0.9)
        self.assertAlmostEqual(amplifier.next_gate_voltage(-1.0, 7.0, self.GOAL), -0.99)
        self.assertAlmostEqual(amplifier.next_gate_voltage(-1.0, 8.5, self.GOAL), -1.01)
        self.assertAlmostEqual(amplifier.next_gate_voltage(-1.0, 10.0, self.GOAL), -1.1)

    def test_search_ends_at_the_target_for_every_pair_of_amplifiers(self) -> None:
        goals = {"hemt": self.GOAL, "50k": amplifier.AmplifierGoal(15.0, 0.2, -1.0, 1.0, 0.01, 0.001)}
        for seed in range(100):
            rng = random.Random(seed)
            for name, drawn in draw_amplifiers(seed).items():
                gate, goal = drawn.start_volt, goals[name]
                for _ in range(50):
                    current = amplifier.drain_current_ma(gate, drawn.pinch_off, drawn.gain)
                    current += rng.gauss(0, 0.05)
                    if abs(current - goal.drain_ma) < goal.tolerance_ma:
                        break
                    gate = amplifier.next_gate_voltage(gate, current, goal)
                self.assertAlmostEqual(current, goal.drain_ma, delta=goal.tolerance_ma, msg=f"{seed} {name}")
                self.assertTrue(goal.gate_min < gate < goal.gate_max)


if __name__ == "__main__":
    unittest.main()
