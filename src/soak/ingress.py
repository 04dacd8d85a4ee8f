"""The three ways of commanding, each of which notes what it sent and what it was told."""

import collections
import http.client
import json
import threading
import time

from driver import mqtt

ID = "soak"
ADDRESS = f"observatory.{ID}.ops"
REPLIES = "soak/replies"
TIMEOUT_S = 30
MOST_PACKET_IDS = 65535


class Command:
    """One command, which may be sent more than once; whoever sends it again means the same one."""

    def __init__(self, command_id, ingress, operation, params):
        self.id = command_id
        self.ingress = ingress
        self.operation = operation
        self.params = params
        self.sent = 0
        #: a word for each answer: accepted, duplicate, or why it was refused
        self.answers = []
        self.session_ids = set()
        #: what went wrong where the answer should have come
        self.faults = []

    def answered(self, word, session_id=None):
        self.answers.append(word)
        if word in ("accepted", "duplicate"):
            self.session_ids.add(session_id)


class Http:
    """With the command id as the idempotency key; one kept connection."""

    name = "http"

    def __init__(self, port):
        self._port = port
        self._connection = None

    def send(self, command):
        command.sent += 1
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
            headers = {"Idempotency-Key": command.id}
            path = f"/api/v1/operations/{command.operation}"
            self._connection.request("POST", path, json.dumps(command.params), headers)
            response = self._connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as fault:
            command.faults.append(repr(fault))
            self.close()
            return
        if response.status == 202:
            command.answered("accepted", answer["session_id"])
        elif response.status == 200:
            command.answered("duplicate", answer["session_id"])
        elif response.status == 404:
            command.answered("unknown_operation")
        elif response.status == 409:
            command.answered("busy" if "session_id" in answer else "nothing_to_abort")
        else:
            command.answered(f"{response.status} {answer.get('detail')}")

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Ocs:
    """As clients of OCS do: a connection for each call, and no command id, so nothing is sent again."""

    name = "ocs"

    def __init__(self, port):
        self._port = port

    def send(self, command):
        command.sent += 1
        call = {"procedure": ADDRESS, "args": ["start", command.operation, command.params], "kwargs": {}}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", "/call", json.dumps(call))
            answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as fault:
            command.faults.append(repr(fault))
            return
        finally:
            connection.close()
        if "error" in answer:
            command.answered(f"{answer['error']} {answer['args']}")
            return
        status, text, session = answer["args"][0]
        if status == 0:
            command.answered("accepted", session["session_id"])
        elif "already in progress" in text or text.startswith("Operation failed: ") and text.endswith(" is running."):
            command.answered("busy")
        elif text.startswith("No task or process called"):
            command.answered("unknown_operation")
        else:
            command.answered(text)

    def close(self):
        """Nothing is kept."""


class Mqtt:
    """
    With QoS 1 and a reply topic. A command counts as sent when the broker has acknowledged it; one that it has not when it dies
    is sent again when it is back, as the protocol has it. Nothing is sent before the controller has said that it is online.
    Thread-safe.
    """

    name = "mqtt"

    def __init__(self, port):
        self._port = port
        self._lock = threading.Lock()
        self._client = None
        self._online = False
        self._packet_id = 0
        self._unacknowledged = {}
        self._again = collections.deque()
        self._commands = {}
        self._closed = False
        self.not_sent = 0
        #: by command id, when the newest acknowledgement came, in s of the monotonic clock
        self.acknowledged_at = {}
        threading.Thread(target=self._run, name="mqtt", daemon=True).start()

    def send(self, command):
        with self._lock:
            if not self._online:
                self.not_sent += 1
                return
            self._commands[command.id] = command
            self._publish(command)

    def _publish(self, command):
        self._packet_id = self._packet_id % MOST_PACKET_IDS + 1
        self._unacknowledged[self._packet_id] = command
        payload = {**command.params, "command_id": command.id, "reply_to": REPLIES}
        try:
            self._client.publish(f"pysmurf/{ID}/command/{command.operation}", json.dumps(payload).encode(), self._packet_id)
        except OSError:
            self._online = False  # it is sent again, like all that was not acknowledged

    def _run(self):
        while not self._closed:
            try:
                client = mqtt.Client(self._port, "soak")
                client.subscribe(REPLIES)
                client.subscribe(f"pysmurf/{ID}/status")
                with self._lock:
                    self._client = client
                while True:
                    self._take(client.received())
            except OSError:
                self._lost()
                time.sleep(0.1)

    def _take(self, received):
        with self._lock:
            if isinstance(received, int):
                command = self._unacknowledged.pop(received)
                command.sent += 1
                self.acknowledged_at[command.id] = time.monotonic()
                return
            topic, payload = received
            answer = json.loads(payload)
            if topic != REPLIES:
                self._online = answer["online"]
                while self._online and self._again:
                    self._publish(self._again.popleft())
                return
            command = self._commands[answer["command_id"]]
            session = answer["session"] or {}
            command.answered("accepted" if answer["accepted"] else answer["reason"], session.get("session_id"))

    def _lost(self):
        with self._lock:
            self._online = False
            self._again.extend(self._unacknowledged.values())
            self._unacknowledged.clear()
            if self._client is not None:
                self._client.close()
                self._client = None

    def is_waiting(self):
        """Whether acknowledgements or answers are still to come."""
        with self._lock:
            open_ones = any(len(command.answers) < command.sent for command in self._commands.values())
            return bool(self._unacknowledged or self._again or open_ones)

    def close(self):
        """Ends with the broker."""
        self._closed = True
