"""The noise of all channels that are on, in one stream: the operation take_noise."""
from __future__ import annotations

from math import isfinite, nan
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from tuning.band import BANDS
from tuning.bias_lines import Readout, StreamSetting
from tuning.figures import noise_histogram, noise_spectrum
from tuning.fluxramp import current_pa
from tuning.instrument import CannotWork, Stream
from tuning.noise import ChannelNoise, channel_noise
from tuning.npy import Field
from tuning.quantiles import median

from detectors import figures, group_map
from detectors.figures import Measured
from detectors.operation import Operation, block, quantiles
from detectors.tidy import left_tidy

MAX_ALIVE_PA = 1000.0
"""A channel that is louder follows nothing: a loop that has lost its dip shows 100 times as much."""

KEYWORDS = {"plot_band_summary": True, "nbins": 40, "show_plot": True, "save_plot": True, "plotted_rchans": None,
            "wl_f_range": [10, 30], "fit": False, "nperdecade": 10, "plot1overfregion": False, "save_dir": None,
            "g3_tag": None, "nperseg": None}
"""Of sodetlib's ``take_noise``; what only concerns its plots changes nothing here."""


class Noise(NamedTuple):
    freqs_hz: Sequence[float]
    of: Dict[Readout, ChannelNoise]


def run(op: Operation) -> None:
    kw = op.keywords(**KEYWORDS)
    window = (float(kw.wl_f_range[0]), float(kw.wl_f_range[1]))
    if op.sodetlib is not None:
        with left_tidy(op):
            taken = op.sodetlib.take_noise(op.options.duration, {"show_plot": False, **op.options.kwargs})
        found = of_sodetlib(taken)
    else:
        found = measured(op, kw.g3_tag, window)
        save(op, found)
    plot(op, found, window)
    levels = [each.white_pa for each in found.of.values()]
    alive = [level for level in levels if level < MAX_ALIVE_PA]
    of_band = [median([each.white_pa for readout, each in found.of.items() if readout.band == band])
               for band in range(BANDS)]
    of = quantiles("white_noise_level", levels)
    middle, knee = median(alive), median([each.knee_hz for each in found.of.values() if each.knee_hz is not None])
    op.conclude("Finished taking noise", {"quantiles": {"white_noise_level": of}},
                {"n_alive": len(alive), "n_all": len(levels), "median_pa_rthz": median(levels),
                 "alive_pa_rthz": middle, "fknee_hz": knee},
                [("White noise", "none" if middle is None else f"{middle:.0f} pA/rtHz"),
                 ("Channels alive", f"{len(alive)} of {len(levels)}"),
                 ("Knee", "white" if knee is None else f"{knee:.2f} Hz")],
                noise={"band_medians": of_band}, noise_results=block(of))


def measured(op: Operation, tag: Any, window: Tuple[float, float]) -> Noise:
    bands = [band for band, on in sorted(op.instrument.read_state().tones_on.items()) if on]
    if not bands:
        raise CannotWork("no tones are on: run uxm_setup or uxm_relock first")
    if op.instrument.simulated:
        op.say("streams are drawn from the noise model at 200 Hz, not run through the tracking loop")
    stream: Stream = op.instrument.take_stream_data(bands, op.options.duration, op.progress,
                                                    StreamSetting("noise", tag))
    of: Dict[Readout, ChannelNoise] = {}
    freqs: Sequence[float] = ()
    for band, channels in stream.phases.items():
        for channel, phases in channels.items():
            freqs, of[Readout(band, channel)] = channel_noise(
                [current_pa(phase, stream.pa_per_phi0) for phase in phases], stream.rate_hz, window)
    if not of:
        raise CannotWork("no channel is in the stream")
    return Noise(freqs, of)


def of_sodetlib(taken: Dict[str, Any]) -> Noise:
    pars = taken["noise_pars"]
    return Noise([float(freq) for freq in taken["f"][1:]], {
        Readout(int(taken["bands"][row]), int(taken["channels"][row])):
            ChannelNoise(float(pars[row][0]), float(pars[row][2]) if isfinite(pars[row][2]) else None,
                         [float(value) for value in taken["axx"][row][1:]])
        for row in range(len(pars))})


def save(op: Operation, found: Noise) -> None:
    count = len(found.freqs_hz)
    fields: List[Field] = [("band", "<i4"), ("channel", "<i4"), ("white_pa_rthz", "<f8"), ("fknee_hz", "<f8"),
                           ("freq_hz", "<f4", count), ("asd_pa_rthz", "<f4", count)]
    rows = [(*readout, each.white_pa, nan if each.knee_hz is None else each.knee_hz, found.freqs_hz, each.asd_pa)
            for readout, each in found.of.items()]
    results = {"sid": None, "bands": [row[0] for row in rows], "channels": [row[1] for row in rows],
               "noise_pars": [[row[2], nan, row[3]] for row in rows], "f": list(found.freqs_hz),
               "axx": [list(each.asd_pa) for each in found.of.values()]}
    op.save_results("take_noise", "sodetlib_data", results, fields, rows)


def plot(op: Operation, found: Noise, window: Tuple[float, float]) -> None:
    path = op.lines.file_in_use("bgmap")
    known = group_map.read(path) if path is not None and op.sodetlib is None else {}
    drawn = op.folder.plot("noise_by_group.svg")
    figures.noise_by_group(drawn, op.title("white noise by bias group"),
                           [Measured(known.get(readout, group_map.NOWHERE).group, each.white_pa)
                            for readout, each in found.of.items()], MAX_ALIVE_PA)
    op.register(drawn, "take_noise", "svg", plot=True)
    drawn = op.folder.plot("white_noise_summary.svg")
    noise_histogram(drawn, op.title("white noise"), [each.white_pa for each in found.of.values()])
    op.register(drawn, "take_noise", "svg", plot=True)
    drawn = op.folder.plot("asd_summary.svg")
    noise_spectrum(drawn, op.title("noise spectrum"), found.freqs_hz,
                   [each.asd_pa for each in found.of.values()], window)
    op.register(drawn, "take_noise", "svg", plot=True)
