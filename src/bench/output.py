"""A script's output: how much a flood is slowed, whether the log is what was written, and how late a line is seen."""

import hashlib
import json
import subprocess
import threading
import time

from commands import MILLI
from driver import mqtt
from driver.controller import Api
from figures import Figure
from subject import ID, WORK, bare

LINES = 1_000_000
STAMPS = 100


def times(file):
    begin, end = file.read_text().split()
    file.unlink()
    return int(begin), int(end)


def digest(file):
    with open(file, "rb") as stream:
        result = hashlib.sha256()
        while block := stream.read(1 << 20):
            result.update(block)
        return result.hexdigest()


def flood_bare(script, name):
    """Runs the script into a file; returns the seconds it took by its own clock, and the digest of the file."""
    output, report = WORK / f"{name}.out", WORK / f"{name}.times"
    with open(output, "wb") as stream:
        subprocess.run(bare(script, str(report)), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, check=True)
    begin, end = times(report)
    result = digest(output)
    output.unlink()
    return (end - begin) / 1e9, result


class Watcher(threading.Thread):
    """Reads the live events until it knows of all lines: those it got, and those it was told it missed."""

    def __init__(self, controller, lines):
        super().__init__(daemon=True)
        self.api = Api(controller)
        self.events = self.api.events()
        self.wanted = lines
        self.received = 0
        self.dropped = 0
        self.done_ns = None
        self.start()

    def run(self):
        for name, data in self.events:
            if name == "output":
                output = json.loads(data)
                self.received += len(output.get("lines", ()))
                self.dropped += output.get("dropped", 0)
                if self.received + self.dropped >= self.wanted:
                    break
        self.done_ns = time.monotonic_ns()
        self.api.close()


def floods(controller, api, rounds):
    lines = Figure("flood_lines", "1,000,000 printed lines of 100 bytes, script's time", "s", "script > file")
    done = Figure("flood_lines_done", "the same, begin -> result received", "s", "script > file")
    watched = Figure("flood_watched", "the same with a live watcher, script's time", "s", "script > file")
    watcher_done = Figure("flood_watcher", "the same, begin -> watcher knows of every line", "s", "script > file")
    blocks = Figure("flood_blocks", "170 MB in writes of 64 KiB, script's time", "s", "script > file")
    different = 0
    dropped = []
    report = WORK / "flood.times"
    for _ in range(rounds):
        controller.settle()
        floor, wanted = flood_bare("prints_lines.py", "lines")
        session = api.run("prints_lines.py", str(report))
        end_ns = time.monotonic_ns()
        begin, end = times(report)
        lines.pair(floor, (end - begin) / 1e9)
        done.pair(floor, (end_ns - begin) / 1e9)
        different += hashlib.sha256(api.log(session["session_id"])).hexdigest() != wanted

        watcher = Watcher(controller, LINES)
        api.run("prints_lines.py", str(report))
        watcher.join(60)
        begin, end = times(report)
        watched.pair(floor, (end - begin) / 1e9)
        watcher_done.pair(floor, ((watcher.done_ns or time.monotonic_ns()) - begin) / 1e9)
        dropped.append(watcher.dropped)

        floor, wanted = flood_bare("writes_blocks.py", "blocks")
        session = api.run("writes_blocks.py", str(report))
        begin, end = times(report)
        blocks.pair(floor, (end - begin) / 1e9)
        different += hashlib.sha256(api.log(session["session_id"])).hexdigest() != wanted
    lines.aim("slowed by at most 5 %", "ratio", 1.05)
    lines.note(f"logs that were not byte for byte what the script wrote: {different} of {2 * rounds}")
    watcher_done.aim("at most 1.5 times the script", "ratio", 1.5)
    watcher_done.note(f"lines of 1,000,000 that the watcher was told it missed: {dropped}")
    return [lines, done, watched, watcher_done, blocks]


def stamp(line):
    """The time a line of prints_stamps.py was printed; None for another line."""
    return int(line.split()[1]) if line.startswith("stamp ") else None


def pipe_latencies():
    process = subprocess.Popen(bare("prints_stamps.py", str(STAMPS)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    latencies = [(time.monotonic_ns() - stamp(line.decode())) / MILLI for line in process.stdout]
    process.wait()
    return latencies


def latencies_of(outputs, sink):
    """Fills the list from payloads of output events, until all lines are there."""
    while len(sink) < STAMPS:
        output = next(outputs)
        now = time.monotonic_ns()
        sink.extend((now - stamp(line)) / MILLI for line in output.get("lines", ()) if stamp(line))


def line_latencies(controller, api, rounds):
    by_sse = Figure("line_sse", "a line printed -> seen in the live events", "ms", "a pipe from script to reader")
    by_mqtt = Figure("line_mqtt", "a line printed -> received over MQTT", "ms", "a pipe from script to reader")
    for _ in range(rounds):
        floor = pipe_latencies()
        watcher = Api(controller)
        events = watcher.events()
        client = mqtt.Client(controller.mqtt_port, "bench-lines")
        client.subscribe(f"pysmurf/{ID}/output")
        for figure, outputs in (
            (by_sse, (json.loads(data) for name, data in events if name == "output")),
            (by_mqtt, (json.loads(client.message()[1]) for _ in iter(int, 1))),
        ):
            seen = []
            thread = threading.Thread(target=latencies_of, args=(outputs, seen), daemon=True)
            thread.start()
            api.run("prints_stamps.py", str(STAMPS))
            thread.join(10)
            for pair in zip(floor, seen):
                figure.pair(*pair)
            if figure is by_sse:
                watcher.close()
                # the lines of this run came over MQTT as well
                client.close()
                client = mqtt.Client(controller.mqtt_port, "bench-lines")
                client.subscribe(f"pysmurf/{ID}/output")
        client.close()
    return [by_sse, by_mqtt]
