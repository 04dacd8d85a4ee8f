"""Prints the datagrams that a controller sends, one a line: an example of what may stand where ocs-pysmurf-monitor stood.

    udp_listener.py [--host ADDRESS] [--port PORT]
"""

import argparse
import json
import socket
import sys

LARGEST_DATAGRAM = 65535


def line_of(datagram):
    """The envelope of pysmurf's Publisher in one line; what is none is shown as it came."""
    try:
        message = json.loads(datagram)
        payload = json.dumps(message["payload"])
        return f"{message['time']:.3f} {message['id']} {message['script']} {message['type']} {payload}"
    except (ValueError, TypeError, KeyError):
        return f"not a Publisher message: {datagram!r}"


def main():
    parser = argparse.ArgumentParser(description="Prints the datagrams that a controller sends.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", default=8200, type=int, help="UDP port to listen on (default: %(default)s)")
    arguments = parser.parse_args()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        try:
            listener.bind((arguments.host, arguments.port))
        except OSError as fault:
            sys.exit(f"cannot listen on {arguments.host}:{arguments.port}: {fault.strerror}")
        host, port = listener.getsockname()
        print(f"listening on {host}:{port}", file=sys.stderr, flush=True)
        while True:
            print(line_of(listener.recv(LARGEST_DATAGRAM)), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
