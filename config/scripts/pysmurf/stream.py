"""Stream the detectors' data until told to stop, or for so many seconds.

Leaves the stream OFF, however it ends. SIGINT ends it well: exit code 0. In the simulator the stream is a state of
the registers, with its session id and tags; nothing of it is written, since a .g3 file needs spt3g.
"""
from __future__ import annotations

import sys
import time
from types import SimpleNamespace

from tuning.arguments import StageParser, number
from tuning.bias_lines import StreamSetting
from tuning.interruption import Interrupted, interruption

from detectors.operation import Operation, keyword_options, operation_main

POLL_S = 1.0
KEYWORDS = {"make_freq_mask": False, "emulator": False, "tag": None, "channel_mask": None, "filter_wait_time": 2.0,
            "make_datfile": False, "downsample_factor": None, "downsample_mode": None, "filter_disable": False,
            "filter_order": None, "filter_cutoff": None, "stream_type": None, "subtype": "stream",
            "enable_compression": None}
"""Of sodetlib's ``stream_g3_on``."""


def run(op: Operation) -> None:
    op.tell(stream_on=False, last_updated=time.time())
    op.tell(stream_id=op.stream_id)
    options = op.options
    # As the agent does: the type is only the default of the tag, and what a schedule leaves open comes as null.
    kwargs = {key: value for key, value in options.kwargs.items() if value is not None and key != "g3_tag"}
    kwargs["tag"] = options.tag if options.tag is not None else kwargs.get("tag", options.stream_type)
    if options.subtype is not None:
        kwargs["subtype"] = options.subtype
    op.options.kwargs = kwargs
    kw = op.keywords(**KEYWORDS)
    began = time.monotonic()
    session_id, tags = 0, StreamSetting(kw.subtype, kw.tag, kw.stream_type).tags
    try:
        session_id = started(op, kw)
        op.tell(sid=session_id, stream_on=True, last_updated=time.time())
        op.say(f"session id {session_id}, tags {tags}")
        # The opening does not count.
        began = time.monotonic()
        until = None if options.duration is None else began + options.duration * options.time_scale
        while (until is None or time.monotonic() < until) and not options.test_mode:
            interruption.sleep(POLL_S if until is None else min(POLL_S, max(until - time.monotonic(), 0)))
            op.tell(last_updated=time.time())
    except Interrupted:
        # That is how a stream is stopped; what follows has to be left alone.
        interruption.told = False
    finally:
        with interruption.held():
            op.lines.stream_off()
            op.tell(stream_on=False, last_updated=time.time())
    op.conclude("Finished streaming data", {}, {"seconds": round(time.monotonic() - began, 1)},
                [("Streamed", f"{time.monotonic() - began:.0f} s"), ("Session id", str(session_id or "none")), ("Tags", tags)])


def started(op: Operation, kw: SimpleNamespace) -> int:
    if op.sodetlib is not None:
        return op.sodetlib.stream_g3_on(op.options.kwargs, op.options.load_tune)
    return op.lines.stream_on(StreamSetting(kw.subtype, kw.tag, kw.stream_type, kw.downsample_factor,
                                            bool(kw.filter_disable)))


def options(parser: StageParser) -> None:
    parser.add_argument("--duration", type=number(0, 1e9), metavar="s", help="end by itself after so long")
    parser.add_argument("--load-tune", action="store_true", help="load the tune into the control object")
    parser.add_argument("--stream-type", choices=("obs", "oper"), default="obs", help="tag where none is given (obs)")
    parser.add_argument("--subtype", metavar="TEXT", help="subtype of the stream (stream)")
    parser.add_argument("--test-mode", action="store_true", help="begin and end at once")
    # A stream is its time: it is not shortened unless that is asked for.
    parser.set_defaults(time_scale=1.0)


if __name__ == "__main__":
    sys.exit(operation_main("stream", __doc__, run, keyword_options, options, stopped=0))
