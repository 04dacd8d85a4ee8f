"""What was asked for, compared with what the controller says it did and what its scripts did."""

import collections
import json
from pathlib import Path

PAGE = 500
REFUSALS = ("busy", "unknown_operation", "nothing_to_abort")
#: an OCS agent refuses these by a session that fails
REFUSED_IN_SESSION = {"cannot be run because": "busy", "Operation failed: ": "busy", "nothing to abort": "nothing_to_abort"}
SHOWN = 5
WITH_THE_BROKER_S = 0.1


def all_sessions(api, after):
    """All sessions whose id is above, by id."""
    found, before = {}, ""
    while True:
        page = json.loads(api.get(f"/api/v1/sessions?limit={PAGE}{before}"))
        found.update((session["session_id"], session) for session in page if session["session_id"] > after)
        if not page or page[-1]["session_id"] <= after + 1:
            return found
        before = f"&before={page[-1]['session_id']}"


def alive(data):
    """The processes that scripts of the controller with this data folder have left, by their command lines."""
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().split(b"\0")
            if f"DATA_DIR={data}".encode() in environment and any(
                variable.startswith(b"PYSMURF_SESSION_ID=") for variable in environment
            ):
                left.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip())
        except OSError:
            continue  # it has ended, or is somebody else's
    return left


def key_of(command_id, params):
    """The id of the command; over OCS, which has none, it is among the parameters."""
    if command_id is not None:
        return command_id
    params = params or {}
    return next(iter(params.get("args", ())), params.get("id"))


def audited(data):
    """How many entries the audit log has, by command."""
    entries = collections.Counter()
    for file in data.glob("audit.log*"):
        for line in file.read_text().splitlines():
            entry = json.loads(line)
            entries[key_of(entry.get("command_id"), entry.get("params"))] += 1
    return entries


def refusal_in(session):
    """Why an OCS agent refused what this session was asked for; None if it did not."""
    if session["outcome"] != "failed" or session["requested_by"]["transport"] != "ocs":
        return None
    texts = "\n".join(text for _, text in session["messages"])
    return next((word for part, word in REFUSED_IN_SESSION.items() if part in texts), None)


def taken_away(session):
    """Whether it was accepted, and then its operation's file deleted before it began: it may fail for that, not run."""
    return session["outcome"] == "failed" and any("was taken away before it began" in text for _, text in session["messages"])


