"""Following a dip through the flux ramp: the LMS loop of a channel, and how good its tracking is.

Frequencies are in kHz relative to the tone's centre.
"""
from __future__ import annotations

from array import array
from cmath import exp
from math import atan2, cos, pi, sin
from typing import List, NamedTuple, Optional, Sequence, Tuple

from tuning.fluxramp import SAMPLE_RATE_KHZ

CLAMP_KHZ = 1200.0
"""A tone stays within half the width of its channel: 2.4 MHz samples leave +-1.2 MHz."""

GAIN_TO_BANDWIDTH_KHZ = 4.0 / 2048
"""Loop bandwidth a unit of feedback gain. Source: pysmurf ``tracking_setup`` (2048 is about 4 kHz)."""


class ChannelLine(NamedTuple):
    """What the loop of one channel sees of its resonator and line, eta already multiplied in.

    ``eta_background_khz``: eta times the line without this resonator, in kHz; ``q_ratio`` and
    ``bandwidth_khz`` of the resonator; ``delay_ms`` not made up for by the band delay, in ms.
    """

    eta_background_khz: complex
    q_ratio: complex
    bandwidth_khz: float
    delay_ms: float


class Loop(NamedTuple):
    """The LMS loop's setting: step size mu, carrier, and the part of the ramp with feedback."""

    step: float
    lms_freq_khz: float
    samples_per_ramp: int
    feedback_start: float
    feedback_end: float


def step_size(feedback_gain: float) -> float:
    """mu of the LMS loop for a feedback gain: a sine and cosine pair settles at mu/2 a sample.

    So bandwidth = mu/2 * fs / (2 pi), and 2048 (4 kHz) gives mu = 1/48. Stable up to about 1/8.
    """
    return 4 * pi * feedback_gain * GAIN_TO_BANDWIDTH_KHZ / SAMPLE_RATE_KHZ


def harmonic_table(lms_freq_khz: float, samples: int) -> List[Tuple[float, ...]]:
    """sin and cos of the first three harmonics of the carrier; the ramp's reset restarts them."""
    table = []
    for n in range(samples):
        angle = 2 * pi * lms_freq_khz * n / SAMPLE_RATE_KHZ
        table.append((sin(angle), cos(angle), sin(2 * angle), cos(2 * angle), sin(3 * angle), cos(3 * angle)))
    return table


def frequency_error(offset_khz: float, line: ChannelLine) -> float:
    """Re(eta S21) of a tone ``offset_khz`` above the dip (the delay left out), in kHz."""
    return (line.eta_background_khz * (1 - line.q_ratio
            / complex(1, 2 * offset_khz / line.bandwidth_khz))).real


def follow(dip_khz: Sequence[float], line: ChannelLine, loop: Loop, ramps: int,
           noise_khz: Sequence[float]) -> Tuple[array, array, List[float]]:
    """Run the loop over ``ramps`` ramps; returns tracked frequency f, error df, and the phase of each ramp.

    The tone stands at f = h . alpha with h = [sin k w n, cos k w n (k = 1..3), 1]; the error e is
    -Re(eta S21), and alpha += mu e h between the start and the end of feedback. The phase is
    theta = atan2(b1, a1) of the first harmonic, averaged over the ramp. ``dip_khz`` is where the dip is
    during one ramp, ``noise_khz`` the noise of each sample. Source: SMuRF's tracking loop as in Henderson
    et al. 2018 (arXiv:1809.03689) and Yu et al. 2022 (arXiv:2208.10523).
    """
    samples = loop.samples_per_ramp
    table = harmonic_table(loop.lms_freq_khz, samples)
    first = int(loop.feedback_start * samples)
    last = int(loop.feedback_end * samples)
    mu = loop.step
    eta_line, q_ratio = line.eta_background_khz, line.q_ratio
    slope = 2 / line.bandwidth_khz
    turn = -2j * pi * line.delay_ms
    straight = line.delay_ms == 0
    a1 = b1 = a2 = b2 = a3 = b3 = offset = 0.0
    tracked = array("d", bytes(8 * samples * ramps))
    error = array("d", bytes(8 * samples * ramps))
    phases = []
    place = 0
    for _ in range(ramps):
        sine_sum = cosine_sum = 0.0
        for n in range(samples):
            s1, c1, s2, c2, s3, c3 = table[n]
            f = a1 * s1 + b1 * c1 + a2 * s2 + b2 * c2 + a3 * s3 + b3 * c3 + offset
            if f > CLAMP_KHZ:
                f = CLAMP_KHZ
            elif f < -CLAMP_KHZ:
                f = -CLAMP_KHZ
            response = eta_line * (1 - q_ratio / complex(1, (f - dip_khz[n]) * slope))
            if not straight:
                response *= exp(turn * f)
            e = noise_khz[place] - response.real
            tracked[place] = f
            error[place] = e
            place += 1
            if first <= n < last:
                gain = mu * e
                a1 += gain * s1
                b1 += gain * c1
                a2 += gain * s2
                b2 += gain * c2
                a3 += gain * s3
                b3 += gain * c3
                offset += gain
            sine_sum += a1
            cosine_sum += b1
        phases.append(atan2(cosine_sum, sine_sum))
    return tracked, error, phases


def quality(tracked: Sequence[float], error: Sequence[float], samples_per_ramp: int) -> float:
    """r2 = 1 - SSres/SStot of f + df against its own average over the ramps.

    Source: sodetlib ``compute_tracking_quality``.
    """
    signal = [f + df for f, df in zip(tracked, error)]
    ramps = len(signal) // samples_per_ramp
    signal = signal[:ramps * samples_per_ramp]
    if ramps < 2:
        return 0.0
    average = [sum(signal[n::samples_per_ramp]) / ramps for n in range(samples_per_ramp)]
    mean = sum(average) / samples_per_ramp
    total = sum((value - mean) ** 2 for value in signal)
    rest = 0.0
    for start in range(0, len(signal), samples_per_ramp):
        rest += sum((value - typical) ** 2
                    for value, typical in zip(signal[start:start + samples_per_ramp], average))
    return 1 - rest / total if total > 0 else 0.0


class Cuts(NamedTuple):
    """When a channel tracks well. Source: sodetlib ``det_config`` (r2_min, f_ptp_range, df_ptp_range)."""

    r2_min: float
    f_ptp_min_khz: float
    f_ptp_max_khz: float
    df_ptp_min_khz: float
    df_ptp_max_khz: float


class ChannelTracking(NamedTuple):
    """How one channel tracked."""

    channel: int
    freq_mhz: float
    r2: float
    f_ptp_khz: float
    df_ptp_khz: float
    phase: Optional[float]

    def good(self, cuts: Cuts) -> bool:
        return (self.r2 >= cuts.r2_min and cuts.f_ptp_min_khz < self.f_ptp_khz < cuts.f_ptp_max_khz
                and cuts.df_ptp_min_khz < self.df_ptp_khz < cuts.df_ptp_max_khz)


def peak_to_peak(values: Sequence[float]) -> float:
    return max(values) - min(values)
