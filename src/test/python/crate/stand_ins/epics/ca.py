"""The part of ``epics.ca`` that pysmurf calls."""
import time


def poll(evt=1e-5, iot=1.0):
    time.sleep(0.001)
