"""A transition-edge sensor (TES) in parallel with its shunt: what current it takes at a bias, and its noise.

The bias current divides between shunt and TES. In its transition a TES keeps its power by changing its resistance
(strong electrothermal feedback). Above that power it is normal. Below the current at which shunt and TES would
have to be alike there is no such state, and it latches: superconducting, with a small resistance of the leads,
until a current beyond its critical one drives it normal again. Sources: K. D. Irwin and G. C. Hilton,
"Transition-Edge Sensors" (Cryogenic Particle Detection, Springer 2005), sections 2.2 to 2.6; the inverse of what
sodetlib ``operations/iv.py`` and ``operations/bias_steps.py`` compute. The numbers are of the size that
sodetlib's documentation shows of 90/150 GHz detectors; the slope of the power and the critical current are this
simulator's choice.
"""
from __future__ import annotations

from functools import lru_cache
from math import sqrt
from random import Random
from typing import Any, Dict, NamedTuple

from tuning.bias_lines import DETECTOR_GROUPS, SHUNT_OHM, UNGROUPED
from tuning.noise import BOLTZMANN, READOUT_PA

SATURATED_AT = 0.9
"""P_sat is the power at this part of the normal resistance. Source: sodetlib ``compute_psats``."""

POWER_SLOPE = 0.01
"""How much the power rises between 0.1 and 0.9 of the normal resistance: the transition is as narrow in
temperature as that. Bias steps take it as constant, and find resistances about twice as much too high."""

CRITICAL_A = 2e-3
"""A bias current beyond it drives a latched TES normal: 32 V, which takes high-current mode."""

BATH_K, CRITICAL_K = 0.1, 0.16
CONDUCTION_EXPONENT = 3
"""P = K (Tc^n - T^n): how the link to the bath conducts."""

NO_GROUP = 0.03
"""The part of the channels that follow no group: nothing is wired to them."""

BISECTIONS = 60

RESISTANCES_KEPT = 4096
"""A sweep asks for each several times: for its own phase and noise, and for what its neighbour sees of it."""


class Detector(NamedTuple):
    """A TES as drawn. ``polarity``: whether the phase rises with its current; ``offset_rad``: of no current."""

    group: int
    polarity: int
    normal_ohm: float
    saturation_w: float
    parasitic_ohm: float
    tau_s: float
    offset_rad: float

    def power_w(self, ohm: float) -> float:
        """What it takes in its transition."""
        return self.saturation_w * (1 + POWER_SLOPE * (ohm / self.normal_ohm - SATURATED_AT) / 0.8)

    @property
    def latch_a(self) -> float:
        """The bias current below which it latches: the power at R = R_sh, where it is largest, is what it takes."""
        return 2 * sqrt(self.power_w(SHUNT_OHM) / SHUNT_OHM)

    @property
    def normal_a(self) -> float:
        """The bias current above which it is normal."""
        return sqrt(self.power_w(self.normal_ohm) / self.normal_ohm) * (self.normal_ohm + SHUNT_OHM) / SHUNT_OHM

    def latched(self, lowest_a: float) -> bool:
        """Whether it is superconducting, by the lowest bias since it was last overbiased."""
        return lowest_a < self.latch_a

    @lru_cache(maxsize=RESISTANCES_KEPT)
    def resistance_ohm(self, bias_a: float, lowest_a: float) -> float:
        """Where the Joule power is what it takes: a falling power against a rising one, so there is one such R."""
        bias_a = abs(bias_a)
        if self.latched(min(lowest_a, bias_a)):
            return self.parasitic_ohm
        if bias_a >= self.normal_a:
            return self.normal_ohm
        low, high = SHUNT_OHM, self.normal_ohm
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            if joule_w(bias_a, middle) > self.power_w(middle):
                low = middle
            else:
                high = middle
            if high - low < 1e-12 * high:
                break
        return (low + high) / 2

    def current_a(self, bias_a: float, lowest_a: float) -> float:
        return divided_a(bias_a, self.resistance_ohm(bias_a, lowest_a))

    def state(self, bias_a: float, lowest_a: float) -> str:
        """superconducting, transition or normal."""
        ohm = self.resistance_ohm(bias_a, lowest_a)
        return {self.parasitic_ohm: "superconducting", self.normal_ohm: "normal"}.get(ohm, "transition")

    def white_pa(self, bias_a: float, lowest_a: float) -> float:
        """The white noise of its current with that of the readout, in pA/rtHz.

        Superconducting or normal: Johnson noise of shunt and TES, 4 k T R, over R_sh + R. In the transition the
        fluctuations of heat along its link count, NEP times Si, and the shunt's Johnson noise over R - R_sh
        (Irwin and Hilton, eqs. 85 to 97, for a large loop gain). With 0.39 mOhm at 100 mK that is 122, 56 and,
        at half of the normal resistance, 93.
        """
        ohm = self.resistance_ohm(bias_a, lowest_a)
        shunt = 4 * BOLTZMANN * BATH_K * SHUNT_OHM
        if ohm in (self.parasitic_ohm, self.normal_ohm):
            own = 4 * BOLTZMANN * CRITICAL_K * ohm if ohm == self.normal_ohm else 0.0
            density = (shunt + own) / (SHUNT_OHM + ohm) ** 2
        else:
            responsivity = 1 / (divided_a(abs(bias_a), ohm) * (ohm - SHUNT_OHM))
            density = self.heat_noise_w2() * responsivity ** 2 + shunt / (ohm - SHUNT_OHM) ** 2
        return sqrt(density * 1e24 + READOUT_PA ** 2)

    def heat_noise_w2(self) -> float:
        """NEP^2 = 4 k Tc^2 G F of the link, G from the power that it carries."""
        cold = BATH_K / CRITICAL_K
        conductance = CONDUCTION_EXPONENT * self.saturation_w / CRITICAL_K / (1 - cold ** CONDUCTION_EXPONENT)
        flux = (1 + cold ** (CONDUCTION_EXPONENT + 1)) / 2
        return 4 * BOLTZMANN * CRITICAL_K ** 2 * conductance * flux


def divided_a(bias_a: float, ohm: float) -> float:
    """What of the bias current goes through the TES."""
    return bias_a * SHUNT_OHM / (ohm + SHUNT_OHM)


def joule_w(bias_a: float, ohm: float) -> float:
    return divided_a(bias_a, ohm) ** 2 * ohm


def draw_detector(rng: Random, place: int) -> Detector:
    """R_n 7.7 +- 0.3 mOhm, P_sat 5 +- 0.4 pW, tau 1 +- 0.1 ms; groups in turn by place, 3 % of them none."""
    group = UNGROUPED if rng.random() < NO_GROUP else place % DETECTOR_GROUPS
    return Detector(group, rng.choice((-1, 1)), min(max(rng.gauss(7.7e-3, 0.3e-3), 6.5e-3), 9e-3),
                    min(max(rng.gauss(5e-12, 0.4e-12), 3.5e-12), 6.5e-12), 0.02e-3,
                    min(max(rng.gauss(1e-3, 0.1e-3), 0.6e-3), 1.4e-3), rng.uniform(-3.0, 3.0))


def describe(detector: Detector) -> Dict[str, Any]:
    """The truth of a detector as it stands in truth.json."""
    return {"bias_group": detector.group, "polarity": detector.polarity, "rn_ohm": detector.normal_ohm,
            "p_sat_w": detector.saturation_w, "parasitic_ohm": detector.parasitic_ohm, "tau_s": detector.tau_s}
