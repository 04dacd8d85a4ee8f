"""The stages on the real pysmurf client, over the emulated crate; skipped where there is no pysmurf."""
import os
import subprocess
import sys
import unittest


@unittest.skipUnless(os.environ.get("PYSMURF_SRC"),
                     "PYSMURF_SRC is not set: no registry serves pysmurf; see make test-pysmurf")
class PysmurfTest(unittest.TestCase):

    def test_the_presets_run_on_real_code(self) -> None:
        ended = subprocess.run([sys.executable, "-m", "crate", "campaign", "--parts", "presets"], text=True,
                               cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(ended.returncode, 0, ended.stdout)


if __name__ == "__main__":
    unittest.main()
