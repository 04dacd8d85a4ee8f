"""Measures the response of each band to its bias, and writes it to a file."""
import json
import os

import bench

chosen = bench.options()
publisher = bench.Publisher()
state = bench.read()
numbers = {}
for done, band in enumerate(chosen.bands, 1):
    volts = state.get(str(band), {"volts": 0.0})["volts"]
    detectors = band in bench.BANDS_WITH_DETECTORS
    numbers[str(band)] = {"response_ua": round(volts / bench.OHM * 1e6, 3) if detectors else 0.0}
    # into the session's data; the page draws a bar for "progress"
    publisher.publish("session_data", {"progress": {"stage": "measure_step", "band": band,
                                                    "done": done, "total": len(chosen.bands)}})
path = bench.DATA / f"step-{os.environ['PYSMURF_SESSION_ID']}-{'-'.join(map(str, chosen.bands))}.json"
path.write_text(json.dumps(numbers))
publisher.publish("data_file", {"path": str(path), "type": "bench_step", "format": "json", "plot": False})
bench.report(numbers)
