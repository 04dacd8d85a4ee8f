"""Take a stream with the detectors at rest and tell the white noise level of each channel.

30 seconds, in the simulator at 200 Hz; the level is the median of the spectrum from 10 to 30 Hz. Round 125
pA/rtHz is right for shunts of 0.4 mOhm at 100 mK; much more says: go back. Leaves TONES and FLUX RAMP as they
were, the stream OFF. With --every-band it is the operation of this name: all channels that are on, in one stream.
"""
from __future__ import annotations

import sys
from math import nan
from typing import Any, Dict, List, Sequence, Tuple

from tuning import figures
from tuning.arguments import StageParser, number
from tuning.band import BANDS
from tuning.fluxramp import current_pa
from tuning.instrument import CannotWork
from tuning.noise import ChannelNoise, channel_noise
from tuning.npy import Field
from tuning.quantiles import median, quantile_numbers
from tuning.stage import Stage, stage_main


def measure(stage: Stage, band: int) -> Dict[str, Any]:
    options = stage.options
    if not stage.instrument.notches(band):
        raise CannotWork("no tones on: run setup_notches or load_tune, and tracking_setup, first")
    stream = stage.instrument.take_stream_data([band], options.duration, stage.progress)
    if not stream.phases[band]:
        raise CannotWork("no channel of the band is in the stream")
    found: Dict[int, ChannelNoise] = {}
    freqs: Sequence[float] = ()
    window = (options.window_min, options.window_max)
    for channel, phases in stream.phases[band].items():
        freqs, found[channel] = channel_noise([current_pa(phase, stream.pa_per_phi0) for phase in phases],
                                              stream.rate_hz, window)
    levels = [each.white_pa for each in found.values()]
    save(stage, band, found, freqs)
    plot(stage, band, found, freqs, window)
    return {"median_pa_rthz": median(levels),
            "fknee_hz": median([each.knee_hz for each in found.values() if each.knee_hz is not None]),
            "n_all": len(levels), **quantile_numbers("pa_rthz", levels)}


def save(stage: Stage, band: int, found: Dict[int, ChannelNoise], freqs: Sequence[float]) -> None:
    fields: List[Field] = [("band", "<i4"), ("channel", "<i4"), ("white_pa_rthz", "<f8"), ("fknee_hz", "<f8"),
                           ("freq_hz", "<f4", len(freqs)), ("asd_pa_rthz", "<f4", len(freqs))]
    knees = [nan if each.knee_hz is None else each.knee_hz for each in found.values()]
    results = {"sid": None, "bands": [band] * len(found), "channels": list(found),
               "noise_pars": [[each.white_pa, nan, knee] for each, knee in zip(found.values(), knees)],
               "band_medians": [median([each.white_pa for each in found.values()]) if place == band else nan
                                for place in range(BANDS)],
               "f": list(freqs), "axx": [list(each.asd_pa) for each in found.values()]}
    stage.save_results(f"b{band}_take_noise", "sodetlib_data", results, fields,
                       [(band, channel, each.white_pa, knee, freqs, each.asd_pa)
                        for (channel, each), knee in zip(found.items(), knees)])


def plot(stage: Stage, band: int, found: Dict[int, ChannelNoise], freqs: Sequence[float],
         window: Tuple[float, float]) -> None:
    path = stage.folder.plot(f"b{band}_white_noise_summary.svg")
    figures.noise_histogram(path, stage.title("white noise", band), [each.white_pa for each in found.values()])
    stage.register(path, "take_noise", "svg", plot=True)
    path = stage.folder.plot(f"b{band}_asd_summary.svg")
    figures.noise_spectrum(path, stage.title("noise spectrum", band), freqs,
                           [each.asd_pa for each in found.values()], window)
    stage.register(path, "take_noise", "svg", plot=True)


def run(stage: Stage) -> None:
    if stage.instrument.simulated:
        stage.say("streams are drawn from the noise model at 200 Hz, not run through the tracking loop")
    if not stage.instrument.read_state().flux_ramp_on:
        stage.say("the flux ramp is off: the phases mean nothing until tracking_setup ran")
    stage.each_band(lambda band: measure(stage, band))
    medians = stage.told.of_bands(None, band_medians={
        int(band): numbers["median_pa_rthz"] for band, numbers in stage.numbers.items()})
    middle = median([level for level in medians["band_medians"] if level is not None])
    stage.publisher.session_data({"noise": medians, **stage.told.headline(
        "White noise", "none" if middle is None else f"{middle:.0f} pA/rtHz")})


def every_band(parser: StageParser) -> None:
    parser.add_argument("--every-band", action="store_true", help="all channels that are on, in one stream")
    parser.add_argument("--duration", type=number(1, 3600), default=30.0, metavar="s", help="length of it (30)")


def main() -> int:
    if "--every-band" not in sys.argv:
        return stage_main("take_noise", __doc__, run)
    # Only the operation has to know of detectors.
    from detectors import slot_noise
    from detectors.operation import keyword_options, operation_main

    return operation_main("take_noise", __doc__, slot_noise.run, keyword_options, every_band)


if __name__ == "__main__":
    sys.exit(main())
