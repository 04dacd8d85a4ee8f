"""As much of MQTT 3.1.1 as is needed: publish at QoS 0 or 1, and receive what was subscribed to, at QoS 0."""

import socket
import struct

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 1, 2, 3, 4, 8, 9


def _text(text):
    data = text.encode()
    return struct.pack(">H", len(data)) + data


class Client:
    """
    A connection that one thread reads, and one publishes on. It lives for less than its keep-alive time, or publishes, so it
    never pings.
    """

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
            digit = self._received.read(1)
            if not digit:
                raise ConnectionError("the broker closed the connection")
            digit = digit[0]
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

    def publish(self, topic, payload, packet_id=None):
        """At QoS 0; with a packet id, from 1 to 65535, at QoS 1: that id comes back once the broker has the message."""
        if packet_id is None:
            self._send(PUBLISH, 0, _text(topic) + payload)
        else:
            qos_1 = 2
            self._send(PUBLISH, qos_1, _text(topic) + struct.pack(">H", packet_id) + payload)

    def received(self):
        """What comes next: a message as its topic and its payload, or the packet id of a message that the broker has."""
        while True:
            kind, body = self._packet()
            if kind == PUBACK:
                return struct.unpack(">H", body[:2])[0]
            if kind == PUBLISH:
                end = 2 + struct.unpack(">H", body[:2])[0]
                return body[2:end].decode(), body[end:]

    def message(self):
        """The next message: its topic and its payload."""
        while True:
            received = self.received()
            if isinstance(received, tuple):
                return received

    def close(self):
        self._socket.close()
