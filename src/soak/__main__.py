"""
Commands the built controller over all its ingresses for minutes, aborts, changes a route file and stops the broker meanwhile, and
compares what was asked for with what was done: make soak.
"""

import collections
import concurrent.futures
import itertools
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

# what is shared with the benchmark lies beside this folder
sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

import broker
from account import Account, alive, all_sessions
from driver.controller import JAR, PROJECT, Api, Controller
from ingress import ID, Command, Http, Mqtt, Ocs
from routes import OPERATION, RouteFile

WORK = PROJECT / "target" / "soak"
REPORT = PROJECT / "target" / "soak.json"
SCRIPTS = Path(__file__).resolve().parent / "scripts"
SECONDS = 600
COMMANDS_A_SECOND = 20
#: a soak too short for these has shorter ones, so that each thing happens
WARM_UP_S, ABORT_EVERY_S, CHANGE_EVERY_S, STOP_EVERY_S, AWAY_S = 20, 5, 10, 60, 5
SAMPLE_EVERY_S = 10
LONGEST_END_S = 30
LONGEST_REPLY_S = 5
CANNOT_RUN = 2


class Soak:
    """What goes on at the same time, and what comes of it."""

    def __init__(self, seconds, controller, mosquitto, routes):
        self._seconds = seconds
        self._controller = controller
        self._mosquitto = mosquitto
        self._routes = routes
        self._mqtt = Mqtt(mosquitto.port)
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self.commands = []
        self.samples = []
        self.killed_at = []

    def _command(self, ingress, operation, params):
        with self._lock:
            command = Command(f"{ingress.name}-{next(self._numbers)}", ingress.name, operation, params)
            self.commands.append(command)
        return command

    def _some_command(self, ingress, chance):
        """Mostly a short script; now and then the operation that comes and goes, or a script that an abort finds."""
        command = self._command(ingress, "run", {})
        kind = chance.random()
        if kind < 0.1:
            command.operation = OPERATION
            command.params = {"id": command.id}
        elif kind < 0.13:
            words = [word for word in ("child", "deaf") if chance.random() < 0.3]
            command.params = {"script": "long.py", "args": [command.id, *words]}
        else:
            command.params = {"script": "short.py", "args": [command.id]}
        return command

    def _send_many(self, ingress, seed):
        """A third of the commands, at random times; each tenth is one that was sent before."""
        chance = random.Random(seed)
        recent = collections.deque(maxlen=20)
        due = time.monotonic()
        while True:
            due = max(due + chance.expovariate(COMMANDS_A_SECOND / 3), time.monotonic() - 1)
            if self._over.wait(max(0, due - time.monotonic())):
                return ingress.close()
            if recent and ingress.name != "ocs" and chance.random() < 0.1:
                command = chance.choice(recent)
            else:
                command = self._some_command(ingress, chance)
                recent.append(command)
            ingress.send(command)

    def _every(self, seconds, action):
        due = time.monotonic() + seconds
        while not self._over.wait(max(0, due - time.monotonic())):
            action()
            due = max(due + seconds, time.monotonic())

    def _abort_often(self, seconds):
        port = self._controller.http_port
        ingresses = itertools.cycle([Http(port), self._mqtt, Ocs(port)])
        force = itertools.cycle([False, False, False, True])

        def abort():
            ingress = next(ingresses)
            ingress.send(self._command(ingress, "abort", {"force": next(force)}))

        self._every(seconds, abort)

    def _change_often(self, seconds):
        api = Api(self._controller)
        self._every(seconds, lambda: self._routes.next(api))

    def _stop_often(self, seconds):
        def stop():
            self.killed_at.append(time.monotonic())
            self._mosquitto.kill()
            time.sleep(min(AWAY_S, seconds / 3))
            self._mosquitto.start()

        self._every(seconds, stop)

    def _sample(self, begin):
        resident, most = self._controller.memory()
        sample = {
            "second": round(time.monotonic() - begin),
            "resident_mb": round(resident, 1),
            "most_resident_mb": round(most, 1),
            "threads": self._controller.threads(),
            "open_files": self._controller.open_files(),
        }
        self.samples.append(sample)
        print(f"  {sample['second']:5} s  {len(self.commands):6} commands, {sample['resident_mb']:.0f} MB", file=sys.stderr)
        return sample

    def run(self):
        """Returns the figures of the process after the warm-up and at the end."""
        port = self._controller.http_port
        begin = time.monotonic()
        end = begin + self._seconds
        warm = begin + min(WARM_UP_S, self._seconds / 4)
        after_warm_up = None
        with concurrent.futures.ThreadPoolExecutor() as threads:
            tasks = [
                threads.submit(self._send_many, ingress, seed)
                for seed, ingress in enumerate([Http(port), self._mqtt, Ocs(port)])
            ]
            tasks += [
                threads.submit(self._abort_often, min(ABORT_EVERY_S, self._seconds / 6)),
                threads.submit(self._change_often, min(CHANGE_EVERY_S, self._seconds / 8)),
                threads.submit(self._stop_often, min(STOP_EVERY_S, self._seconds / 3)),
            ]
            try:
                while time.monotonic() < end and not any(task.done() for task in tasks):
                    due = warm if after_warm_up is None else time.monotonic() + SAMPLE_EVERY_S
                    concurrent.futures.wait(
                        tasks, max(0, min(due, end) - time.monotonic()), concurrent.futures.FIRST_COMPLETED
                    )
                    sample = self._sample(begin)
                    after_warm_up = after_warm_up or sample
            finally:
                self._over.set()
            for task in tasks:
                task.result()
        self._settle()
        return after_warm_up, self._sample(begin)

    def _settle(self):
        """Until nothing runs any more and every answer that can come has come."""
        api = Api(self._controller)
        end = time.monotonic() + LONGEST_END_S
        while time.monotonic() < end and any(
            session["status"] != "done" for session in json.loads(api.get("/api/v1/sessions?limit=500"))
        ):
            time.sleep(0.2)
        end = time.monotonic() + LONGEST_REPLY_S
        while time.monotonic() < end and self._mqtt.is_waiting():
            time.sleep(0.1)
        api.close()

    @property
    def not_sent(self):
        return self._mqtt.not_sent

    def acknowledged_before_a_stop(self, command):
        """Seconds from the broker's acknowledgement of a command to when it was killed next; infinite if it never was."""
        at = self._mqtt.acknowledged_at.get(command.id, math.inf)
        return next((kill - at for kill in self.killed_at if kill >= at), math.inf)


