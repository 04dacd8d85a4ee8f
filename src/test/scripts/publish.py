"""Sends Publisher messages of the kind it is asked for, and prints each datagram's SHA-256 in hex."""
import hashlib
import json
import os
import socket
import sys
import time

ADDRESS = (os.environ["SMURFPUB_UDP_HOST"], int(os.environ["SMURFPUB_UDP_PORT"]))
SOCKET = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
LARGEST = 64000
sent = 0


def send_bytes(datagram):
    SOCKET.sendto(datagram, ADDRESS)
    print(hashlib.sha256(datagram).hexdigest())


def envelope(kind, payload, publisher=None):
    global sent
    message = {"host": "testhost", "id": publisher or os.environ["SMURFPUB_ID"], "script": "publish.py",
               "time": 1795392099.5, "seq_no": sent, "type": kind, "payload": payload}
    sent += 1
    return json.dumps(message).encode()


def all_types():
    send_bytes(envelope("start", {}))
    send_bytes(envelope("session_data", {"a": 1, "b": {"c": 2}}))
    send_bytes(envelope("session_data", {"b": {"d": 3}, "bad": float("nan"), "worse": float("-inf")}))
    send_bytes(envelope("session_log", "a line for the session, \u00fc \u03c6"))
    send_bytes(envelope("general", [1, 2.50, None]))
    send_bytes(envelope("stop", {}))


def odd():
    send_bytes(b"this is no JSON")
    send_bytes(b"")
    send_bytes(b"[1, 2]")
    send_bytes(envelope("session_data", {"foreign": True}, publisher="somebody-else"))
    send_bytes(envelope("session_data", "not an object"))
    send_bytes(envelope("session_log", {"not": "text"}))
    send_bytes(envelope("data_file", {"no": "path"}))
    send_bytes(b'   {"id": "' + os.environ["SMURFPUB_ID"].encode() + b'", "type": "session_data", '
               b'"payload": {"spaced": [1.0, 1e2]}}  ')


def largest():
    shell = envelope("session_data", {"large": ""})
    send_bytes(envelope("session_data", {"large": "x" * (LARGEST - len(shell))}))


def many_logs():
    for number in range(int(sys.argv[2])):
        SOCKET.sendto(envelope("session_log", f"message {number}"), ADDRESS)


def burst():
    """As fast as it can, odd ones in between, and prints of those that are messages only when all are sent."""
    sums = []
    for number in range(int(sys.argv[2])):
        datagram = envelope("session_log", f"message {number} " + "\u00fc\\\"" * (number % 50))
        sums.append(hashlib.sha256(datagram).hexdigest())
        SOCKET.sendto(datagram, ADDRESS)
        if number % 100 == 7:
            SOCKET.sendto(b"no message", ADDRESS)
    print("\n".join(sums))


def many_data():
    for number in range(int(sys.argv[2])):
        SOCKET.sendto(envelope("session_data", {f"{sys.argv[3]}{number}": "x" * 200}), ADDRESS)


def until():
    """Until the file exists; then it says how many there were."""
    while not os.path.exists(sys.argv[2]):
        SOCKET.sendto(envelope("session_data", {"last": sent}), ADDRESS)
        if sent == 100:
            print("published 100", flush=True)
        time.sleep(0.004)
    print("published", sent)


def burns_numbers():
    global sent
    for kept in range(3):
        send_bytes(envelope("session_log", "kept"))
        sent += 2
def long_logs():
    for number in range(int(sys.argv[2])):
        SOCKET.sendto(envelope("session_log", f"message {number} " + "m" * int(sys.argv[3])), ADDRESS)


def many_keys():
    for number in range(int(sys.argv[2])):
        SOCKET.sendto(envelope("session_data", {f"key{number}": "v" * int(sys.argv[3])}), ADDRESS)


def large_result():
    for part in range(4):
        shell = envelope("session_data", {f"part{part}": ""})
        send_bytes(envelope("session_data", {f"part{part}": "\u00e4\"\\" * ((LARGEST - len(shell)) // 10)}))


def register():
    for path in sys.argv[3:]:
        send_bytes(envelope("data_file", {"path": path, "type": "tune", "format": sys.argv[2], "timestamp": 1.5,
                                          "action": None, "action_ts": None, "plot": False,
                                          "pysmurf_version": "1"}))


globals()[sys.argv[1]]()
