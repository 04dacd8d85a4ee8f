"""Publisher messages: how late they are passed on, to how many, and how many of a burst arrive; and what it costs to ask."""

import json
import re
import socket
import subprocess
import threading
import time

import select

from commands import MILLI
from driver.controller import Api
from figures import Figure
from subject import Controller, bare

RECEIVE_BUFFER = 32 * 1024 * 1024
STAMP = re.compile(rb'"message (\d+)"')
IDLE_S = 2
BURST = 50_000
STAMPS = 100
FAN_OUT = {1: 20_000, 10: 4_000, 100: 800}
POLL_BATCH = 20


class Ears:
    """Listens on as many UDP sockets of its own as told, and counts what scripts' messages arrive, with their delays."""

    def __init__(self, count):
        self.sockets = []
        self.poll = select.epoll()
        for _ in range(count):
            ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            ear.bind(("127.0.0.1", 0))
            ear.setblocking(False)
            self.poll.register(ear, select.EPOLLIN)
            self.sockets.append(ear)
        self.by_descriptor = {ear.fileno(): ear for ear in self.sockets}

    def ports(self):
        return [ear.getsockname()[1] for ear in self.sockets]

    def listen(self, wanted):
        """Until so many have arrived, or none does any more. Returns the first's sending time, the last's arrival, the delays."""
        first = last = None
        delays = []
        while len(delays) < wanted:
            ready = self.poll.poll(IDLE_S if delays else 30)
            if not ready:
                break
            for descriptor, _ in ready:
                try:
                    while True:
                        match = STAMP.search(self.by_descriptor[descriptor].recv(65536))
                        if match:
                            last = time.monotonic_ns()
                            sent = int(match[1])
                            first = sent if first is None else min(first, sent)
                            delays.append(last - sent)
                except BlockingIOError:
                    pass
        return first, last, delays

    def close(self):
        for ear in self.sockets:
            ear.close()
        self.poll.close()


def publish_bare(ears, count, pause, every):
    ports = [str(port) for port in ears.ports()]
    process = subprocess.Popen(
        bare("publishes.py", str(count), str(pause), str(every), *ports), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    heard = ears.listen(count * len(ports))
    process.wait()
    return heard


def publish(api, ears, count, pause, every):
    runner = threading.Thread(target=api.run, args=("publishes.py", str(count), str(pause), str(every)))
    runner.start()
    heard = ears.listen(count * len(ears.sockets))
    runner.join()
    return heard


def fan_out(java_home, rounds):
    figures = []
    delay = Figure("message_udp", "a Publisher message sent -> received at a destination", "ms", "sent there directly")
    for destinations, count in FAN_OUT.items():
        figure = Figure(
            f"fan_out_{destinations}", f"datagrams delivered, {destinations} destinations", "1/s", "sendto in a loop"
        )
        ears = Ears(destinations)
        addresses = ",".join(f"127.0.0.1:{port}" for port in ears.ports())
        lost = []
        with Controller(java_home, PUBLISHER_DESTINATIONS=addresses) as controller:
            controller.first_command()
            api = Api(controller)
            publish(api, ears, count, 0, count)
            controller.settle()
            for _ in range(rounds):
                speeds = []
                for first, last, delays in (publish_bare(ears, count, 0, count), publish(api, ears, count, 0, count)):
                    speeds.append(len(delays) * 1e9 / (last - first))
                    lost.append(count * destinations - len(delays))
                controller.settle()
                figure.pair(*speeds)
                if destinations == 1:
                    direct = publish_bare(ears, STAMPS, 0.01, 1)[2]
                    passed = publish(api, ears, STAMPS, 0.01, 1)[2]
                    controller.settle()
                    for floor, product in zip(direct, passed):
                        delay.pair(floor / MILLI, product / MILLI)
            api.close()
        ears.close()
        figure.note(f"lost of {count * destinations}, in turns directly and by way of the controller: {lost}")
        figures.append(figure)
    return [delay, *figures]


def bursts(controller, api, rounds):
    """A burst of messages as fast as a script can send them, to the controller and to a plain receiver."""
    figure = Figure("burst", "messages received of a burst of 50,000", "", "a loop of recv")
    for _ in range(rounds):
        ears = Ears(1)
        _, _, delays = publish_bare(ears, BURST, 0, BURST)
        ears.close()
        session = api.run("publishes.py", str(BURST), "0", str(BURST))
        session = json.loads(api.get(f"/api/v1/sessions/{session['session_id']}?messages=all"))
        received = sum(text.startswith("message ") for _, text in session["messages"])
        figure.pair(len(delays), received)
        controller.settle()
    return [figure]


class PlainServer(threading.Thread):
    """Answers every request on one connection at a time with the same bytes."""

    def __init__(self, body):
        super().__init__(daemon=True)
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.http_port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        connection, _ = self.listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            while connection.recv(65536):
                connection.sendall(self.answer)
        self.listener.close()


def poll_rate(api, path):
    begin = time.monotonic_ns()
    for _ in range(POLL_BATCH):
        api.get(path)
    return POLL_BATCH * 1e9 / (time.monotonic_ns() - begin)


def status_polls(controller, api, rounds):
    figures = []
    for key, title, messages in (("polls_small", "a session of 5 messages", 0), ("polls", "a session of 50,000 messages", BURST)):
        # slowly enough that none is lost
        session = api.run("publishes.py", str(messages), "0.01", "50")
        path = f"/api/v1/sessions/{session['session_id']}"
        controller.settle()
        body = api.get(path)
        figure = Figure(key, f"status polls one after another, {title}", "1/s", "a server that only sends the same bytes")
        server = PlainServer(body)
        plain = Api(server)
        for _ in range(rounds):
            figure.pair(poll_rate(plain, path), poll_rate(api, path))
        plain.close()
        figure.note(f"{len(json.loads(body)['messages'])} messages, {len(body)} bytes an answer")
        figures.append(figure)
    return figures
