"""The controller as its users have it: bin/pysmurf-controller, a process of its own, spoken to over HTTP."""

import http.client
import json
import os
import re
import socket
import subprocess
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
JAR = PROJECT / "target" / "pysmurf-controller.jar"
LAUNCHER = PROJECT / "bin" / "pysmurf-controller"
LONGEST_START_S = 60
LONGEST_STOP_S = 15
IDLE_SHARE = 0.05


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def scripts_python():
    """The Python that runs scripts, with the controller and without it."""
    return os.environ.get("SCRIPTS_PYTHON", "python3")


class Controller:
    """
    One controller on free ports, with its data and its log in a folder. To be used in a with statement.

    `controller_id` is its instance id, `scripts` the folder of the scripts it may run; `environment` goes before what is
    chosen here.
    """

    def __init__(self, folder, controller_id, scripts, **environment):
        folder.mkdir(parents=True, exist_ok=True)
        self.http_port = free_port(socket.SOCK_STREAM)
        self.mqtt_port = free_port(socket.SOCK_STREAM)
        self.udp_port = free_port(socket.SOCK_DGRAM)
        self.data = folder / f"data-{self.http_port}"
        self.log_file = folder / f"controller-{self.http_port}.log"
        self.config = folder / f"config-{self.http_port}"
        self.config.mkdir()
        for file in (PROJECT / "config").iterdir():
            # one controller, whatever slots there are here
            if file.name != "slots":
                (self.config / file.name).symlink_to(file)
        self.began_ns = time.monotonic_ns()
        own = {key: value for key, value in os.environ.items() if not key.startswith(("SMURFPUB_", "OCS_CONFIG_DIR"))}
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [LAUNCHER],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={
                    **own,
                    "CONTROLLER_CONFIG_DIR": str(self.config),
                    "CONTROLLER_ROUTES_DIR": "routes",
                    "CONTROLLER_ID": controller_id,
                    "DATA_DIR": str(self.data),
                    "HTTP_HOST": "127.0.0.1",
                    "HTTP_PORT": str(self.http_port),
                    "AUTH_TOKENS_FILE": "",
                    "MQTT_BROKER_URL": "",
                    "MQTT_EMBEDDED_HOST": "127.0.0.1",
                    "MQTT_EMBEDDED_PORT": str(self.mqtt_port),
                    "PUBLISHER_LISTEN_HOST": "127.0.0.1",
                    "PUBLISHER_LISTEN_PORT": str(self.udp_port),
                    "PUBLISHER_DESTINATIONS": "",
                    "SCRIPTS_ROOTS": str(scripts),
                    "SCRIPTS_PYTHON": scripts_python(),
                    **environment,
                },
            )

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        try:
            self.process.wait(LONGEST_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def first_command(self, script):
        """Runs a script as soon as it is accepted. Returns the seconds from the start of the process to that answer."""
        body = json.dumps({"script": script})
        while time.monotonic_ns() - self.began_ns < LONGEST_START_S * 10**9:
            if self.process.poll() is not None:
                break
            try:
                api = Api(self)
                status, _ = api.call("POST", "/api/v1/operations/run", body)
                if status == 202:
                    seconds = (time.monotonic_ns() - self.began_ns) / 1e9
                    api.wait_idle()
                    return seconds
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.002)
        raise RuntimeError(f"the controller did not start, see {self.log_file}")

    def settle(self):
        """Until it has nothing left to do from before: hardly uses a processor any more."""
        used, now = self._cpu_seconds(), time.monotonic()
        while True:
            time.sleep(0.25)
            more, later = self._cpu_seconds(), time.monotonic()
            if more - used < IDLE_SHARE * (later - now):
                return
            used, now = more, later

    def _cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Resident memory in MB (10^6 bytes): what is held now, and the most there ever was."""
        status = self._status()
        return tuple(int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))

    def threads(self):
        return int(re.search(r"Threads:\s+(\d+)", self._status())[1])

    def open_files(self):
        """How many file descriptors it holds."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def _status(self):
        return Path(f"/proc/{self.process.pid}/status").read_text()


class Api:
    """One kept connection to a controller, for one thread."""

    def __init__(self, controller):
        self.connection = http.client.HTTPConnection("127.0.0.1", controller.http_port, timeout=300)
        self.connection.connect()

    def call(self, method, path, body=None):
        """Status and bytes of the answer."""
        self.connection.request(method, path, body)
        response = self.connection.getresponse()
        return response.status, response.read()

    def get(self, path):
        status, body = self.call("GET", path)
        if status != 200:
            raise RuntimeError(f"{path}: {status} {body[:500]}")
        return body

    def run(self, script, *args, log=True):
        """Runs a script and waits for its end. Returns the session, which has to have succeeded."""
        body = json.dumps({"script": script, "args": list(args), "log": log})
        status, answer = self.call("POST", "/api/v1/operations/run?wait=300", body)
        session = json.loads(answer)
        if status != 200 or session["outcome"] != "succeeded":
            raise RuntimeError(f"{script}: {status} {answer[:1000]}")
        return session

    def start(self, script, *args):
        """Starts a script and returns its session's id."""
        status, answer = self.call("POST", "/api/v1/operations/run", json.dumps({"script": script, "args": list(args)}))
        if status != 202:
            raise RuntimeError(f"{script}: {status} {answer[:1000]}")
        return json.loads(answer)["session_id"]

    def session(self, session_id):
        return json.loads(self.get(f"/api/v1/sessions/{session_id}"))

    def log(self, session_id):
        return self.get(f"/api/v1/sessions/{session_id}/log")

    def wait_idle(self):
        """Until no session runs."""
        while json.loads(self.get("/api/v1/sessions?limit=1"))[0]["status"] != "done":
            time.sleep(0.01)

    def events(self):
        """Opens the stream of events; yields the name and the data of each."""
        self.connection.request("GET", "/api/v1/events")
        response = self.connection.getresponse()
        rest = response.read1(1 << 20)  # the greeting: from here on nothing is missed

        def stream(rest):
            while True:
                more = response.read1(1 << 20)
                if not more:
                    return
                *blocks, rest = (rest + more).split(b"\n\n")
                for block in blocks:
                    fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if line[:1] not in (b":", b""))
                    if b"data" in fields:
                        yield fields[b"event"].decode(), fields[b"data"]

        return stream(rest)

    def close(self):
        self.connection.close()
