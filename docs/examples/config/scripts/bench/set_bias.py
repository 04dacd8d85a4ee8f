"""Sets the bias of some bands."""
import bench

chosen = bench.options()
bench.set_bias(chosen.bands, chosen.volts)
bench.report({str(band): {"volts": chosen.volts} for band in chosen.bands})
bench.Publisher().publish("session_log", f"bias of bands {chosen.bands} is {chosen.volts:g} V")
