"""sodetlib's own operations on the open slot, where it is sodetlib's: each with the keywords it was given.

They take the control object and the configuration of the slot, publish what they write themselves, and raise, or
print and swallow, what goes wrong. What is left on when they are interrupted is put right by who calls them.
"""
from __future__ import annotations

import importlib
from typing import Any, Dict, List, Optional, Sequence

MODES = {False: 0, True: 1}


class Sodetlib:
    """Written against sodetlib 0d60bd2."""

    def __init__(self, smurf: Any, config: Any) -> None:
        self._smurf = smurf
        self._config = config

    @property
    def stream_id(self) -> str:
        return str(self._config.stream_id)

    def configured(self, name: str) -> Optional[Any]:
        return self._config.dev.exp.get(name)

    def cool_volts(self, groups: Sequence[int]) -> List[float]:
        """What ``overbias_dets`` leaves on each group."""
        return [float(self._config.dev.bias_groups[group]["cool_voltage"]) for group in groups]

    def keep(self, name: str, path: str) -> None:
        self._config.dev.update_experiment({name: path}, update_file=True)

    def _load_tune(self) -> None:
        """As the agent does when it opens a slot: its operations want it in the control object."""
        path = self._config.dev.exp.get("tunefile")
        if path is not None:
            self._smurf.load_tune(path)

    def take_noise(self, duration: float, keywords: Dict[str, Any]) -> Dict[str, Any]:
        noise = _module("noise")
        self._load_tune()
        return dict(noise.take_noise(self._smurf, self._config, duration, **keywords)[1])

    def take_bgmap(self, keywords: Dict[str, Any]) -> Any:
        bias_steps = _module("operations.bias_steps")
        self._load_tune()
        return bias_steps.take_bgmap(self._smurf, self._config, **keywords)

    def take_bias_steps(self, keywords: Dict[str, Any]) -> Any:
        bias_steps = _module("operations.bias_steps")
        self._load_tune()
        return bias_steps.take_bias_steps(self._smurf, self._config, **keywords)

    def take_bias_waves(self, groups: Optional[Any], keywords: Dict[str, Any]) -> Any:
        bias_wave = _module("operations.bias_wave")
        self._load_tune()
        return bias_wave.take_bias_waves(self._smurf, self._config, **{"bgs": groups, **keywords})

    def take_iv(self, keywords: Dict[str, Any]) -> Any:
        iv = _module("operations.iv")
        self._load_tune()
        return iv.take_iv(self._smurf, self._config, **keywords)

    def load_iv(self, path: str) -> Any:
        iv = _module("operations.iv")
        return iv.IVAnalysis.load(path)

    def bias_to_rfrac(self, rfrac: Any, keywords: Dict[str, Any]) -> List[float]:
        bias_dets = _module("operations.bias_dets")
        return [float(volt) for volt in
                bias_dets.bias_to_rfrac(self._smurf, self._config, rfrac=rfrac, **keywords)]

    def overbias_dets(self, groups: Sequence[int], keywords: Dict[str, Any]) -> None:
        util = _module("util")
        util.overbias_dets(self._smurf, self._config, **{"bias_groups": list(groups), **keywords})

    def stream_g3_on(self, keywords: Dict[str, Any], load_tune: bool = True) -> int:
        stream = _module("stream")
        if load_tune:
            self._load_tune()
        return int(stream.stream_g3_on(self._smurf, **keywords))

    def stream_g3_off(self) -> None:
        """Also where none runs; waits for the file to close."""
        stream = _module("stream")
        stream.stream_g3_off(self._smurf)

    def current_modes(self) -> List[bool]:
        util = _module("util")
        return [bool(high) for high in util.get_current_mode_array(self._smurf)]

    def set_current_mode(self, groups: Sequence[int], high: bool, const_current: bool) -> None:
        util = _module("util")
        util.set_current_mode(self._smurf, list(groups), MODES[high], const_current=const_current)

    def stream_registers(self) -> Dict[str, Any]:
        """What its streamer says of itself. Source: socs ``check_state``."""
        util = _module("util")
        registers = util.Registers(self._smurf)
        return {"agg_time": registers.agg_time.get(), "open_g3stream": registers.open_g3stream.get(),
                "pysmurf_action": registers.pysmurf_action.get(as_string=True),
                "pysmurf_action_timestamp": registers.pysmurf_action_timestamp.get(),
                "stream_tag": registers.stream_tag.get(as_string=True)}


def _module(name: str) -> Any:
    return importlib.import_module(f"sodetlib.{name}")
