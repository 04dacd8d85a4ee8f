"""Step a steady flux bias through each SQUID and follow the dip: Phi0, frequency swing, gain in current.

Needs the FLUX RAMP OFF (serial_algs leaves it so) and leaves it OFF, with the bias back at 0: run
tracking_setup afterwards. Killed in the middle it leaves a steady bias on, and tracking by harmonics off;
interrupted, it takes them back first.
"""
from __future__ import annotations

import sys
from typing import Any, Dict, List, NamedTuple, Optional

from tuning import figures, fluxramp
from tuning.band import centre_mhz
from tuning.harmonics import HarmonicFit, fit_harmonics, fit_period
from tuning.instrument import CannotWork
from tuning.interruption import interruption
from tuning.npy import Field
from tuning.quantiles import median, quantile_numbers
from tuning.stage import Stage, stage_main

PERIOD_HARMONICS = 5
CURVE_HARMONICS = 9
"""Five harmonics find the period; for the swing they are too round (1.7 % short at lambda 0.45)."""

R2_MIN = 0.95
"""A curve that the harmonics do not explain to this part is noise, not a SQUID's."""

POINTS_SAVED_AS = "<f4"


class SquidCurve(NamedTuple):
    """One channel's dip against flux bias, in kHz from its tone, and the fit (None: no period seen)."""

    channel: int
    freq_mhz: float
    shift_khz: List[float]
    fit: Optional[HarmonicFit]


def take(stage: Stage, band: int, biases: List[float]) -> Dict[int, List[float]]:
    """The dips at each bias, each the mean of a few readings of the loop filter."""
    options, instrument = stage.options, stage.instrument
    curves: Dict[int, List[float]] = {}
    try:
        instrument.set_lms_enable(band, False)
        instrument.set_fixed_flux_ramp_bias(0.0)
        centre(stage, band)
        instrument.toggle_feedback(band)
        # From zero, where the tones were centred, in small steps to where the curve begins.
        for bias in [bias for bias in reversed(biases) if bias < 0]:
            instrument.set_fixed_flux_ramp_bias(bias)
            stage.wait(options.wait)
            instrument.get_loop_filter_output_array(band)
        for done, bias in enumerate(biases, 1):
            instrument.set_fixed_flux_ramp_bias(bias)
            stage.wait(options.wait)
            readings = [instrument.get_loop_filter_output_array(band) for _ in range(options.npts)]
            for channel in readings[0]:
                mean = sum(reading[channel] for reading in readings) / options.npts
                curves.setdefault(channel, []).append(mean * 1e3)
            stage.progress(band, done, len(biases), "flux steps")
    finally:
        with interruption.held():
            try:
                instrument.set_fixed_flux_ramp_bias(0.0)
            finally:
                try:
                    instrument.unset_fixed_flux_ramp_bias()
                finally:
                    instrument.set_lms_enable(band, True)
    return curves


def centre(stage: Stage, band: int) -> None:
    """Tones and etas where the dips are without flux. Source: sodetlib ``take_squid_curve``."""
    options = stage.options
    stage.instrument.run_serial_gradient_descent(band, stage.descent(band), unsaid)
    stage.instrument.run_serial_eta_scan(band, options.delta_freq, options.timeout, unsaid)


def unsaid(done: int, total: int) -> None:
    """The progress of a stage is that of its flux steps."""


def fitted(shift_khz: List[float]) -> Optional[HarmonicFit]:
    period = fit_period(shift_khz, PERIOD_HARMONICS)
    if period is None or period.r2 < R2_MIN:
        return None
    return fit_harmonics(shift_khz, period.cycles, CURVE_HARMONICS)


