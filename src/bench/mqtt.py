"""As much of MQTT 3.1.1 as the benchmark needs: publish, and receive what was subscribed to, at QoS 0."""

import socket
import struct

CONNECT, CONNACK, PUBLISH, SUBSCRIBE, SUBACK = 1, 2, 3, 8, 9


def _text(text):
    data = text.encode()
    return struct.pack(">H", len(data)) + data


class Client:
    """A connection of one thread. It lives for less than its keep-alive time, so it never pings."""

    def __init__(self, port, client_id):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = self._socket.makefile("rb", 1 << 20)
        clean_session, keep_alive_s = 2, 600
        self._send(CONNECT, 0, _text("MQTT") + struct.pack(">BBH", 4, clean_session, keep_alive_s) + _text(client_id))
        self._expect(CONNACK)

    def _send(self, kind, flags, body):
        length = len(body)
        head = bytearray([kind << 4 | flags])
        while True:
            length, digit = length >> 7, length & 0x7F
            head.append(digit | (0x80 if length else 0))
            if not length:
                break
        self._socket.sendall(bytes(head) + body)

    def _packet(self):
        first = self._received.read(1)
        if not first:
            raise ConnectionError("the broker closed the connection")
        length = shift = 0
        while True:
            digit = self._received.read(1)[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                return first[0] >> 4, self._received.read(length)

    def _expect(self, kind):
        got, _ = self._packet()
        if got != kind:
            raise ConnectionError(f"expected packet {kind}, got {got}")

    def subscribe(self, topic):
        self._send(SUBSCRIBE, 2, struct.pack(">H", 1) + _text(topic) + b"\0")
        self._expect(SUBACK)

    def publish(self, topic, payload):
        self._send(PUBLISH, 0, _text(topic) + payload)

    def message(self):
        """The next message: its topic and its payload."""
        while True:
            kind, body = self._packet()
            if kind == PUBLISH:
                end = 2 + struct.unpack(">H", body[:2])[0]
                return body[2:end].decode(), body[end:]

    def close(self):
        self._socket.close()
