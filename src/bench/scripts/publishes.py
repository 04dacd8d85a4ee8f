"""
Sends messages as pysmurf's Publisher does, each with its time in ns of CLOCK_MONOTONIC.

publishes.py COUNT PAUSE_S EVERY [PORT ...]: pauses after every so many. To the controller that started it, or to these ports.
"""

import json
import os
import socket
import sys
import time

count, pause, every = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
ports = [int(port) for port in sys.argv[4:]] or [int(os.environ["SMURFPUB_UDP_PORT"])]
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
time.sleep(0.2)
for i in range(count):
    if i % every == 0:
        time.sleep(pause)
    message = {
        "host": "bench",
        "id": os.environ.get("SMURFPUB_ID", ""),
        "script": "publishes.py",
        "time": time.time(),
        "seq_no": i,
        "type": "session_log",
        "payload": f"message {time.monotonic_ns()}",
    }
    data = json.dumps(message).encode()
    for port in ports:
        sock.sendto(data, ("127.0.0.1", port))
