"""The Publisher's wire format, over a real UDP socket."""
from __future__ import annotations

import contextlib
import io
import socket
import unittest

from stage_process import Listener
from tuning.publisher import UDP_MAX_BYTES, Publisher


class PublisherTest(unittest.TestCase):
    def setUp(self) -> None:
        self.listener = Listener()
        self.addCleanup(self.listener.close)

    def test_envelope(self) -> None:
        with Publisher("find_freq", self.listener.environment) as publisher:
            publisher.session_data({"progress": 1})
            publisher.session_log("half way")
            publisher.log("hello")
            publisher.publish([1, 2])
        messages = self.listener.messages()
        for message in messages:
            self.assertEqual(list(message), ["host", "id", "script", "time", "seq_no", "type", "payload"])
            self.assertEqual((message["host"], message["id"], message["script"]),
                             (socket.gethostname(), "slot2", "find_freq"))
        self.assertEqual([message["seq_no"] for message in messages], list(range(6)))
        self.assertEqual([(message["type"], message["payload"]) for message in messages],
                         [("start", {}), ("session_data", {"progress": 1}), ("session_log", "half way"),
                          ("log", {"message": "hello"}), ("general", [1, 2]), ("stop", {})])

    def test_registered_file_has_pysmurfs_payload(self) -> None:
        with Publisher("find_freq", self.listener.environment) as publisher:
            publisher.action, publisher.action_ts = "find_freq", "1700000000"
            publisher.register_file("/data/a.svg", "find_freq", "svg", "simulated", plot=True)
        message = self.listener.messages()[1]
        self.assertEqual(message["type"], "data_file")
        self.assertIsInstance(message["payload"].pop("timestamp"), float)
        self.assertEqual(message["payload"], {"path": "/data/a.svg", "type": "find_freq", "format": "svg",
                                              "action": "find_freq", "action_ts": "1700000000", "plot": True,
                                              "pysmurf_version": "simulated"})

    def test_too_long_a_message_is_dropped_and_told(self) -> None:
        with Publisher("find_freq", self.listener.environment) as publisher, \
                contextlib.redirect_stderr(io.StringIO()) as complaints:
            publisher.session_data({"x": "y" * UDP_MAX_BYTES})
        messages = self.listener.messages()
        self.assertEqual([(message["seq_no"], message["type"]) for message in messages],
                         [(0, "start"), (2, "backend_error"), (3, "stop")])
        self.assertRegex(messages[1]["payload"]["message"],
                         r"^Backend error: dropped large UDP packet \(64\d\d\d bytes\)\.$")
        self.assertIn("dropped large UDP packet", complaints.getvalue())

    def test_the_limit_is_64000_bytes(self) -> None:
        with Publisher("s", self.listener.environment) as publisher:
            publisher.publish("")
            plain = len(repr(self.listener.messages()[1]))
            publisher.publish("x" * (UDP_MAX_BYTES - plain - 60))
        kinds = [message["type"] for message in self.listener.messages()]
        self.assertEqual(kinds, ["general", "stop"])

    def test_a_payload_that_is_no_json_burns_a_number(self) -> None:
        with Publisher("s", self.listener.environment) as publisher:
            with self.assertRaises(TypeError):
                publisher.publish({1, 2})
        self.assertEqual([message["seq_no"] for message in self.listener.messages()], [0, 2])

    def test_nobody_listening_is_no_error(self) -> None:
        environment = dict(self.listener.environment)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            environment["SMURFPUB_UDP_PORT"] = str(free.getsockname()[1])
        with Publisher("s", environment) as publisher:
            for _ in range(5):
                publisher.log("anybody?")
        self.assertEqual(publisher.seq_no, 7)

    def test_null_backend_sends_nothing(self) -> None:
        with Publisher("s", {**self.listener.environment, "SMURFPUB_BACKEND": "null"}) as publisher:
            publisher.log("quiet")
        self.assertEqual(self.listener.messages(), [])

    def test_defaults_without_environment(self) -> None:
        publisher = Publisher("s", {})
        self.assertEqual((publisher.pub_id, publisher.seq_no), ("undeclared", 0))

    def test_unknown_backend_is_told(self) -> None:
        with contextlib.redirect_stderr(io.StringIO()) as complaints:
            Publisher("s", {"SMURFPUB_BACKEND": "pigeon"})
        self.assertIn("pigeon", complaints.getvalue())


if __name__ == "__main__":
    unittest.main()