def measure(stage: Stage, band: int) -> Dict[str, Any]:
    options, instrument = stage.options, stage.instrument
    freqs = {notch.channel: notch.freq_mhz for notch in instrument.notches(band)}
    if not freqs:
        raise CannotWork("no tones on: run setup_notches or load_tune first")
    span = 2 * options.frac_full_scale_max
    biases = [-options.frac_full_scale_max + span * step / options.nsteps for step in range(options.nsteps)]
    curves = [SquidCurve(channel, freqs[channel], shift, fitted(shift))
              for channel, shift in sorted(take(stage, band, biases).items())]
    save(stage, band, biases, curves)
    good = [(curve, curve.fit) for curve in curves if curve.fit is not None]
    periods = [span / fit.cycles for _, fit in good]
    swings = [fit.peak_to_peak() for _, fit in good]
    if good:
        plot(stage, band, biases, sorted(curves, key=lambda curve: curve.fit.r2 if curve.fit else 0.0))
    return {"phi0_ffs": median(periods), "df_khz": median(swings), "n_fitted": len(good),
            "n_all": len(curves), "fitted_frac": len(good) / len(curves),
            "higher_harmonic_power": median([fit.higher_harmonic_power() for _, fit in good]),
            "mhz_per_pa": median([fluxramp.slope_mhz_per_pa(fit.mean_slope()) for _, fit in good]),
            **quantile_numbers("phi0_ffs", periods), **quantile_numbers("df_khz", swings)}


def save(stage: Stage, band: int, biases: List[float], curves: List[SquidCurve]) -> None:
    points = len(biases)
    fields: List[Field] = [("band", "<i4"), ("channel", "<i4"), ("freq_mhz", "<f8"), ("phi0_ffs", "<f8"),
                           ("df_khz", "<f8"), ("higher_harmonic_power", "<f8"), ("mhz_per_pa", "<f8"),
                           ("r2", "<f8"), ("fluxramp_ffs", POINTS_SAVED_AS, points),
                           ("shift_khz", POINTS_SAVED_AS, points)]
    span = 2 * stage.options.frac_full_scale_max
    missing = float("nan")
    rows: List[List[Any]] = []
    for curve in curves:
        fit = curve.fit
        derived: List[Any] = [missing] * 5 if fit is None else [
            span / fit.cycles, fit.peak_to_peak(), fit.higher_harmonic_power(),
            fluxramp.slope_mhz_per_pa(fit.mean_slope()), fit.r2]
        place = [band, curve.channel, centre_mhz(band) + curve.freq_mhz]
        rows.append(place + derived + [biases, curve.shift_khz])
    freqs = [centre_mhz(band) + curve.freq_mhz for curve in curves]
    results = {"bands": [band] * len(curves), "channels": [curve.channel for curve in curves],
               "fluxramp_ffs": biases, "res_freq": freqs,
               "res_freq_vs_fr": [[freq + shift * 1e-3 for shift in curve.shift_khz]
                                  for freq, curve in zip(freqs, curves)],
               "ffs_per_phi0": [row[3] for row in rows], "df": [row[4] for row in rows],
               "higher_harmonic_power": [row[5] for row in rows], "dfdI": [row[6] * 1e-3 for row in rows]}
    stage.save_results(f"b{band}_fr_sweep_data", "dc_squid_curve", results, fields, rows)


def plot(stage: Stage, band: int, biases: List[float], curves: List[SquidCurve]) -> None:
    """The channel in the middle of the field stands for the band."""
    shown = [curve for curve in curves if curve.fit is not None]
    curve = shown[len(shown) // 2]
    path = stage.folder.plot(f"b{band}c{curve.channel}_dc_squid_curve.svg")
    figures.squid_curve(path, stage.title(f"SQUID curve of channel {curve.channel}", band), biases,
                        curve.shift_khz, curve.fit, centre_mhz(band) + curve.freq_mhz)
    stage.register(path, "dc_squid_curve", "svg", plot=True)


def run(stage: Stage) -> None:
    if stage.instrument.read_state().flux_ramp_on:
        raise CannotWork("the flux ramp is on, and a SQUID curve is taken with a steady bias: "
                         "run serial_algs first, which switches the ramp off")
    stage.each_band(lambda band: measure(stage, band))


if __name__ == "__main__":
    sys.exit(stage_main("squid_curve", __doc__, run))