class Account:
    """
    The comparison. `faults` has a list of what was found for each thing that must not be.

    `before_a_stop` tells for a command how many seconds before the broker was killed it had acknowledged it, or infinity. A broker
    that is killed loses what it, or the client library at the other end, had not yet handed over: that is `gone`, not lost.
    """

    def __init__(self, commands, sessions, data, runs, before_a_stop):
        self._commands = commands
        self._sessions = sessions
        self._before_a_stop = before_a_stop
        self.faults = {}
        self._by_key = collections.defaultdict(list)
        for session in sessions.values():
            self._by_key[key_of(session["command_id"], session["params"])].append(session["session_id"])
        self._audited = audited(data)
        self._runs = collections.Counter(int(line.split()[0]) for line in runs.read_text().splitlines())
        self.by_ingress = {}
        for name in sorted({command.ingress for command in commands}):
            self.by_ingress[name] = self._count([command for command in commands if command.ingress == name])
        self._compare()

    def _count(self, commands):
        counts = collections.Counter(sent=sum(command.sent for command in commands))
        counts["sent again"] = sum(max(0, command.sent - 1) for command in commands)
        for command in commands:
            for word in command.answers:
                session = self._sessions.get(max(command.session_ids, default=None))
                refused = refusal_in(session) if session is not None and word == "accepted" else None
                counts[refused or (word if word in ("accepted", "duplicate", *REFUSALS) else "other answers")] += 1
            counts["answered in the log only"] += max(0, self._traces(command) - len(command.answers))
        return counts

    def _traces(self, command):
        """How many sendings of a command something is known of."""
        known = max(len(command.answers), self._audited[command.id], len(self._by_key.get(command.id, ())))
        return min(command.sent, known)

    def _compare(self):
        asked = {session_id for command in self._commands for session_id in command.session_ids}
        ids = {command.id for command in self._commands}
        missing = [command for command in self._commands if self._traces(command) < command.sent]
        self.gone = [command for command in missing if self._before_a_stop(command) < WITH_THE_BROKER_S]
        self.faults["lost"] = [
            f"{command.id} {command.operation}: {command.sent} sent, {self._traces(command)} known of {command.faults}"
            for command in missing
            if command not in self.gone
        ] + [f"session {session_id} was promised, and is not there" for session_id in sorted(asked - self._sessions.keys())]
        self.faults["doubled"] = [
            f"{key} has sessions {found}" for key, found in self._by_key.items() if key is not None and len(found) > 1
        ] + [f"session {session_id} ran its script {n} times" for session_id, n in self._runs.items() if n > 1]
        self.faults["without an end"] = [
            f"session {session['session_id']} is {session['status']}"
            for session in self._sessions.values()
            if session["status"] != "done"
        ]
        self.faults["asked for by nobody"] = [
            f"session {session['session_id']} {session['op_name']} {session['requested_by']}"
            for session in self._sessions.values()
            if session["session_id"] not in asked and key_of(session["command_id"], session["params"]) not in ids
        ]
        self.faults["succeeded without being run"] = [
            f"session {session['session_id']} {session['op_name']}"
            for session in self._sessions.values()
            if session["outcome"] == "succeeded" and session["op_name"] != "abort" and not self._runs[session["session_id"]]
        ]
        self.faults["ended neither as succeeded nor as aborted"] = [
            f"session {session['session_id']} {session['op_name']} {session['outcome']}: {session['messages'][-2:]}"
            for session in self._sessions.values()
            if session["outcome"] not in (None, "succeeded", "aborted")
            and not refusal_in(session)
            and not (taken_away(session) and not self._runs[session["session_id"]])
        ]
        self.faults["answered with something else"] = [
            f"{command.id} {command.operation}: {word}"
            for command in self._commands
            for word in command.answers
            if word not in ("accepted", "duplicate", *REFUSALS)
        ]

    def outcomes(self):
        """How many sessions ended how, by operation."""
        counts = collections.defaultdict(collections.Counter)
        for session in self._sessions.values():
            refused = refusal_in(session)
            ended = f"failed ({refused}, OCS)" if refused else str(session["outcome"])
            counts[session["op_name"]]["failed (taken away)" if taken_away(session) else ended] += 1
        return {operation: dict(found) for operation, found in sorted(counts.items())}

    def table(self):
        names = list(self.by_ingress)
        rows = ["sent", "sent again", "accepted", "duplicate", *REFUSALS, "other answers", "answered in the log only"]
        print(f"| {'commands':<28} | " + " | ".join(f"{name:>6}" for name in [*names, "all"]) + " |")
        print(f"| {'-' * 28} | " + " | ".join("-----:" for _ in [*names, "all"]) + " |")
        for row in rows:
            values = [self.by_ingress[name][row] for name in names]
            print(f"| {row:<28} | " + " | ".join(f"{value:>6}" for value in [*values, sum(values)]) + " |")
        for command in self.gone:
            before = self._before_a_stop(command) * 1000
            print(f"gone with the broker: {command.id} {command.operation}, acknowledged {before:.2f} ms before it was killed")
        print("\nsessions, by operation and outcome:")
        for operation, found in self.outcomes().items():
            print(f"  {operation:<8} " + ", ".join(f"{outcome} {count}" for outcome, count in sorted(found.items())))
        print("\nwhat must not be:")
        for title, found in self.faults.items():
            print(f"  {title:<42} {len(found):>6}")
            for fault in found[:SHOWN]:
                print(f"      {fault}")
