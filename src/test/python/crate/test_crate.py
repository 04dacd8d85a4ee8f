"""The emulated crate by itself: what pysmurf's stages rely on it for."""
import os
import subprocess
import sys
import tempfile
import time
import unittest
from typing import Any

CRYO = "AMCc.FpgaTopLevel.AppTop.AppCore.SysgenCryo.Base[0].CryoChannels"
PATIENCE_S = 20
PACKAGES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@unittest.skipUnless(os.environ.get("PYSMURF_SRC"),
                     "PYSMURF_SRC is not set: the stages on pysmurf's real code, and their crate, are "
                     "tested by make test-pysmurf")
class CrateTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls) -> None:
        from crate.wire import Client

        cls.socket = cls.enterClassContext(tempfile.TemporaryDirectory()) + "/crate.sock"
        server = cls.enterClassContext(subprocess.Popen(
            [sys.executable, "-u", "-m", "crate.server", cls.socket, "3", "4", "0.02", "10.0.0", "new"],
            cwd=PACKAGES, stdout=subprocess.PIPE))
        cls.addClassCleanup(server.kill)
        assert server.stdout.readline() == b"ready\n"
        cls.crate = Client(cls.socket)
        cls.addClassCleanup(cls.crate.close)

    def setUp(self) -> None:
        self.crate.ask("faults", dead_channels=[])
        self.crate.ask("set", f"{CRYO}.setAmplitudeScales", 0)
        self.crate.ask("set", "AMCc.FpgaTopLevel.AppTop.AppCore.RtmCryoDet.SpiCryo.write", 0x7 << 20 | 3)
        for kind in ("UC", "DC"):
            self.crate.ask("set", f"AMCc.FpgaTopLevel.AppTop.AppCore.MicrowaveMuxCore[0].ATT.{kind}[1]", 22)
        self.channels = self.tones_on()

    def tones_on(self) -> Any:
        """A tone 10 kHz beside each dip."""
        import numpy as np

        offsets = self.get("toneFrequencyOffsetMHz", CRYO.rsplit(".", 1)[0])
        channels = []
        for dip in self.crate.ask("truth")["lowest_mhz"]:
            channel = int(np.argmin(np.abs(offsets - dip)))
            self.crate.ask("set", f"{CRYO}.CryoChannel[{channel}].centerFrequencyMHz", dip + 0.01 - offsets[channel])
            self.crate.ask("set", f"{CRYO}.CryoChannel[{channel}].amplitudeScale", 12)
            channels.append(channel)
        return channels

    def get(self, name: str, root: str = CRYO) -> Any:
        return self.crate.ask("get", f"{root}.{name}")

    def run_to_its_end(self, command: str) -> None:
        self.crate.ask("set", f"{CRYO}.{command}", 1)
        until = time.monotonic() + PATIENCE_S
        while "scan" in self.crate.ask("look")["on"]:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.02)

    def test_a_scan_outlives_its_client_and_brings_the_tones_back(self) -> None:
        script = f"from crate.wire import Client; Client({self.socket!r}).ask('set', " \
                 f"'{CRYO}.runSerialGradientDescent', 1)"
        subprocess.run([sys.executable, "-c", script], cwd=PACKAGES, check=True)
        self.crate.ask("set", f"{CRYO}.SerialGradientDescent.Stop", 1)
        self.crate.ask("set", f"{CRYO}.setAmplitudeScales", 0)
        self.run_to_its_end("SerialGradientDescent.Stop")
        self.assertEqual(self.crate.ask("look")["on"], {"tones in band 0": 4})

    def test_descent_and_eta_scan_end_at_the_dips_with_the_error_at_zero(self) -> None:
        import numpy as np

        self.run_to_its_end("runSerialGradientDescent")
        self.run_to_its_end("runSerialEtaScan")
        offsets = self.get("toneFrequencyOffsetMHz", CRYO.rsplit(".", 1)[0])
        places = (offsets + self.get("centerFrequencyMHz"))[self.channels]
        np.testing.assert_allclose(np.sort(places), self.crate.ask("truth")["lowest_mhz"], atol=0.003)
        self.crate.ask("set", f"{CRYO}.CryoChannel[{self.channels[0]}].centerFrequencyMHz",
                       places[0] - offsets[self.channels[0]] + 0.005)
        self.assertAlmostEqual(self.get("frequencyErrorMHz")[self.channels[0]], 0.005, delta=0.0015)

    def test_an_eta_scan_switches_off_what_it_cannot_calibrate(self) -> None:
        self.crate.ask("faults", dead_channels=[self.channels[1]])
        self.run_to_its_end("runSerialEtaScan")
        self.assertEqual(self.crate.ask("look")["on"], {"tones in band 0": 3})
        self.assertEqual(self.get("amplitudeScale")[self.channels[1]], 0)

    def test_a_sweep_past_its_channel_gives_zeros(self) -> None:
        import numpy as np

        offsets = np.zeros((512, 3))
        offsets[7] = (-1.5, 0.3, 1.1)
        self.crate.ask("set", f"{CRYO}.etaScanFreqs", offsets.reshape(-1))
        self.crate.ask("set", f"{CRYO}.etaScanAmplitude", 12)
        self.run_to_its_end("runSerialFindFreq")
        swept = self.get("etaScanResultsReal").reshape(512, 3)[7]
        self.assertEqual((swept != 0).tolist(), [False, True, True])


if __name__ == "__main__":
    unittest.main()
