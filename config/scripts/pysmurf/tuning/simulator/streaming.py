"""The stream of a slot as registers: whether it is on, its session id, its tags. Names after sodetlib ``Registers``."""
from __future__ import annotations

from tuning.bias_lines import StreamSetting
from tuning.simulator.scans import State

DOWNSAMPLE_FACTOR = 20
"""4 kHz to the 200 Hz of an ordinary stream."""

RAMP_RATE_HZ = 4000.0


def fresh() -> State:
    return {"open_g3stream": False, "session_id": 0, "stream_tag": "", "pysmurf_action": "",
            "pysmurf_action_timestamp": 0, "downsample_factor": DOWNSAMPLE_FACTOR, "filter_disable": False}


def begin(state: State, setting: StreamSetting, action: str, action_ts: int, now: float) -> int:
    """A stream that runs already ends with it. Session ids are the unix time, and no two are the same."""
    stream = state["stream"]
    session_id = max(int(now), stream["session_id"] + 1)
    stream.update(open_g3stream=True, session_id=session_id, stream_tag=setting.tags, pysmurf_action=action,
                  pysmurf_action_timestamp=action_ts,
                  downsample_factor=setting.downsample_factor or DOWNSAMPLE_FACTOR,
                  filter_disable=setting.filter_disable)
    return session_id


def end(state: State) -> None:
    """As ``stream_g3_off`` leaves it; the id stays, so that the next one is another."""
    stream = state["stream"]
    stream.update(open_g3stream=False, stream_tag="", pysmurf_action="", pysmurf_action_timestamp=0,
                  downsample_factor=DOWNSAMPLE_FACTOR, filter_disable=False)


def rate_hz(state: State) -> float:
    return RAMP_RATE_HZ / state["stream"]["downsample_factor"]
