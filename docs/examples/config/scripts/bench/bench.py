"""A bench with detectors on bands 0 to 5, kept in a file; put your instrument in its place.

And the three ways in which a script talks to its session: lines on stdout, messages of the Publisher, the result file.
"""
import argparse
import json
import os
import socket
import sys
import time
from pathlib import Path

DATA = Path(os.environ.get("PYSMURF_DATA_DIR", "."))
STATE = DATA / "bench.json"
BANDS_WITH_DETECTORS = range(6)
DRIFT_AFTER_CHANGE_UV = 16.0
OHM = 0.5e6


def bands(text):
    """A list in a parameter comes as JSON; a stage is given its bands separated by commas."""
    return json.loads(text if text.startswith("[") else f"[{text}]")


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bands", type=bands, default=[0])
    parser.add_argument("--volts", type=float, default=0.0)
    return parser.parse_args()


def read():
    """What is set: for each band the bias in V and the drift in uV."""
    return json.loads(STATE.read_text()) if STATE.exists() else {}


def write(state):
    part = STATE.with_suffix(".part")
    part.write_text(json.dumps(state))
    part.replace(STATE)


def set_bias(bands, volts):
    state = read()
    for band in bands:
        state[str(band)] = {"volts": volts, "drift_uv": DRIFT_AFTER_CHANGE_UV if volts else 0.0}
    write(state)


class Publisher:
    """Messages to the session, as pysmurf's Publisher writes them: one JSON object a datagram, at most 64000 bytes."""

    def __init__(self):
        self.address = (os.environ.get("SMURFPUB_UDP_HOST", "localhost"), int(os.environ.get("SMURFPUB_UDP_PORT", 8200)))
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sent = 0

    def publish(self, kind, payload):
        self.socket.sendto(json.dumps({
            "host": socket.gethostname(), "id": os.environ.get("SMURFPUB_ID", "undeclared"),
            "script": Path(sys.argv[0]).name, "time": time.time(), "seq_no": self.sent,
            "type": kind, "payload": payload}).encode(), self.address)
        self.sent += 1


def report(numbers):
    """The stage's numbers, {"BAND": {"NAME": NUMBER}}; the gates judge these."""
    for band, of_band in numbers.items():
        print(f"band {band}:", ", ".join(f"{name} {value}" for name, value in of_band.items()))
    target = os.environ.get("PYSMURF_RESULT_FILE")
    if target:
        Path(target).write_text(json.dumps({"numbers": numbers}))
