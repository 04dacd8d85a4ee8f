"""Start the flux ramp and follow the dips through it; tell which channels track well.

Measures the carrier at a first ramp amplitude, rescales the amplitude so that the ramp sweeps nphi0 flux
quanta, tracks, and gives no feedback to channels that do not follow. After this the slot is ready to
observe. Leaves TONES and FLUX RAMP ON.
"""
from __future__ import annotations

import sys
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from tuning import figures, fluxramp
from tuning.instrument import CannotWork, TrackingData, TrackingSetting
from tuning.npy import Field
from tuning.quantiles import median, quantile_numbers
from tuning.stage import Stage, stage_main
from tuning.tracking import ChannelTracking, Cuts, peak_to_peak, quality

SAVED_RAMPS = 2
ALARM_BELOW = 0.5
"""The part of a band that has to track. Source: socs, --good-threshold-relock."""


class Tracked(NamedTuple):
    """What came of one band."""

    band: int
    channels: List[ChannelTracking]
    good: List[bool]
    data: TrackingData
    followed: TrackingSetting


def setting(stage: Stage, band: int, fraction: float, lms_freq_hz: Optional[float]) -> TrackingSetting:
    return TrackingSetting(stage.setting("reset_rate_khz"), fraction, lms_freq_hz,
                           stage.setting("feedback_start"), stage.setting("feedback_end"),
                           stage.setting("feedback_gain", band), stage.setting("lms_gain", band))


def carrier_khz(stage: Stage) -> float:
    return fluxramp.carrier_khz(stage.setting("nphi0"), stage.setting("reset_rate_khz"))


def measure_fraction(stage: Stage, band: int) -> Dict[str, Any]:
    """The fraction of full scale at which the band's ramp sweeps nphi0 flux quanta."""
    if not stage.instrument.notches(band):
        raise CannotWork("no tones on: run setup_notches or load_tune first")
    first = stage.setting("init_frac_pp")
    measured = stage.instrument.measure_carrier(band, setting(stage, band, first, None))
    if measured is None:
        stage.say(f"band {band}: no carrier seen, ramp left at {first:g} of full scale")
        return {"frac_pp_band": first, "carrier_khz": None}
    fraction = min(fluxramp.rescaled_fraction(first, carrier_khz(stage), measured), 1.0)
    stage.say(f"band {band}: carrier {measured:.2f} kHz at {first:g} of full scale, ramp to {fraction:.4f}")
    return {"frac_pp_band": fraction, "carrier_khz": measured}


def track(stage: Stage, band: int, fraction: float, cuts: Cuts, tracked: List[Tracked]) -> Dict[str, Any]:
    # One ramp serves all bands; a band whose own fraction differs sees its carrier shifted as much.
    lms_freq_hz = carrier_khz(stage) * 1e3 * fraction / stage.numbers[str(band)]["frac_pp_band"]
    followed = setting(stage, band, fraction, lms_freq_hz)
    data = stage.instrument.tracking_setup(band, followed, stage.progress_of(band))
    if not data.traces:
        raise CannotWork("no channel moves with the flux ramp")
    channels = [ChannelTracking(trace.channel, trace.freq_mhz,
                                quality(trace.tracked_khz, trace.error_khz, data.samples_per_ramp),
                                peak_to_peak(trace.tracked_khz), peak_to_peak(trace.error_khz), trace.phase)
                for trace in data.traces]
    good = [channel.good(cuts) for channel in channels]
    stage.instrument.set_feedback_enable(band, [each.channel for each, fine in zip(channels, good) if fine])
    if stage.numbers[str(band)]["carrier_khz"] is not None:
        stage.instrument.keep_tracking(band, followed, stage.setting("nphi0"))
    tracked.append(Tracked(band, channels, good, data, followed))
    plot(stage, band, channels, good, data, cuts)
    r2 = [channel.r2 for channel in channels]
    f_ptp = [channel.f_ptp_khz for channel in channels]
    df_ptp = [channel.df_ptp_khz for channel in channels]
    return {"n_good": sum(good), "n_all": len(channels), "good_frac": sum(good) / len(channels),
            "r2_median": median(r2), "f_ptp_khz": median(f_ptp), "df_ptp_khz": median(df_ptp),
            "frac_pp": fraction, "lms_freq_hz": lms_freq_hz, "nphi0": stage.setting("nphi0"),
            "reset_rate_khz": followed.reset_rate_khz, **quantile_numbers("r2", r2),
            **quantile_numbers("f_ptp_khz", f_ptp), **quantile_numbers("df_ptp_khz", df_ptp)}


