"""Messages for those who watch: the wire format of pysmurf's Publisher.

One JSON object a datagram, ``{host, id, script, time, seq_no, type, payload}``, as pysmurf's ``util/pub.py``
sends it. The socket is never connected, so a receiver that is not there costs nothing and raises nothing.
"""
from __future__ import annotations

import json
import os
import socket
import sys
import time
from typing import Any, Mapping, Optional

UDP_MAX_BYTES = 64000
"""Longer messages are dropped by pysmurf's Publisher, in bytes of UTF-8."""

DEFAULT_UDP_PORT = 8200


class Publisher:
    """Sends the messages of one script; ``seq_no`` counts from 0 and counts what was dropped, too."""

    def __init__(self, script: str, environment: Mapping[str, str] = os.environ) -> None:
        self.script = script
        self.host = socket.gethostname()
        self.pub_id = environment.get("SMURFPUB_ID", "undeclared")
        self.seq_no = 0
        self.action: Optional[str] = None
        self.action_ts: Optional[str] = None
        self._socket: Optional[socket.socket] = None
        backend = environment.get("SMURFPUB_BACKEND", "null")
        if backend == "udp":
            self._address = (environment.get("SMURFPUB_UDP_HOST", "localhost"),
                             int(environment.get("SMURFPUB_UDP_PORT", DEFAULT_UDP_PORT)))
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        elif backend != "null":
            sys.stderr.write(f"no publisher backend \"{backend}\", messages are dropped\n")

    def __enter__(self) -> Publisher:
        self.publish({}, "start")
        return self

    def __exit__(self, *exception: object) -> None:
        self.publish({}, "stop")
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def publish(self, payload: Any, kind: str = "general") -> None:
        """Send one message; one that is too long is replaced by a ``backend_error``, as pysmurf does."""
        envelope = {"host": self.host, "id": self.pub_id, "script": self.script, "time": time.time(),
                    "seq_no": self.seq_no, "type": kind, "payload": payload}
        # Counted before it is encoded: a message that is lost leaves a gap which the receiver can see.
        self.seq_no += 1
        datagram = json.dumps(envelope).encode("utf-8")
        if self._socket is None:
            return
        if len(datagram) > UDP_MAX_BYTES:
            error = f"Backend error: dropped large UDP packet ({len(datagram)} bytes)."
            sys.stderr.write(f"{self.script}: {error}\n")
            self.publish({"message": error}, "backend_error")
            return
        try:
            self._socket.sendto(datagram, self._address)
        except OSError as failure:
            # A watcher that cannot be reached must not end the work that is watched.
            sys.stderr.write(f"{self.script}: message {envelope['seq_no']} not sent: {failure}\n")

    def log(self, message: str) -> None:
        self.publish({"message": message}, "log")

    def session_data(self, data: Mapping[str, Any]) -> None:
        """An object that is merged into the data of the running session."""
        self.publish(data, "session_data")

    def session_log(self, line: str) -> None:
        """One line for the messages of the running session."""
        self.publish(line, "session_log")

    def register_file(self, path: str, kind: str, file_format: str, version: str, plot: bool = False) -> None:
        """Tell that a file was written; ``kind`` is pysmurf's word for what is in it."""
        self.publish({"path": path, "type": kind, "format": file_format, "timestamp": time.time(),
                      "action": self.action, "action_ts": self.action_ts, "plot": plot,
                      "pysmurf_version": version}, "data_file")
