"""What the server's serial scans do to one channel."""
from __future__ import annotations

from typing import Callable, List, Optional

from tuning import resonator
from tuning.band import SUBBAND_HALF_WIDTH_MHZ
from tuning.instrument import Descent


def descended(freq: float, centre: float, descent: Descent,
              measure: Callable[[List[float]], List[complex]]) -> float:
    """Down the slope of the response's size (in MHz, as an eta of 1 makes it), with momentum.

    A tone that leaves its channel goes back to where it was; one that does not settle stays where it came to.
    Source: cryo-det ``SerialGradientDescent``.
    """
    step = descent.step_hz * 1e-6
    moved = velocity = 0.0
    for _ in range(descent.max_iters):
        low, high = measure([freq + moved - step, freq + moved + step])
        slope = SUBBAND_HALF_WIDTH_MHZ * (abs(high) - abs(low)) / (2 * step)
        velocity = descent.beta * velocity + (1 - descent.beta) * descent.gain * slope
        moved -= velocity
        if abs(velocity) < descent.converge_hz * 1e-6:
            break
        if abs(freq + moved - centre) > SUBBAND_HALF_WIDTH_MHZ:
            return freq
    return freq + moved


def calibrated_eta(delta_freq: float, low: complex, at: complex, high: complex) -> Optional[complex]:
    """eta from the response at a tone and ``delta_freq`` to either side; None where there is no signal.

    Its angle is such that the tone itself has no error, its size such that the error rises by 1 a MHz.
    Source: cryo-det ``SerialEtaScan``.
    """
    if at == 0:
        return None
    across = 1j * abs(at) / at
    rise = (across * (high - low)).real
    if rise == 0:
        return None
    return resonator.clip_eta(across * 2 * delta_freq / rise)
