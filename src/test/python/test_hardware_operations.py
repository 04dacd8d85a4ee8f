"""The operations on hardware: sodetlib's functions where it has the slot, what they leave, and pysmurf without it."""
from __future__ import annotations

import os
import runpy
import signal
import unittest
from types import SimpleNamespace
from typing import Any, Dict, List, Tuple
from unittest import mock

from stage_process import SCRIPTS
from test_hardware import OnStandIn
# What the operations share stays imported: the modules of a run are forgotten behind it.
from detectors import biased, tidy  # noqa: F401
from tuning.bias_hardware import HardwareBiasLines
from tuning.bias_lines import Readout, StreamSetting
from tuning.instrument import CannotWork
from tuning.interruption import interruption


class WithSodetlibTest(OnStandIn):
    def setUp(self) -> None:
        super().setUp()
        self.server.answers["util.get_current_mode_array"] = [0] * 15
        self.server.answers["stream.stream_g3_on"] = 1_700_000_000

    def called(self, stage: str, given: List[str]) -> int:
        path = os.path.join(SCRIPTS, f"{stage}.py")
        with mock.patch("sys.argv", [path, *given]), self.assertRaises(SystemExit) as ended:
            runpy.run_path(path, run_name="__main__")
        return int(ended.exception.code or 0)

    def numbers(self, operation: str, *arguments: str) -> Dict[str, Any]:
        return dict((self.run_well(operation, *arguments).result or {})["numbers"])

    def test_biases_are_set_and_read_back(self) -> None:
        self.assertEqual(self.numbers("set_biases", "--bias", "[2, 3.5]", "--bgs", "[4, 11]")["readback_off_v"], 0)
        self.assertEqual((self.server.tes[4], self.server.tes[11], sum(self.server.tes)), (2, 3.5, 5.5))
        self.assertEqual(self.numbers("set_biases", "--zero")["n_on"], 0)
        self.assertFalse(any(self.server.tes))

    def test_what_sodetlib_leaves_half_done_is_put_back(self) -> None:
        def fails(**given: Any) -> None:
            self.server.tes = [18.0] * 15
            raise RuntimeError("no answer")
        for name, of_sodetlib, left in (("take_iv", "iv.take_iv", 0.0), ("overbias_tes", "util.overbias_dets", 0.0),
                                        ("take_noise", "noise.take_noise", 2.0),
                                        ("take_bias_steps", "bias_steps.take_bias_steps", 2.0)):
            self.server.tes, self.server.calls[:], self.server.waveform = [2.0] * 15, [], 3
            self.server.answers[of_sodetlib] = fails
            with self.assertRaisesRegex(RuntimeError, "no answer"):
                self.run_stage(name, *(["--every-band"] if name == "take_noise" else []))
            self.assertEqual((self.server.tes[:12], self.server.waveform), ([left] * 12, 0), name)
            if name != "overbias_tes":
                self.assertIn("stream.stream_g3_off", self.server.calls, name)

    def test_bias_steps_are_told_as_sodetlib_analysed_them(self) -> None:
        self.server.answers["bias_steps.take_bias_steps"] = SimpleNamespace(
            filepath="/data/steps.npy", bands=[0, 0], channels=[7, 9], bgmap=[3, -1], polarity=[1, 1],
            R0=[3.85e-3, float("nan")], I0=[36e-6, float("nan")], Pj=[5e-12, float("nan")], Si=[-8e6, float("nan")],
            tau_eff=[1e-3, float("nan")], R_n_IV=[7.7e-3, float("nan")])
        found = self.numbers("take_bias_steps", "--tag", "night")
        self.assertEqual((found["biased_total"], found["n_all"], found["rfrac"]), (1, 2, 0.5))
        # What it prints and swallows is a failure here.
        self.server.answers["bias_steps.take_bias_steps"] = SimpleNamespace(filepath="/data/steps.npy")
        self.assertIn("could not analyse", self.run_stage("take_bias_steps").err)

    def test_a_map_is_told_as_sodetlib_analysed_it(self) -> None:
        self.server.answers["bias_steps.take_bgmap"] = SimpleNamespace(
            filepath="/data/steps.npy", bands=[0, 0], channels=[7, 9], bgmap=[3, -1], polarity=[-1, 1],
            bg_corr=[[0.0] * 3 + [0.9] + [0.01] * 8, [1 / 12] * 12])
        with mock.patch("tuning.publisher.Publisher.session_data") as told:
            found = self.numbers("take_bgmap")
        self.assertEqual((found["n_assigned"], found["correlation"]), (1, 0.9))
        data = {key: value for call in told.call_args_list for key, value in call.args[0].items()}
        self.assertEqual((data["filepath"], data["nchans_per_bg"]), ("/data/steps.npy", [0] * 3 + [1] + [0] * 8 + [1]))

    def test_biasing_is_read_back(self) -> None:
        self.server.exp["iv_file"] = "/data/iv.npy"
        volts = [0.1 * n for n in range(100)]
        curve = {"R": [[7.7e-3 * min(volt / 9, 1) for volt in volts]]}
        loaded = SimpleNamespace(v_bias=volts, bands=[0], channels=[7], bgmap=[3], polarity=[1], R_n=[7.7e-3], R_L=[0],
                                 p_sat=[5e-12], idxs=[[10, 90]], i_tes=[volts], p_tes=[volts], si=[volts], **curve)
        self.server.answers["bias_dets.bias_to_rfrac"] = lambda **given: self.server.tes.__setitem__(3, 4.5) or [4.5] * 15
        with mock.patch("tuning.sodetlib_operations.Sodetlib.load_iv", return_value=loaded):
            found = self.numbers("bias_dets", "--rfrac", "0.5")
            self.assertEqual((found["n_groups"], found["n_expected"], found["readback_off_v"]), (1, 1, 0))
            self.server.answers["bias_dets.bias_to_rfrac"] = [5.0] * 15
            self.assertEqual(self.numbers("bias_dets", "--rfrac", "0.5")["readback_off_v"], 0.5)

    def test_a_stream_that_is_stopped_is_off(self) -> None:
        self.interrupt("stream.stream_g3_on")
        self.run_well("stream", "--tag", "night")
        self.assertEqual(self.server.calls[-1], "stream.stream_g3_off")

    def test_no_answer_is_told(self) -> None:
        def fails(**given: Any) -> None:
            raise RuntimeError("epics is silent")
        self.server.before["util.Registers"] = fails
        ended = self.run_stage("check_state", "--test-mode")
        self.assertEqual((ended.code, ended.err), (0, "check_state: stream_state: RuntimeError: epics is silent\n"))


