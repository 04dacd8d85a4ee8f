"""A short simulated night on two slots, by the sequence of an observatory's schedule; then a table of what came of it."""

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

from driver.controller import PROJECT, Api, Controller  # noqa: E402

SLOTS = ("slot2", "slot3")
MAX_WAIT_S = 300
STREAMED_S = 3

# On a fresh crate the slot is set up first; a schedule begins with what follows.
NIGHT = (
    ("uxm_setup", {"bands": [0]}),
    ("zero_biases", {}),
    ("uxm_relock", {"bands": [0]}),
    ("take_iv", {"kwargs": {"run_serially": False, "cool_wait": 300}}),
    ("bias_dets", {"rfrac": 0.5}),
    ("take_bias_steps", {}),
    ("take_noise", {"tag": "bias_check"}),
    ("stream", {"subtype": "cmb", "tag": "night"}),
    ("take_bias_steps", {}),
    ("zero_biases", {}),
)


class Slot(Controller):
    """A controller with a simulated crate of its own."""

    def __init__(self, folder, name):
        super().__init__(folder, name, PROJECT / "config" / "scripts")
        self.name, self.seed = name, SLOTS.index(name) + 1

    def wait_until_ready(self):
        while self.process.poll() is None:
            try:
                if self.call("GET", "/observe/health/ready")[0] == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.1)
        sys.exit(f"night: the controller of {self.name} has ended; see {self.log_file}")

    def call(self, method, path, body=None):
        api = Api(self)
        status, answer = api.call(method, path, body)
        api.close()
        return status, json.loads(answer)

    def do(self, operation, params):
        """The session when it is done. A stream is stopped once it has been on for a while."""
        body = json.dumps({"simulate": True, **({"seed": self.seed} if operation == "uxm_setup" else {}), **params})
        wait = 0 if operation == "stream" else MAX_WAIT_S
        status, session = self.call("POST", f"/api/v1/operations/{operation}?wait={wait}", body)
        if status not in (200, 202):
            sys.exit(f"night: {operation}: {status} {session}")
        if operation == "stream":
            session = self.until(session, lambda now: now["status"] == "done" or now["data"].get("stream_on"))
            if session["status"] != "done":
                time.sleep(STREAMED_S)
                status, answer = self.call("POST", f"/api/v1/sessions/{session['session_id']}/stop")
                if status not in (200, 202):
                    sys.exit(f"night: the stream cannot be stopped: {status} {answer}")
        return self.until(session, lambda now: now["status"] == "done")

    def until(self, session, reached):
        deadline = time.monotonic() + MAX_WAIT_S
        while not reached(session):
            if time.monotonic() > deadline:
                sys.exit(f"night: {session['op_name']} is still {session['status']}")
            time.sleep(0.1)
            _, session = self.call("GET", f"/api/v1/sessions/{session['session_id']}")
        return session


def told(session):
    """The numbers by which a night goes on, or the reason why it does not."""
    if session["outcome"] != "succeeded":
        faults = [stage["detail"] for stage in session["stages"] if stage.get("detail")]
        return f"{session['outcome']}: {(faults or [session['messages'][-1][1]])[0]}"
    return ", ".join(f"{each['name']} {each['value']}" for each in session["data"].get("headline", []))


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    took, failed, began = {}, 0, time.monotonic()
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="night-")))
        slots = [running.enter_context(Slot(folder, name)) for name in SLOTS]
        threads = running.enter_context(ThreadPoolExecutor(len(slots)))
        for slot in slots:
            slot.wait_until_ready()
            print(f"Controller of {slot.name} started: http://127.0.0.1:{slot.http_port}/", flush=True)
        for operation, params in NIGHT:
            # As sorunlib: started on all, then waited for on all.
            for name, session in zip(SLOTS, threads.map(lambda slot: slot.do(operation, params), slots)):
                seconds = session["end_time"] - session["start_time"]
                took.setdefault(operation, []).append(seconds)
                failed += session["outcome"] != "succeeded"
                print(f"{operation:<16} {name}  {seconds:5.1f} s  {told(session)}", flush=True)
    print(f"\n{len(NIGHT)} operations on {len(SLOTS)} slots in {time.monotonic() - began:.0f} s; {failed} did not succeed.")
    print("Median duration:")
    print("\n".join(f"  {name:<16} {statistics.median(seconds):5.1f} s" for name, seconds in took.items()))
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
