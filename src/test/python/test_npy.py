"""Files of numbers: the bytes of NPY 1.0, and tunes that come back."""
from __future__ import annotations

import importlib.util
import os
import struct
import tempfile
import unittest

import stage_process  # noqa: F401  (puts the scripts on the path)
from tuning import npy, tune_file
from tuning.band import Assignment
from tuning.instrument import CannotWork, Notch

FIELDS = [("channel", "<i4"), ("r2", "<f8"), ("good", "|b1"), ("trace", "<f4", 3)]
ROWS = [(7, 0.5, True, [1.0, 2.0, 3.5]), (9, -1.25, False, [0.0, -2.0, 0.25])]


class NpyTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "table.npy")

    def content(self) -> bytes:
        with open(self.path, "rb") as file:
            return file.read()

    def test_header_and_rows_are_those_of_version_1_0(self) -> None:
        npy.write_table(self.path, FIELDS, ROWS)
        content = self.content()
        self.assertEqual(content[:8], b"\x93NUMPY\x01\x00")
        length, = struct.unpack("<H", content[8:10])
        self.assertEqual((10 + length) % 64, 0)
        header = content[10:10 + length]
        self.assertTrue(header.endswith(b"\n"))
        self.assertEqual(header.strip(), b"{'descr': [('channel', '<i4'), ('r2', '<f8'), ('good', '|b1'), "
                                         b"('trace', '<f4', (3,))], 'fortran_order': False, 'shape': (2,), }")
        self.assertEqual(content[10 + length:], struct.pack("<id?3f", 7, 0.5, True, 1.0, 2.0, 3.5)
                         + struct.pack("<id?3f", 9, -1.25, False, 0.0, -2.0, 0.25))

    def test_a_table_comes_back(self) -> None:
        npy.write_table(self.path, FIELDS, ROWS)
        table = npy.read_table(self.path)
        self.assertEqual(table.fields, FIELDS)
        self.assertEqual(table.columns["channel"], [7, 9])
        self.assertEqual(table.columns["good"], [True, False])
        self.assertEqual(table.columns["trace"], [(1.0, 2.0, 3.5), (0.0, -2.0, 0.25)])

    @unittest.skipUnless(importlib.util.find_spec("numpy"), "numpy is not installed")
    def test_numpy_reads_it(self) -> None:
        import numpy

        npy.write_table(self.path, FIELDS, ROWS)
        table = numpy.load(self.path)
        self.assertEqual(table["r2"].tolist(), [0.5, -1.25])
        self.assertEqual(table["trace"].shape, (2, 3))

    def test_what_is_no_table_is_refused(self) -> None:
        for content in (b"", b"hello", npy.MAGIC + b"\x10\x00{'descr': '<f8'}", npy.MAGIC + b"\xff\xff{"):
            with open(self.path, "wb") as file:
                file.write(content)
            with self.assertRaises(npy.NotNpy):
                npy.read_table(self.path)

    def test_a_tune_comes_back_by_band(self) -> None:
        notches = {0: [Notch(12, 3, -20.5, 0.1 + 0.2j)],
                   3: [Notch(40, 10, 5.25, -0.3j), Notch(41, 10, 6.0, 1j)]}
        tune_file.write_tune(self.path, notches)
        self.assertEqual(tune_file.read_tune(self.path), notches)

    def test_a_file_that_is_no_tune_is_told(self) -> None:
        with self.assertRaises(CannotWork):
            tune_file.read_tune(os.path.join(self.folder.name, "missing.npy"))
        npy.write_table(self.path, FIELDS, ROWS)
        with self.assertRaises(CannotWork):
            tune_file.read_tune(self.path)

    def test_assignment_has_pysmurfs_rows(self) -> None:
        tune_file.write_assignment(self.path, 1, [Assignment(-1.25, 62, 248), Assignment(0.5, 63, -1)])
        self.assertEqual(self.content(), b"4748.7500,62,248,-1\n4750.5000,63,-1,-1\n")


if __name__ == "__main__":
    unittest.main()
