"""Has a controller tune one simulated band, commanded and followed over MQTT alone, then shows what came of it; see demo.sh."""

import argparse
import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

from driver import mqtt  # noqa: E402

CTL = Path(__file__).resolve().parents[2] / "bin" / "pysmurf-ctl"
MAX_START_S = 60
MAX_TUNE_S = 900
BAR = 30


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False


def connect(options):
    """Once the controller is online: a command before that would be lost."""
    client_id = f"demo-{uuid.uuid4()}"
    until = time.monotonic() + MAX_START_S
    while True:
        if not is_alive(options.pid):
            sys.exit("demo: the controller has ended")
        try:
            client = mqtt.Client(options.mqtt_port, client_id)
            break
        except OSError as fault:
            if time.monotonic() > until:
                sys.exit(f"demo: no MQTT broker answers at port {options.mqtt_port}: {fault}")
        time.sleep(0.1)
    client.subscribe(f"pysmurf/{options.id}/status")
    while not json.loads(client.message()[1])["online"]:
        pass
    return client


class Progress:
    """One line that is redrawn on a terminal, else a line a stage."""

    def __init__(self):
        self.began = time.monotonic()
        self.columns = os.get_terminal_size().columns if sys.stdout.isatty() else 0
        self.stage, self.place, self.detail = "", "", ""

    def session(self, session):
        stages = [
            stage
            for stage in session["stages"]
            if stage["status"] != "skipped" and (stage["name"], stage["status"]) != ("safe_state", "not_run")
        ]
        for number, stage in enumerate(stages, 1):
            if stage["status"] == "running" and stage["name"] != self.stage:
                self.stage, self.place, self.detail = stage["name"], f"stage {number} of {len(stages)}  {stage['name']}", ""
                if not self.columns:
                    print(f"{time.monotonic() - self.began:5.1f} s  {self.place}", flush=True)

    def data(self, message):
        progress = message["payload"].get("progress") if isinstance(message["payload"], dict) else None
        if progress and progress["stage"] == self.stage:
            done, total = progress["done"], progress["total"]
            filled = BAR * done // max(total, 1)
            self.detail = f"  band {progress['band']}  [{'#' * filled}{'.' * (BAR - filled)}]  {done} of {total}"

    def draw(self):
        if self.columns:
            line = f"{self.place or 'starting'}{self.detail}  {time.monotonic() - self.began:5.1f} s"
            print(f"\r{line[: self.columns - 1]}\033[K", end="", flush=True)

    def clear(self):
        if self.columns:
            print("\r\033[K", end="", flush=True)


def tune(client, root, params):
    """The session when it is done."""
    command_id, reply_to = f"demo-{uuid.uuid4()}", f"{root}/reply/demo-{uuid.uuid4()}"
    # Heartbeats come while all else is silent; without them the broker would seem to be gone.
    for topic in (reply_to, f"{root}/session", f"{root}/data", f"{root}/heartbeat"):
        client.subscribe(topic)
    command = params | {"command_id": command_id, "reply_to": reply_to}
    client.publish(f"{root}/command/tune_squids", json.dumps(command).encode(), 1)
    progress = Progress()
    session_id = None
    until = time.monotonic() + MAX_TUNE_S
    try:
        while time.monotonic() < until:
            topic, payload = client.message()
            message = json.loads(payload)
            if topic == reply_to and not message["accepted"]:
                sys.exit(f"demo: the command is refused ({message['reason']}): {message['detail']}")
            if topic == reply_to:
                session_id = message["session"]["session_id"]
            elif session_id is None or message.get("session_id") != session_id:
                pass
            elif topic == f"{root}/session":
                progress.session(message)
                if message["status"] == "done":
                    return message
            elif topic == f"{root}/data":
                progress.data(message)
            progress.draw()
    finally:
        progress.clear()
    sys.exit(f"demo: the tune did not end within {MAX_TUNE_S} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name, kind in (("http_port", int), ("mqtt_port", int), ("id", str), ("pid", int), ("log", str)):
        parser.add_argument(name, type=kind)
    parser.add_argument("--params", type=json.loads, default={}, help='of tune_squids, beside {"bands": [0], "simulate": true}')
    options = parser.parse_args()
    url = f"http://127.0.0.1:{options.http_port}"
    params = {"bands": [0], "simulate": True} | options.params
    client = connect(options)
    print(f"tune_squids {json.dumps(params)} sent over MQTT to tcp://127.0.0.1:{options.mqtt_port}", flush=True)
    session = tune(client, f"pysmurf/{options.id}", params)
    client.close()
    took = session["end_time"] - session["start_time"]
    print(f"tune_squids {session['outcome']} after {took:.1f} s\n", flush=True)
    subprocess.run([CTL, "--url", url, "show", str(session["session_id"])], check=True)
    print(f"\n  page              {url}/")
    print(f"  script output     {url}/api/v1/sessions/{session['session_id']}/log")
    print(f"  controller's log  {options.log}\n", flush=True)
    sys.exit(session["outcome"] != "succeeded")


if __name__ == "__main__":
    try:
        main()
    except (OSError, subprocess.CalledProcessError) as fault:
        sys.exit(f"demo: {fault}")
