"""Pickles in frames over a Unix socket: a request gets one answer; a subscription gets events."""
from __future__ import annotations

import os
import pickle
import socket
import struct
import threading
from typing import Any, Callable, Dict, List, Optional

LENGTH = struct.Struct("!Q")


def send(connection: socket.socket, message: Any) -> None:
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    connection.sendall(LENGTH.pack(len(body)) + body)


def receive(connection: socket.socket) -> Any:
    """The next message; ``EOFError`` where the other side is gone."""
    return pickle.loads(_exactly(connection, LENGTH.unpack(_exactly(connection, LENGTH.size))[0]))


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(min(count - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


class Client:
    """One process's access to the crate. A request that is interrupted costs the connection, not the order."""

    def __init__(self, path: Optional[str] = None) -> None:
        self._path = path or os.environ["CRATE_SOCKET"]
        self._lock = threading.RLock()
        self._connection: Optional[socket.socket] = None
        self._listeners: Dict[str, List[Callable[[str, Any], None]]] = {}
        self._events: Optional[socket.socket] = None
        self._listening = threading.Semaphore(0)

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._path)
        return connection

    def ask(self, operation: str, *arguments: Any, **options: Any) -> Any:
        with self._lock:
            connection = self._connection or self._connect()
            self._connection = None
            try:
                send(connection, (operation, arguments, options))
                failed, answer = receive(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        if failed:
            raise answer
        return answer

    def close(self) -> None:
        for connection in (self._connection, self._events):
            if connection is not None:
                connection.close()

    def listen(self, path: str, listener: Callable[[str, Any], None]) -> None:
        """Have a register's changes told; the first call starts the thread that tells them."""
        with self._lock:
            if self._events is None:
                self._events = self._connect()
                threading.Thread(target=self._tell, args=(self._events,), daemon=True).start()
            self._listeners.setdefault(path, []).append(listener)
            send(self._events, path)
        # Not before the server listens: a change in between would be lost.
        self._listening.acquire()

    def forget(self, path: str, listener: Callable[[str, Any], None]) -> None:
        with self._lock:
            if listener in self._listeners.get(path, ()):
                self._listeners[path].remove(listener)

    def _tell(self, events: socket.socket) -> None:
        try:
            while True:
                path, value = receive(events)
                if path is None:
                    self._listening.release()
                    continue
                for listener in list(self._listeners.get(path, ())):
                    listener(path, value)
        except (EOFError, OSError):
            return
