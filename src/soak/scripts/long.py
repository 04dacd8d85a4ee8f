"""
Notes that it was run, and takes 3 s in which it prints and publishes, so that an abort finds it.

With the word child it leaves a process behind; with the word deaf it does not listen to SIGINT.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import runs

runs.note()
if "deaf" in sys.argv:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
if "child" in sys.argv:
    subprocess.Popen(["sleep", "600"])
listener = (os.environ["SMURFPUB_UDP_HOST"], int(os.environ["SMURFPUB_UDP_PORT"]))
publisher = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(30):
    print("long", i)
    message = {
        "host": "soak",
        "id": os.environ["SMURFPUB_ID"],
        "script": "long.py",
        "time": time.time(),
        "seq_no": i,
        "type": "session_data",
        "payload": {"step": i},
    }
    publisher.sendto(json.dumps(message).encode(), listener)
    time.sleep(0.1)
