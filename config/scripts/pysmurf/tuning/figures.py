"""The plots of the stages: what an operator looks at to trust, or not to trust, a tune."""
from __future__ import annotations

from math import log10
from typing import List, Sequence, Tuple

from tuning import svg
from tuning.harmonics import HarmonicFit
from tuning.instrument import ChannelTrace, FoundResonances, PhaseDelay, Sweep, SweptNotch
from tuning.phase_delay import unwrapped_phase
from tuning.quantiles import median, quantile
from tuning.session_folder import write_text
from tuning.svg import BLUE, GREEN, GREY, ORANGE, RED, Box, Panel, around
from tuning.tracking import ChannelTracking, Cuts

COLUMNS = 694
"""Columns of a full-width panel; a longer curve is thinned to the extremes within each."""

ETA_PANELS = 6
SQUID_MARKERS = 100
HISTOGRAM_BINS = 16
SPECTRA_SHOWN = 12
MICRO = "\N{MICRO SIGN}"


def thinned(xs: Sequence[float], ys: Sequence[float],
            columns: int = COLUMNS) -> Tuple[List[float], List[float]]:
    """A long curve by its lowest and highest point in each column, so that no dip gets lost."""
    if len(xs) <= 2 * columns:
        return list(xs), list(ys)
    places: List[int] = []
    for column in range(columns):
        start, end = column * len(xs) // columns, (column + 1) * len(xs) // columns
        inside = range(start, end)
        places += sorted({min(inside, key=ys.__getitem__), max(inside, key=ys.__getitem__)})
    return [xs[place] for place in places], [ys[place] for place in places]


def find_freq(path: str, title: str, found: FoundResonances) -> None:
    """Amplitude against frequency with a cross on every dip: the whole sweep, and below it where they are."""
    freqs = found.sweep.freqs_mhz
    amplitude = [abs(value) for value in found.sweep.response]
    step = (freqs[-1] - freqs[0]) / (len(freqs) - 1)
    depths = [amplitude[min(max(int(round((dip - freqs[0]) / step)), 0), len(freqs) - 1)]
              for dip in found.resonances_mhz]
    y_range = (0.0, max(amplitude) * 1.08)
    whole = Panel(Box(82, 56, 694, 96), (freqs[0], freqs[-1]), y_range, "", "|S21|", y_ticks=3)
    whole.line(*thinned(freqs, amplitude), BLUE, 1)
    shown = found.resonances_mhz or [freqs[0], freqs[-1]]
    low, high = max(shown[0] - 3, freqs[0]), min(shown[-1] + 3, freqs[-1])
    whole.rectangle((low, high), y_range, ORANGE, 0.15, ORANGE)
    inside = range(max(int((low - freqs[0]) / step), 0), min(int((high - freqs[0]) / step) + 1, len(freqs)))
    near = Panel(Box(82, 196, 694, 244), (low, high), (0.0, max(amplitude) * 1.35),
                 "offset from the band centre (MHz)", "|S21| (of full scale)")
    near.line(*thinned([freqs[place] for place in inside], [amplitude[place] for place in inside]), BLUE, 1)
    near.crosses(found.resonances_mhz, depths, RED, 4)
    near.legend([("swept response", BLUE, "line"), (f"{len(depths)} resonators found", RED, "cross")])
    write_text(path, svg.sheet(title, [whole, near]))


