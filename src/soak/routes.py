"""An operation whose route file comes, changes, breaks, is repaired and goes, and whether the controller follows."""

import json
import time

OPERATION = "soak"
LONGEST_S = 5
ROUTE = """\
- route:
    id: soak
    description: {description}
    from:
      uri: direct:operation-soak
      steps:
        - to:
            uri: kamelet:script
            parameters:
              script: short.py
"""
BROKEN = (
    ROUTE + "              nothing: [\n",
    ROUTE.replace("steps:", "stepz:"),
    ROUTE.replace("kamelet:script", "nowhere:script"),
)
STEPS = ("add", "change", "break", "repair", "delete")


class RouteFile:
    """The operation's file in the controller's own copy of the routes."""

    def __init__(self, routes):
        self._path = routes / "operations" / f"{OPERATION}.camel.yaml"
        self._count = 0
        self.delays_s = []
        self.missed = []

    def next(self, api):
        """Does the next of the steps, and waits until the controller has followed, or should have."""
        turn, step = divmod(self._count, len(STEPS))
        step = STEPS[step]
        description = f"The state of the soak, change {self._count}."
        if step == "delete":
            self._path.unlink()
        elif step == "break":
            self._path.write_text(BROKEN[turn % len(BROKEN)].format(description=description))
        else:
            self._path.write_text(ROUTE.format(description=description))
        begin = time.monotonic()
        while not self._followed(api, step, description):
            if time.monotonic() - begin > LONGEST_S:
                self.missed.append(f"change {self._count} ({step}) was not followed within {LONGEST_S} s")
                break
            time.sleep(0.1)
        else:
            self.delays_s.append(time.monotonic() - begin)
        self._count += 1

    def _followed(self, api, step, description):
        operations = {found["name"]: found["description"] for found in json.loads(api.get("/api/v1/operations"))}
        broken = self._path.name in json.dumps(json.loads(api.get("/observe/health"))["checks"]["routes"])
        if step == "delete":
            return OPERATION not in operations
        if step == "break":
            # what was there before stays
            return broken and OPERATION in operations
        return operations.get(OPERATION) == description and not broken
