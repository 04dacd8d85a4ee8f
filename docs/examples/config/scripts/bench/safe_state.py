"""Switches the bias of every band off, and reads back whether it is."""
import bench

chosen = bench.options()
bench.set_bias([int(band) for band in bench.read()], 0.0)
quiet = all(of_band["volts"] == 0 for of_band in bench.read().values())
bench.report({str(band): {"quiet": quiet} for band in chosen.bands})
