"""
Measures the built controller beside what could be done without it, in turns, and prints a table: python3 src/bench --help.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

# what is shared with the soak lies beside this folder
sys.path.insert(1, str(Path(__file__).resolve().parents[1]))

import commands
import messages
import output
import process
from driver.controller import JAR, PROJECT, Api, scripts_python
from figures import print_table, write_json
from subject import WORK, Controller

PARTS = ("commands", "rates", "floods", "lines", "bursts", "polls", "fan-out", "memory", "cold-start")
WARM_UP = 30


def arguments():
    parser = argparse.ArgumentParser(prog="src/bench", description="Measures the built controller.")
    parser.add_argument("--only", default=",".join(PARTS), help="these parts, comma-separated, of: " + ", ".join(PARTS))
    parser.add_argument("--rounds", type=float, default=1, help="factor for the number of rounds")
    parser.add_argument("--json", type=Path, default=PROJECT / "target" / "bench.json", help="where the values go")
    chosen = parser.parse_args()
    chosen.only = chosen.only.split(",")
    unknown = set(chosen.only) - set(PARTS)
    if unknown:
        parser.error(f"--only: {', '.join(sorted(unknown))}")
    if not JAR.exists():
        parser.error(f"{JAR} is not there: make build")
    return chosen


def machine(found):
    cpu = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    version = subprocess.run([scripts_python(), "--version"], capture_output=True, text=True, check=True)
    return {
        "commit": commit.stdout.strip(),
        "cpu": cpu[0] if cpu else platform.machine(),
        "cpus": os.cpu_count(),
        "linux": platform.release(),
        "python": version.stdout.strip(),
        "jdks": [jdk.name for jdk in found],
        "rmem_max": int(Path("/proc/sys/net/core/rmem_max").read_text()),
        "load_before": os.getloadavg(),
    }


def measure(chosen, found):
    def rounds(usual):
        return max(1, round(usual * chosen.rounds))

    java_home = found[0].home
    wanted = chosen.only
    if {"commands", "rates", "floods", "lines", "bursts", "polls"} & set(wanted):
        with Controller(java_home) as controller:
            controller.first_command()
            api, watch = Api(controller), Api(controller)
            for _ in range(WARM_UP):
                api.run("empty.py")
            controller.settle()
            if "commands" in wanted:
                yield from commands.start_and_end(api, rounds(100))
                yield from commands.aborts(api, watch, rounds(20))
            if "rates" in wanted:
                yield from commands.rates(controller, api, rounds(5))
            if "lines" in wanted:
                yield from output.line_latencies(controller, api, rounds(3))
            if "floods" in wanted:
                yield from output.floods(controller, api, rounds(5))
            if "bursts" in wanted:
                yield from messages.bursts(controller, api, rounds(3))
            if "polls" in wanted:
                yield from messages.status_polls(controller, api, rounds(5))
            watch.close()
            api.close()
    if "rates" in wanted:
        yield from commands.rate_of_nothing(java_home, rounds(5))
    if "fan-out" in wanted:
        yield from messages.fan_out(java_home, rounds(5))
    if "memory" in wanted:
        yield from process.memory(found, rounds(3))
    if "cold-start" in wanted:
        yield from process.cold_starts(found, rounds(10))


def main():
    chosen = arguments()
    found = process.jdks()
    if not found:
        sys.exit("no JDK 17 or newer was found")
    where = machine(found)
    begin = time.monotonic()
    figures = []
    for figure in measure(chosen, found):
        print(f"  {time.monotonic() - begin:5.0f} s  {figure.title}", file=sys.stderr)
        figures.append(figure)
        where["load_after"] = os.getloadavg()
        # each time, so that a run that is broken off has told something
        write_json(chosen.json, where, figures)
    print("\n".join(f"{key}: {value}" for key, value in where.items()))
    print()
    print_table(figures)
    print(f"\nThe values of each round: {chosen.json}")
    if not any(WORK.iterdir()):
        WORK.rmdir()


if __name__ == "__main__":
    main()
