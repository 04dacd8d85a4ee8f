"""Looks at the bench once a second, until it is stopped."""
import time

import bench

publisher = bench.Publisher()
try:
    while True:
        publisher.publish("session_data", {"volts": {band: of_band["volts"] for band, of_band in bench.read().items()}})
        time.sleep(1)
except KeyboardInterrupt:
    print("closed")
