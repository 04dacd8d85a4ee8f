"""The controller's own process, on every JDK that is found: memory, and the time to the first accepted command."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from driver.controller import Api
from figures import Figure
from subject import WORK, Controller

IDLE_S = 3
#: by feature release of Java
COLD_START_AIM_S = {17: 1.2, 25: 0.8}
FEWEST_RELEASE = 17


class Jdk:
    def __init__(self, home):
        self.home = str(home)
        self.java = str(home / "bin" / "java")
        release = dict(re.findall(r'(\w+)="(.*)"', (home / "release").read_text()))
        self.release = int(release["JAVA_VERSION"].split(".")[0])
        self.name = f"{release.get('IMPLEMENTOR', 'JDK')} {release['JAVA_VERSION']}"


def jdks():
    """JAVA_HOME's first, else that of java on the path; then what is installed where Linux distributions do."""
    homes = [Path(os.environ["JAVA_HOME"])] if "JAVA_HOME" in os.environ else []
    on_path = shutil.which("java")
    if on_path:
        homes.append(Path(on_path).resolve().parents[1])
    homes += sorted(Path("/usr/lib/jvm").glob("*"))
    found = {}
    for home in homes:
        if (home / "bin" / "java").exists() and (home / "release").exists():
            jdk = Jdk(home.resolve())
            if jdk.release >= FEWEST_RELEASE:
                found.setdefault(jdk.java, jdk)
    return list(found.values())


def seconds_of(command):
    begin = time.monotonic_ns()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.monotonic_ns() - begin) / 1e9


def cold_starts(found, rounds):
    figures = []
    for jdk in found:
        key = f"cold_start_{jdk.release}"
        figure = Figure(key, f"start -> first command accepted, {jdk.name}", "s", "java -version")
        if jdk.release in COLD_START_AIM_S:
            aim = COLD_START_AIM_S[jdk.release]
            figure.aim(f"below {aim} s", "median", aim)
        # the first life on a JDK that the build was not made with writes the archive of classes when it ends
        with Controller(jdk.home) as controller:
            controller.first_command()
        figures.append(figure)
    for _ in range(rounds):
        for jdk, figure in zip(found, figures):
            floor = seconds_of([jdk.java, "-version"])
            with Controller(jdk.home) as controller:
                figure.pair(floor, controller.first_command())
    return figures


def memory(found, rounds):
    figures = []
    for jdk in found:
        idle = Figure(f"memory_idle_{jdk.release}", f"resident after the first command, {jdk.name}", "MB")
        peak_idle = Figure(f"memory_start_{jdk.release}", f"most until then, {jdk.name}", "MB")
        after = Figure(f"memory_after_{jdk.release}", f"resident after 1,000,000 lines, {jdk.name}", "MB")
        peak = Figure(f"memory_peak_{jdk.release}", f"most until then, {jdk.name}", "MB")
        for _ in range(rounds):
            with Controller(jdk.home) as controller:
                controller.first_command()
                time.sleep(IDLE_S)
                resident, most = controller.memory()
                idle.single(resident)
                peak_idle.single(most)
                api = Api(controller)
                report = WORK / "memory.times"
                api.run("prints_lines.py", str(report))
                report.unlink()
                api.close()
                resident, most = controller.memory()
                after.single(resident)
                peak.single(most)
        idle.aim("below 130 MB", "median", 130)
        peak.aim("below 200 MB", "median", 200)
        figures += [idle, peak_idle, after, peak]
    return figures