def eta(path: str, title: str, swept: Sequence[SweptNotch]) -> None:
    """Some channels' circles, as measured and turned by eta: the dip's chord then lies along one axis."""
    count = min(ETA_PANELS, len(swept))
    chosen = [swept[place * len(swept) // count] for place in range(count)]
    panels = []
    for place, each in enumerate(chosen):
        box = Box(84 + 245 * (place % 3), 66 + 218 * (place // 3), 172, 144)
        panels.append(_eta_panel(box, each))
    write_text(path, svg.sheet(title, panels, ["grey: S21 as swept; blue: turned by the phase of eta; "
                                               "red: at the tone, where the circle runs along I"]))


def _eta_panel(box: Box, each: SweptNotch) -> Panel:
    response = each.sweep.response
    turn = each.notch.eta / abs(each.notch.eta)
    turned = [value * turn for value in response]
    tone = min(range(len(response)), key=lambda place: abs(each.sweep.freqs_mhz[place] - each.notch.freq_mhz))
    # a dead channel answers nothing at all
    reach = max(abs(value) for value in response) * 1.08 or 1.0
    panel = Panel(box, (-reach * box.width / box.height, reach * box.width / box.height), (-reach, reach),
                  f"I, channel {each.notch.channel}", "Q", font=14, x_ticks=4, y_ticks=4)
    panel.line([value.real for value in response], [value.imag for value in response], GREY, 1.5)
    panel.line([value.real for value in turned], [value.imag for value in turned], BLUE, 2)
    panel.points([turned[tone].real], [turned[tone].imag], RED, 5, 1)
    return panel


def tracking_summary(path: str, title: str, channels: Sequence[ChannelTracking], good: Sequence[bool],
                     cuts: Cuts) -> None:
    """f_ptp against df_ptp with the box of good channels; what lies outside the picture sits on its edge."""
    x_range = (-5.0, cuts.f_ptp_max_khz * 1.3)
    y_range = (-5.0, cuts.df_ptp_max_khz * 1.3)
    panel = Panel(svg.WHOLE, x_range, y_range, "f_ptp, tracked frequency peak to peak (kHz)",
                  "df_ptp, error peak to peak (kHz)")
    panel.rectangle((cuts.f_ptp_min_khz, cuts.f_ptp_max_khz), (cuts.df_ptp_min_khz, cuts.df_ptp_max_khz),
                    GREEN, 0.14, GREEN)
    for wanted, colour in ((False, RED), (True, BLUE)):
        shown = [channel for channel, fine in zip(channels, good) if fine == wanted]
        panel.points([min(max(channel.f_ptp_khz, x_range[0] + 2), x_range[1] - 3) for channel in shown],
                     [min(max(channel.df_ptp_khz, y_range[0] + 2), y_range[1] - 2) for channel in shown],
                     colour, 5, 0.65)
    panel.note([f"{sum(good)} / {len(channels)} good tracking channels"], font=18)
    panel.legend([("good", BLUE, "point"), ("cut", RED, "point")])
    note = f"good: r2 at least {cuts.r2_min:g} and inside the green box"
    write_text(path, svg.sheet(title, [panel], [note]))


def tracking_example(path: str, title: str, channel: ChannelTracking, trace: ChannelTrace,
                     samples_per_ramp: int, reset_rate_khz: float) -> None:
    """Two ramps of one channel: where the dip is (f + df) and where the tone followed (f)."""
    count = 2 * samples_per_ramp
    times = [1e3 * n / (samples_per_ramp * reset_rate_khz) for n in range(count)]
    tracked = list(trace.tracked_khz[:count])
    seen = [f + df for f, df in zip(tracked, trace.error_khz)]
    low, high = around(tracked + seen, 0.1)
    panel = Panel(svg.WHOLE, (times[0], times[-1]), (low, high + (high - low) * 0.3), f"time ({MICRO}s)",
                  f"offset from {trace.freq_mhz:+.3f} MHz (kHz)")
    panel.line(times, seen, GREY, 1.5)
    panel.line(times, tracked, ORANGE, 2)
    panel.upright(times[samples_per_ramp], GREY)
    panel.legend([("dip, f + df", GREY, "line"), ("tone, f", ORANGE, "line"),
                  ("ramp resets", GREY, "dashes")])
    panel.note([f"r2 {channel.r2:.4f}", f"f_ptp {channel.f_ptp_khz:.1f} kHz",
                f"df_ptp {channel.df_ptp_khz:.1f} kHz"])
    write_text(path, svg.sheet(title, [panel]))


def phase_delay(path: str, title: str, delay: PhaseDelay, before: Sweep, after: Sweep) -> None:
    """Phase against frequency before and after the delay is made up for."""
    panel_range = around([angle for sweep in (before, after) for angle in _centred_phase(sweep)])
    freqs = before.freqs_mhz
    panel = Panel(svg.WHOLE, (freqs[0], freqs[-1]), panel_range, "offset from the band centre (MHz)",
                  "phase (rad)")
    panel.line(freqs, _centred_phase(before), GREY, 2)
    panel.line(after.freqs_mhz, _centred_phase(after), BLUE, 2)
    panel.legend([("no delay set", GREY, "line"), ("delay set", BLUE, "line")])
    panel.note([f"band delay {delay.band_delay_us:.4f} {MICRO}s", f"residual {delay.residual_ns:+.2f} ns"],
               bottom=True)
    write_text(path, svg.sheet(title, [panel]))


def _centred_phase(sweep: Sweep) -> List[float]:
    angles = unwrapped_phase(sweep.response)
    middle = sum(angles) / len(angles)
    return [angle - middle for angle in angles]


def squid_curve(path: str, title: str, biases: Sequence[float], shift_khz: Sequence[float], fit: HarmonicFit,
                freq_mhz: float) -> None:
    """The dip against flux bias, with the fitted curve."""
    span = (biases[1] - biases[0]) * len(biases)
    low, high = around(list(shift_khz), 0.1)
    panel = Panel(svg.WHOLE, (biases[0], biases[0] + span), (low, high + (high - low) * 0.3),
                  "flux bias (fraction of full scale)", f"dip, from {freq_mhz:.3f} MHz (kHz)")
    every = max(len(biases) // SQUID_MARKERS, 1)
    panel.points(biases[::every], shift_khz[::every], BLUE, 4.5, 0.7)
    turns = [place / 600 for place in range(601)]
    panel.line([biases[0] + span * turn for turn in turns], [fit.at(turn * fit.cycles) for turn in turns],
               ORANGE, 2)
    panel.note([f"Phi0 {span / fit.cycles:.4f} of full scale", f"swing {fit.peak_to_peak():.1f} kHz",
                f"higher harmonics {fit.higher_harmonic_power():.3f}"])
    panel.legend([("measured", BLUE, "point"),
                  (f"fit, {len(fit.coefficients) - 1} harmonics", ORANGE, "line")])
    write_text(path, svg.sheet(title, [panel]))


def noise_histogram(path: str, title: str, levels: Sequence[float]) -> None:
    """How many channels have which white noise level, with the median."""
    middle = median(levels) or 0.0
    low, high = (quantile(levels, 0.02) or 0.0), (quantile(levels, 0.98) or 0.0)
    room = max(high - low, middle * 0.1) * 0.35
    low, high = max(low - room, 0.0), high + room
    bins = HISTOGRAM_BINS
    counts = [0] * bins
    for level in levels:
        counts[min(max(int((level - low) / (high - low) * bins), 0), bins - 1)] += 1
    highest = max(counts) * 1.25
    panel = Panel(svg.WHOLE, (low, high), (0, highest), "white noise level (pA/rtHz)", "channels",
                  y_marks=svg.count_marks(highest, 7))
    width = (high - low) / bins
    for place, count in enumerate(counts):
        if count:
            panel.rectangle((low + place * width, low + (place + 1) * width), (0, count), BLUE, 0.6)
    panel.upright(middle, ORANGE, 2.5)
    beyond = sum(not low <= level <= high for level in levels)
    panel.legend([(f"median {middle:.1f} pA/rtHz", ORANGE, "dashes"),
                  (f"{len(levels)} channels" + (f", {beyond} beyond the edges" if beyond else ""), BLUE, "area")])
    write_text(path, svg.sheet(title, [panel]))


def noise_spectrum(path: str, title: str, freqs: Sequence[float], densities: Sequence[Sequence[float]],
                   window: Tuple[float, float]) -> None:
    """Spectra of all channels on logarithmic axes, their median, and the window of the white level."""
    middle = [median([asd[place] for asd in densities]) or 1.0 for place in range(len(freqs))]
    logs = [log10(value) for value in middle]
    x_range, y_range = (log10(freqs[0]), log10(freqs[-1])), (min(logs) - 0.4, max(logs) + 0.6)
    panel = Panel(svg.WHOLE, x_range, y_range, "frequency (Hz)", "noise (pA/rtHz)",
                  x_marks=svg.decade_marks(*x_range), y_marks=svg.decade_marks(*y_range))
    panel.rectangle((log10(max(window[0], freqs[0])), log10(window[1])), y_range, GREEN, 0.15)
    for asd in densities[::max(len(densities) // SPECTRA_SHOWN, 1)]:
        panel.line([log10(freq) for freq in freqs], [log10(value) for value in asd], GREY, 0.4)
    panel.line([log10(freq) for freq in freqs], logs, BLUE, 2)
    panel.legend([("median", BLUE, "line"), ("some channels", GREY, "line"),
                  (f"white level, {window[0]:g} to {window[1]:g} Hz", GREEN, "area")])
    write_text(path, svg.sheet(title, [panel]))