def lock_faults(controller):
    """Why a script cannot be run now."""
    api = Api(controller)
    status, answer = api.call("POST", "/api/v1/operations/run?wait=30", '{"script": "short.py"}')
    api.close()
    free = status == 200 and json.loads(answer)["outcome"] == "succeeded"
    return [] if free else [f"{status} {answer[:500].decode()}"]


def cannot_run(why):
    print(f"soak: {why}", file=sys.stderr)
    sys.exit(CANNOT_RUN)


def seconds_asked_for():
    text = os.environ.get("SOAK_SECONDS") or str(SECONDS)
    if not text.isdecimal() or int(text) < 1:
        cannot_run(f"SOAK_SECONDS: '{text}' is not a number of seconds from 1")
    return int(text)


def main():
    seconds = seconds_asked_for()
    if broker.program() is None:
        cannot_run("mosquitto is not installed (Debian: apt-get install mosquitto)")
    if not JAR.exists():
        cannot_run(f"{JAR} is not there: make build")
    # what was started is ended on the way out
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("soak: told to stop"))
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    routes = WORK / "routes"
    shutil.copytree(PROJECT / "routes", routes)
    runs = WORK / "runs.txt"
    with broker.Mosquitto(WORK) as mosquitto, Controller(
        WORK,
        ID,
        SCRIPTS,
        CONTROLLER_ROUTES_DIR=str(routes),
        CONTROLLER_ADDRESS_ROOT="observatory",
        MQTT_BROKER_URL=f"tcp://127.0.0.1:{mosquitto.port}",
        MQTT_VERSION="5",
        ABORT_INTERRUPT_GRACE="1s",
        ABORT_TERMINATE_GRACE="1s",
        SOAK_RUNS=str(runs),
        PYTHONDONTWRITEBYTECODE="1",
    ) as controller:
        controller.first_command("short.py")
        api = Api(controller)
        before = json.loads(api.get("/api/v1/sessions?limit=1"))[0]["session_id"]
        changes = RouteFile(routes)
        soak = Soak(seconds, controller, mosquitto, changes)
        first, last = soak.run()
        api.close()
        api = Api(controller)
        account = Account(
            soak.commands, all_sessions(api, before), controller.data, runs, soak.acknowledged_before_a_stop
        )
        account.faults["left alive"] = alive(controller.data)
        account.faults["lock not free"] = lock_faults(controller)
        account.faults["change of a route file not followed"] = changes.missed
        api.close()
    report(seconds, soak, account, changes, first, last)
    sys.exit(1 if any(account.faults.values()) else 0)


def report(seconds, soak, account, changes, first, last):
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=PROJECT, capture_output=True, text=True, check=False
    ).stdout.strip()
    print(f"\n{seconds} s of {COMMANDS_A_SECOND} commands a second, commit {commit}\n")
    account.table()
    slowest = max(changes.delays_s, default=0)
    print(f"\nroute file: {len(changes.delays_s)} changes followed, the slowest after {slowest:.1f} s")
    print(f"broker: killed {len(soak.killed_at)} times; {soak.not_sent} commands were not sent for want of it")
    print(f"\n| {'controller':<12} | after warm-up | at the end |\n| {'-' * 12} | ------------: | ---------: |")
    for key, title in (("resident_mb", "resident, MB"), ("most_resident_mb", "most, MB"), ("threads", "threads")):
        print(f"| {title:<12} | {first[key]:>13} | {last[key]:>10} |")
    print(f"| {'open files':<12} | {first['open_files']:>13} | {last['open_files']:>10} |")
    REPORT.write_text(
        json.dumps(
            {
                "commit": commit,
                "seconds": seconds,
                "commands_a_second": COMMANDS_A_SECOND,
                "commands": {name: dict(counts) for name, counts in account.by_ingress.items()},
                "not_sent_for_want_of_the_broker": soak.not_sent,
                "broker_kills": len(soak.killed_at),
                "sessions": account.outcomes(),
                "gone_with_the_broker": [command.id for command in account.gone],
                "faults": account.faults,
                "route_changes_followed_after_s": [round(delay, 2) for delay in changes.delays_s],
                "after_warm_up": first,
                "at_the_end": last,
                "samples": soak.samples,
            },
            indent=2,
        )
        + "\n"
    )
    print(f"\nAll of it: {REPORT}; the controller's log and data: {WORK}")


if __name__ == "__main__":
    main()