class PlainPysmurfTest(unittest.TestCase):
    """A channel whose phase is twice the bias of group 3, by a clock of its own."""

    def setUp(self) -> None:
        self.now = 1_700_000_000.0
        self.history: List[Tuple[float, float]] = [(0.0, 0.0)]
        self.volts = [0.0] * 15
        self.high = [0] * 15
        smurf = SimpleNamespace(
            R_sh=0.39e-3, bias_line_resistance=15.8e3, high_low_current_ratio=6.0, pA_per_phi0=9e6,
            get_tes_bias_bipolar_array=lambda: list(self.volts), set_tes_bias_bipolar_array=self.set_volts,
            get_tes_bias_high_current=lambda group: self.high[group],
            set_tes_bias_high_current=lambda groups: self.turn(groups, 1),
            set_tes_bias_low_current=lambda groups: self.turn(groups, 0),
            set_downsample_factor=mock.Mock(), set_filter_disable=mock.Mock(), stream_data_on=lambda: "stream.dat",
            stream_data_off=mock.Mock(), read_stream_data=self.read)
        self.lines = HardwareBiasLines(smurf, None, mock.Mock())
        for patch in (mock.patch("tuning.bias_hardware.time.time", lambda: self.now),
                      mock.patch.object(interruption, "sleep", self.sleep)):
            patch.start()
            self.addCleanup(patch.stop)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def set_volts(self, volts: List[float]) -> None:
        self.volts = list(volts)
        self.history.append((self.now, volts[3]))

    def turn(self, groups: List[int], high: int) -> None:
        for group in groups:
            self.high[group] = high

    def read(self, path: str) -> Tuple[List[int], List[List[float]], List[List[int]]]:
        clock = [1_700_000_000 + n / 200 for n in range(int((self.now - 1_700_000_000) * 200) + 1)]
        phases = [2 * next(volt for since, volt in reversed(self.history) if since <= at + 1e-4) for at in clock]
        return [round(at * 1e9) for at in clock], [phases], [[-1] * 7 + [0]]

    def test_a_sweep_and_steps(self) -> None:
        self.lines.stream_on(StreamSetting("iv"))
        swept = self.lines.sweep_biases([3], [3.0, 2.0, 1.0], 0.1, mock.Mock())
        for seen, true in zip(swept[Readout(0, 7)], (6, 4, 2)):
            self.assertAlmostEqual(seen, true, delta=0.2)
        stepped = self.lines.play_steps(3, 0.5, 0.1, 4, 0.03)
        phases = stepped.phases[Readout(0, 7)]
        self.assertAlmostEqual(phases[-1] - phases[0], 1.0, delta=0.01)
        self.assertEqual((stepped.step_a, self.volts[3]), (0.5 / 15.8e3, 1.0))
        with self.assertRaisesRegex(CannotWork, "no samples"):
            self.lines.sweep_biases([3], [1.0], 0.0, mock.Mock())

    def test_relays_without_more_current_in_between(self) -> None:
        self.set_volts([6.0] * 15)
        self.lines.set_current_mode([3], True)
        self.assertEqual((self.volts[3], self.volts[4], self.high[3]), (1.0, 6.0, 1))
        self.lines.set_current_mode([3], False)
        self.assertEqual((self.volts[3], self.high[3]), (6.0, 0))


if __name__ == "__main__":
    unittest.main()
