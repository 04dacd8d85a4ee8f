"""Prints what the controller sends over UDP: python3 udp_listener.py [PORT]"""
import json
import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
    listener.bind(("127.0.0.1", port))
    expected = {}
    while True:
        message = json.loads(listener.recv(65536))
        sender = (message.get("host"), message.get("id"), message.get("script"))
        missing = message["seq_no"] - expected.get(sender, message["seq_no"])
        expected[sender] = message["seq_no"] + 1
        print(message["script"], message["type"], json.dumps(message["payload"]),
              f"({missing} lost)" if missing > 0 else "", flush=True)
