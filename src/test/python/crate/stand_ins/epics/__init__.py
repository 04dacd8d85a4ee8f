"""Stands in for pyepics where pysmurf up to v9.0.3 speaks EPICS: process variables of the emulated crate."""
import time

import numpy as np

from crate.wire import Client

from . import ca

_CLIENT = Client()


class PV:
    """A process variable; one that nobody serves never connects, and its ``get`` gives None in the end."""

    def __init__(self, pvname, callback=None, auto_monitor=None, **_):
        self.pvname = pvname
        self._path = _CLIENT.ask("channel", pvname)
        self.connected = self._path is not None
        self._callback = callback
        if callback is not None and self.connected:
            _CLIENT.listen(self._path, self._changed)
            # A subscription begins with the value as it is.
            callback(pvname=pvname, value=self.get())

    def _changed(self, path, value):
        self._callback(pvname=self.pvname, value=_CLIENT.ask("epics_value", path, value))

    def get(self, count=None, as_string=False, timeout=None, use_monitor=False, **_):
        if not self.connected:
            time.sleep(timeout or 1.0)
            return None
        value = _CLIENT.ask("caget", self._path, as_string)
        return value[:count] if count is not None and isinstance(value, np.ndarray) else value

    def put(self, value, wait=False, **_):
        if self.connected:
            _CLIENT.ask("caput", self._path, value)
            return 1
        return None

    def disconnect(self):
        if self.connected and self._callback is not None:
            _CLIENT.forget(self._path, self._changed)


_CACHE = {}


def get_pv(pvname, **options):
    if pvname not in _CACHE:
        _CACHE[pvname] = PV(pvname, **options)
    return _CACHE[pvname]


def caget(pvname, **options):
    return get_pv(pvname).get(**options)


def caput(pvname, value, **options):
    return get_pv(pvname).put(value, **options)


def caput_many(pvlist, values, **options):
    """As pyepics: 1 for each that was put, -1 for each that was not."""
    return [caput(pvname, value, **options) or -1 for pvname, value in zip(pvlist, values)]
