"""From a command to its script, from the script's end to the result, from an abort to the death, and commands a second."""

import json
import os
import select
import signal
import subprocess
import time

from driver import mqtt
from driver.controller import Api
from figures import Figure
from subject import ID, Controller, bare

MILLI = 1e6
RATE_BATCH = 20


def stamps(output):
    """First and last time of the script `stamps.py`, out of its output."""
    first, last = output.split()[:2]
    return int(first), int(last)


def run_bare(script):
    """Runs a script without a controller. Returns the times before it was started and after its end, and its output."""
    read, write = os.pipe()
    begin = time.monotonic_ns()
    process = subprocess.Popen(bare(script), stdin=subprocess.DEVNULL, stdout=write, stderr=write)
    process.wait()
    end = time.monotonic_ns()
    os.close(write)
    with open(read, "rb") as output:
        return begin, end, output.read()


def start_and_end(api, rounds):
    start = Figure("start", "command sent -> script's first statement", "ms", "the script, started by setsid env python3")
    end = Figure("end", "script's last statement -> result received", "ms", "the same, to the end of waitpid")
    for _ in range(rounds):
        begin, done, output = run_bare("stamps.py")
        first, last = stamps(output)
        bare_start, bare_end = (first - begin) / MILLI, (done - last) / MILLI

        begin = time.monotonic_ns()
        session = api.run("stamps.py")
        done = time.monotonic_ns()
        first, last = stamps(api.log(session["session_id"]))
        start.pair(bare_start, (first - begin) / MILLI)
        end.pair(bare_end, (done - last) / MILLI)
    start.aim("added at most 3 ms", "added", 3)
    end.aim("at most 3 ms", "median", 3)
    return [start, end]


def wait_for_death(descriptor):
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(10_000):
        raise RuntimeError("the script did not end")
    return time.monotonic_ns()


def kill_bare():
    """Kills a script without a controller; returns the ns until it was dead."""
    process = subprocess.Popen(bare("waits.py"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    process.stdout.readline()
    descriptor = os.pidfd_open(process.pid)
    begin = time.monotonic_ns()
    os.killpg(process.pid, signal.SIGKILL)
    dead = wait_for_death(descriptor)
    os.close(descriptor)
    process.communicate()
    return dead - begin


def kill_by_command(api, watch, method, body):
    """Aborts a script; returns the ns until it was dead, and until the answer that nothing of it lives."""
    session_id = api.start("waits.py")
    while b"waiting" not in watch.log(session_id):
        time.sleep(0.002)
    descriptor = os.pidfd_open(watch.session(session_id)["pid"])
    begin = time.monotonic_ns()
    api.connection.request("POST", "/api/v1/operations/abort?wait=30", body)
    dead = wait_for_death(descriptor)
    response = api.connection.getresponse()
    answer = json.loads(response.read())
    done = time.monotonic_ns()
    os.close(descriptor)
    if response.status != 200 or answer["data"]["signals"] != [method]:
        raise RuntimeError(f"abort: {response.status} {answer}")
    watch.wait_idle()
    return dead - begin, done - begin


def aborts(api, watch, rounds):
    forced = Figure("forced_abort", "forced abort sent -> script dead", "ms", "killpg(SIGKILL)")
    answered = Figure("forced_abort_answer", "forced abort sent -> answer that nothing lives", "ms", "killpg(SIGKILL)")
    gentle = Figure("abort", "abort (SIGINT) sent -> script dead", "ms", "killpg(SIGKILL)")
    for _ in range(rounds):
        floor = kill_bare() / MILLI
        dead, answer = kill_by_command(api, watch, "KILL", '{"force": true}')
        forced.pair(floor, dead / MILLI)
        answered.pair(floor, answer / MILLI)
        gentle.pair(floor, kill_by_command(api, watch, "INT", "{}")[0] / MILLI)
    forced.aim("at most 3 ms", "median", 3)
    gentle.note("Python needs most of this time to raise KeyboardInterrupt, print its traceback and end")
    return [forced, answered, gentle]


def rate_bare(script, python=None):
    begin = time.monotonic_ns()
    for _ in range(RATE_BATCH):
        subprocess.Popen(
            bare(script, python=python), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ).wait()
    return RATE_BATCH * 1e9 / (time.monotonic_ns() - begin)


def rate_http(api):
    begin = time.monotonic_ns()
    for _ in range(RATE_BATCH):
        api.run("empty.py")
    return RATE_BATCH * 1e9 / (time.monotonic_ns() - begin)


def rate_mqtt(client):
    begin = time.monotonic_ns()
    for _ in range(RATE_BATCH):
        client.publish(f"pysmurf/{ID}/command/run", b'{"script": "empty.py"}')
        while True:
            _, payload = client.message()
            session = json.loads(payload)
            if session["status"] == "done":
                break
        if session["outcome"] != "succeeded":
            raise RuntimeError(f"over MQTT: {payload[:1000]}")
    return RATE_BATCH * 1e9 / (time.monotonic_ns() - begin)


def rates(controller, api, rounds):
    over_http = Figure("rate_http", "empty scripts one after another, HTTP", "1/s", "setsid env python3, waitpid")
    over_mqtt = Figure("rate_mqtt", "empty scripts one after another, MQTT", "1/s", "setsid env python3, waitpid")
    for turn in range(rounds):
        floor = rate_bare("empty.py")
        over_http.pair(floor, rate_http(api))
        # subscribed now, and under a name of its own: a broker may give what an earlier one left unread to the next of that name
        client = mqtt.Client(controller.mqtt_port, f"bench-rate-{turn}")
        client.subscribe(f"pysmurf/{ID}/session")
        over_mqtt.pair(floor, rate_mqtt(client))
        client.close()
    return [over_http, over_mqtt]


def rate_of_nothing(java_home, rounds):
    """With /bin/true for Python: what is left is the controller's own share."""
    figure = Figure("rate_true", "commands one after another, HTTP, true in place of python3", "1/s", "setsid env true, waitpid")
    with Controller(java_home, SCRIPTS_PYTHON="true") as controller:
        controller.first_command()
        api = Api(controller)
        rate_http(api)
        for _ in range(rounds):
            figure.pair(rate_bare("empty.py", "true"), rate_http(api))
        api.close()
    return [figure]
