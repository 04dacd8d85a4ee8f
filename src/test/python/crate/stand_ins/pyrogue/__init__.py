"""Stands in for rogue's client where pysmurf's main branch speaks ZMQ to its server."""
import threading
import time


class VariableWaitClass:
    """Waits until a test of the variables' values holds, or, without one, until each was updated."""

    def __init__(self, varList, testFunction=None, timeout=0):
        self._variables = varList if isinstance(varList, list) else [varList]
        self._test, self._timeout = testFunction, timeout
        self._changed = threading.Condition()
        self.arm()

    def arm(self):
        self._updated, self._values = set(), {}
        for variable in self._variables:
            variable.addListener(self._told)
            value = variable.getVariableValue()
            with self._changed:
                # What was told since the listening began is newer than what was read.
                self._values.setdefault(variable.path, value)

    def _told(self, path, value):
        with self._changed:
            self._values[path] = value
            self._updated.add(path)
            self._changed.notify()

    def _holds(self):
        if self._test is not None:
            return self._test(list(self._values.values()))
        return len(self._updated) == len(self._variables)

    def wait(self):
        begun = time.time()
        with self._changed:
            holds = self._holds()
            while not holds and (self._timeout == 0 or time.time() - begun < self._timeout):
                self._changed.wait(0.5)
                holds = self._holds()
        for variable in self._variables:
            variable.delListener(self._told)
        return holds


def VariableWait(varList, testFunction=None, timeout=0):
    return VariableWaitClass(varList, testFunction, timeout).wait()
