"""Rogue's client for a tree that lies in a server."""
import time

import numpy as np

from crate.wire import Client


class VariableValue:
    def __init__(self, value):
        self.value = value
        self.updated = False


class Node:
    """A variable or a command in the server."""

    def __init__(self, client, path, described):
        self.path, self._client = path, client
        self.isCommand, self.enum = described["command"], described["enum"]
        self._listeners = {}

    def get(self, read=True, index=-1):
        return self._client.ask("get", self.path, index)

    def value(self, index=-1):
        return self.get(index=index)

    def getVariableValue(self, read=True, index=-1):
        return VariableValue(self.get(index=index))

    def getDisp(self, read=True, index=-1):
        return self._client.ask("display", self.path)

    valueDisp = getDisp

    def set(self, value, index=-1, write=True, verify=True, check=True):
        """Rogue takes no value of another kind than the variable has."""
        has = self.get()
        if isinstance(has, np.ndarray):
            fits = isinstance(value, (np.ndarray, list)) if index < 0 else np.isscalar(value)
        else:
            kinds = {bool: (bool, np.bool_), int: (int, np.integer), float: (float, int, np.floating), str: (str,)}
            fits = isinstance(value, kinds[type(has)])
        if not fits:
            raise TypeError(f"{self.path}: {type(value).__name__} for {type(has).__name__}")
        self._client.ask("set", self.path, value, index)

    def setDisp(self, value, index=-1, write=True):
        self._client.ask("set", self.path, value, index)

    def call(self, value=None):
        self._client.ask("set", self.path, value)

    __call__ = call

    def addListener(self, listener):
        if listener not in self._listeners:
            self._listeners[listener] = lambda path, value: listener(self.path, VariableValue(value))
            self._client.listen(self.path, self._listeners[listener])

    def delListener(self, listener):
        if listener in self._listeners:
            self._client.forget(self.path, self._listeners.pop(listener))


class Root:
    name = "AMCc"

    def __init__(self, client):
        self._client, self._nodes = client, {}

    def getNode(self, path):
        if path not in self._nodes:
            described = self._client.ask("node", path)
            if described is None:
                return None
            self._nodes[path] = Node(self._client, path, described)
        return self._nodes[path]


class VirtualClient:
    """One a port, as in rogue; it waits for ever for a server that is not there."""

    _clients = {}

    def __new__(cls, addr="localhost", port=9099):
        if port not in cls._clients:
            cls._clients[port] = super().__new__(cls)
        return cls._clients[port]

    def __init__(self, addr="localhost", port=9099):
        if hasattr(self, "root"):
            return
        client = Client()
        while not client.ask("listens_on", port):
            time.sleep(1)
        self.root = Root(client)
        self.linked = True
        self._monEnable = True

    def setTimeout(self, milliseconds, wait_retry):
        pass

    def stop(self):
        self._monEnable = False