def save(stage: Stage, tracked: Sequence[Tracked], cuts: Cuts) -> str:
    """One file of all bands that this process tracked, as sodetlib has it."""
    samples = SAVED_RAMPS * tracked[0].data.samples_per_ramp
    fields: List[Field] = [("band", "<i4"), ("channel", "<i4"), ("freq_mhz", "<f8"), ("r2", "<f8"),
                           ("f_ptp_khz", "<f8"), ("df_ptp_khz", "<f8"), ("phase_rad", "<f8"),
                           ("is_good", "|b1"), ("f_khz", "<f4", samples), ("df_khz", "<f4", samples)]
    every = [(of.band, each, fine, trace) for of in tracked
             for each, fine, trace in zip(of.channels, of.good, of.data.traces)]
    results = {"bands": [band for band, *_ in every], "channels": [each.channel for _, each, *_ in every],
               "f_ptp_range": [cuts.f_ptp_min_khz, cuts.f_ptp_max_khz],
               "df_ptp_range": [cuts.df_ptp_min_khz, cuts.df_ptp_max_khz], "r2_min": cuts.r2_min,
               "f": [list(trace.tracked_khz) for *_, trace in every],
               "df": [list(trace.error_khz) for *_, trace in every],
               "sync_idxs": {of.band: list(range(0, len(of.data.traces[0].tracked_khz) + 1,
                                                 of.data.samples_per_ramp)) for of in tracked},
               "r2": [each.r2 for _, each, *_ in every], "is_good": [fine for _, _, fine, _ in every],
               "tracking_kwargs": {of.band: of.followed._asdict() for of in tracked},
               "f_ptp": [each.f_ptp_khz for _, each, *_ in every],
               "df_ptp": [each.df_ptp_khz for _, each, *_ in every]}
    rows = [(band, each.channel, each.freq_mhz, each.r2, each.f_ptp_khz, each.df_ptp_khz,
             float("nan") if each.phase is None else each.phase, fine,
             trace.tracked_khz[:samples], trace.error_khz[:samples]) for band, each, fine, trace in every]
    name = f"b{tracked[0].band}_tracking_results" if len(tracked) == 1 else "tracking_results"
    return stage.save_results(name, "tracking_data", results, fields, rows)


def plot(stage: Stage, band: int, channels: Sequence[ChannelTracking], good: Sequence[bool],
         data: TrackingData, cuts: Cuts) -> None:
    path = stage.folder.plot(f"b{band}_tracking_results.svg")
    figures.tracking_summary(path, stage.title("tracking", band), channels, good, cuts)
    stage.register(path, "tracking_summary", "svg", plot=True)
    # The channel in the middle of the field stands for the band.
    shown = sorted(range(len(channels)), key=lambda place: channels[place].r2)[len(channels) // 2]
    path = stage.folder.plot(f"FRtracking_b{band}_ch{channels[shown].channel:03d}.svg")
    figures.tracking_example(path, stage.title(f"tracking of channel {channels[shown].channel}", band),
                             channels[shown], data.traces[shown], data.samples_per_ramp,
                             stage.setting("reset_rate_khz"))
    stage.register(path, "tracking", "svg", plot=True)


def run(stage: Stage) -> None:
    stage.each_band(lambda band: measure_fraction(stage, band))
    fractions = [numbers["frac_pp_band"] for numbers in stage.numbers.values()]
    if fractions:
        fraction = sum(fractions) / len(fractions)
        cuts = Cuts(*[stage.setting(name)
                      for name in ("r2_min", "f_ptp_min", "f_ptp_max", "df_ptp_min", "df_ptp_max")])
        tracked: List[Tracked] = []
        stage.each_band(lambda band: track(stage, band, fraction, cuts, tracked))
        if tracked:
            stage.publisher.session_data(stage.told.keep({"filepath": save(stage, tracked, cuts)}))
        tell_yield(stage)


def tell_yield(stage: Stage) -> None:
    """How many channels there are, and how many track, by band; an alarm where too few do. Source: socs
    ``uxm_relock``."""
    done = {int(band): numbers for band, numbers in stage.numbers.items() if "n_all" in numbers}
    told = stage.told.of_bands(0, all_det_num={band: numbers["n_all"] for band, numbers in done.items()},
                               good_det_num={band: numbers["n_good"] for band, numbers in done.items()})
    block: Dict[str, int] = {}
    for band, (every, good) in enumerate(zip(told["all_det_num"], told["good_det_num"])):
        alarm = every == 0 or good / every < ALARM_BELOW
        block.update({f"alldet_band{band}": every, f"gooddet_band{band}": good, f"alarm_band{band}": int(alarm)})
    stage.publisher.session_data({**told, "tracking_results": block, **stage.told.headline(
        "Channels that track", f"{sum(told['good_det_num'])} of {sum(told['all_det_num'])}")})


if __name__ == "__main__":
    sys.exit(stage_main("tracking_setup", __doc__, run))
