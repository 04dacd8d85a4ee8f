"""Lets sodetlib import where sotodlib is not installed: names only, of which none works."""
import sys
from types import ModuleType


class _Missing:
    def __init__(self, *_, **__):
        raise ImportError("sotodlib is not installed")


def _module(name, *names):
    module = ModuleType(f"sotodlib.{name}")
    for each in names:
        setattr(module, each, _Missing)
    sys.modules[module.__name__] = module
    return module


core = _module("core", "AxisManager", "IndexAxis", "OffsetAxis", "LabelAxis")
io = _module("io")
io.load_smurf = _module("io.load_smurf", "G3tSmurf")
tod_ops = _module("tod_ops")
tod_ops.fft_ops = _module("tod_ops.fft_ops", "calc_psd")
tod_ops.filters = _module("tod_ops.filters", "gaussian_filter", "fourier_filter")
