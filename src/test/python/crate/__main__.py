"""The crate by hand: run, look, set, truth, stop; and campaign. See the package's docstring."""
from __future__ import annotations

import ast
import os
import subprocess
import sys
from typing import List

from crate.control import Crate, sources


def main(arguments: List[str]) -> int:
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    action, rest = arguments[0], arguments[1:]
    used = sources()
    if action == "campaign":
        from crate.campaign import campaign
        return campaign(used, rest)
    crate = Crate(rest[0], used)
    if action == "stop":
        crate.stop()
        return 0
    crate.start()
    if action == "run":
        return subprocess.call(crate.command(*rest[1:]), env=crate.environment(used.sodetlib is not None))
    if action == "python":
        return subprocess.call([sys.executable, *rest[1:]], env=crate.environment(used.sodetlib is not None))
    if action == "set":
        changes = dict(change.split("=", 1) for change in rest[1:])
        given = {name: value if name == "card" else ast.literal_eval(value) for name, value in changes.items()}
        print(crate.ask("faults", **given))
    elif action == "look":
        for name, value in crate.ask("look").items():
            print(f"{name}: {value}")
    elif action == "truth":
        for name, value in crate.ask("truth", int(os.environ.get("BAND", "0"))).items():
            print(f"{name}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
