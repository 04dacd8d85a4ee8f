"""Runs the controller once, with one script, and has Java keep the classes it loaded: archive_classes.py JAR ARCHIVE."""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

LIMIT_S = 180


def environment(scratch):
    return dict(
        os.environ,
        CONTROLLER_ID="archive-classes",
        HTTP_HOST="127.0.0.1",
        HTTP_PORT="0",
        MQTT_EMBEDDED_PORT="0",
        PUBLISHER_LISTEN_PORT="0",
        DATA_DIR=str(scratch / "data"),
        SCRIPTS_ROOTS=str(scratch),
    )


def run_script(address):
    request = urllib.request.Request(
        f"{address}/api/v1/operations/run?wait=60",
        data=json.dumps({"script": "hello.py"}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=70) as reply:
        session = json.load(reply)
    if not session["success"]:
        raise RuntimeError(f"the script did not succeed: {session}")


def main(jar, archive):
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        (scratch / "hello.py").write_text('print("hello")\n')
        controller = subprocess.Popen(
            ["java", f"-XX:ArchiveClassesAtExit={archive}", "-Xlog:disable", "-jar", jar],
            env=environment(scratch),
            stderr=subprocess.PIPE,
            text=True,
        )
        guard = threading.Timer(LIMIT_S, controller.kill)
        guard.start()
        try:
            for line in controller.stderr:
                sys.stderr.write(line)
                ready = re.search(r"Ready: (http://[^ ,]+)", line)
                if ready:
                    run_script(ready[1])
                    controller.terminate()
            controller.wait()
        finally:
            guard.cancel()
            controller.kill()
    if not os.path.exists(archive):
        sys.exit(f"{archive} was not written")


if __name__ == "__main__":
    main(*sys.argv[1:])
