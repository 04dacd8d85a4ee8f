"""What the hardware layer calls of pysmurf and sodetlib, read from its own source, and whether it fits.

Signatures change from one version to the next, and a call that does not fit should be known before a tune
begins, not in its middle.
"""
from __future__ import annotations

import ast
import inspect
import os
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from tuning import before

HERE = os.path.dirname(os.path.abspath(__file__))
LAYER = ("before.py", "bias_hardware.py", "checks.py", "control.py", "guard.py", "hardware.py", "outputs.py",
         "scans.py", "sodetlib_operations.py")

OWNERS = {"self._smurf": "SmurfControl", "smurf": "SmurfControl", "self._smurf.C": "CryoCard",
          "smurf.C": "CryoCard", "smurf.pub": "Publisher", "self._config": "DetConfig", "config": "DetConfig",
          "self._config.dev": "DeviceConfig", "config.dev": "DeviceConfig",
          **{module: module for module in ("bias_dets", "bias_steps", "bias_wave", "iv", "noise", "stream", "util")}}
CONSTRUCTORS = {"client.SmurfControl": "SmurfControl.__init__", "det_config.DetConfig": "DetConfig.__init__"}
OPENING = (*CONSTRUCTORS.values(), "DetConfig.get_smurf_control")
"""What hands on what it does not take itself; that it fits is seen when the control object is opened."""


class Call(NamedTuple):
    """What is handed over in a call: so many by place, and these by name."""

    by_place: int
    by_name: Tuple[str, ...]


class Use(NamedTuple):
    """Something of pysmurf or sodetlib that the layer names, where, and the call if it is called."""

    name: str
    where: str
    call: Optional[Call]


def layer_uses() -> Iterator[Use]:
    for file in LAYER:
        yield from uses(tree(file), file)
    # Those that are put together from their names.
    for name in before.OF_BAND + (before.TONES, before.RF):
        yield Use(f"SmurfControl.get_{name}", "before.py", Call(1, ()))
        yield Use(f"SmurfControl.set_{name}", "before.py", Call(2, ()))
    for name in before.OF_SLOT:
        yield Use(f"SmurfControl.get_{name}", "before.py", Call(0, ()))
        yield Use(f"SmurfControl.set_{name}", "before.py", Call(1, ()))


def tree(file: str) -> ast.Module:
    with open(os.path.join(HERE, file), encoding="utf-8") as source:
        return ast.parse(source.read())


def uses(module: ast.Module, file: str) -> Iterator[Use]:
    called = {id(node.func): node for node in ast.walk(module) if isinstance(node, ast.Call)}
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            owner = OWNERS.get(ast.unparse(node.value))
            name = CONSTRUCTORS.get(ast.unparse(node)) or (f"{owner}.{node.attr}" if owner else None)
            if name is not None:
                call = called.get(id(node))
                yield Use(name, f"{file}:{node.lineno}", None if call is None else Call(
                    len(call.args), tuple(keyword.arg for keyword in call.keywords if keyword.arg)))


def fits(signature: inspect.Signature, call: Call) -> Optional[str]:
    """Why a call does not fit, None where it does. What would only vanish in ``**kwargs`` does not."""
    taken = signature.replace(parameters=[parameter for parameter in signature.parameters.values()
                                          if parameter.kind is not inspect.Parameter.VAR_KEYWORD])
    try:
        taken.bind(*[None] * call.by_place, **{name: None for name in call.by_name})
    except TypeError as refused:
        return str(refused)
    return None


def misfits(owners: Dict[str, Any]) -> Tuple[int, List[str]]:
    """How many different calls there are of these objects, and which do not fit."""
    calls = {(use.name, use.call) for use in layer_uses() if use.call is not None}
    looked = 0
    found: List[str] = []
    for name, call in sorted(calls):
        owner, method = name.split(".")
        if owner not in owners or name in OPENING:
            continue
        looked += 1
        function = getattr(type(owners[owner]), method, None)
        if function is None:
            found.append(f"{name} is not there")
            continue
        # Less what the object itself stands in for.
        parameters = list(inspect.signature(function).parameters.values())[1:]
        refused = fits(inspect.Signature(parameters), call)
        if refused is not None:
            found.append(f"{name}: {refused}")
    return looked, found
