"""What a slot puts out: read back, and switched off.

Each output is read and switched by itself, so that one that fails hides no other.
"""
from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, TypeVar

from tuning.before import Before
from tuning.guard import DryEnd
from tuning.instrument import CannotWork, OutputState
from tuning.interruption import interruption
from tuning.scans import Scans, wait_until

C04_MAJOR = 4
"""Firmware version of C04 and C05 cryostat cards, which have two HEMTs and two 50 K amplifiers."""

FLUX_DAC_CODES = 2 ** 16
FIXED_FLUX_MODE = 1
"""The flux ramp DAC has 16 bits; in mode 1 its output is steady. Source: ``set_fixed_flux_ramp_bias``."""

SCAN_LOOK_S = 0.1

Found = TypeVar("Found")


class Outputs:
    """The outputs of one slot."""

    def __init__(self, smurf: Any, scans: Scans, before: Before, coupling: str) -> None:
        self._smurf, self._scans, self._before, self._coupling = smurf, scans, before, coupling

    def bands(self) -> List[int]:
        return [int(band) for band in self._smurf.bands]

    def read(self) -> OutputState:
        unknown: Dict[str, str] = {}

        def known(name: str, look: Callable[[], Found]) -> Optional[Found]:
            try:
                return look()
            except Exception as failure:  # Whatever it is: it is told as the reason.
                unknown[name] = f"{type(failure).__name__}: {failure}"
                return None

        bands = self.bands()
        tones = {band: known(f"tones_on of band {band}", lambda: len(self._smurf.which_on(band)))
                 for band in bands}
        return OutputState(
            known("amps_on", lambda: bool(self._smurf.C.read_ps_en())),
            tones,
            known("flux_ramp_on", lambda: bool(self._smurf.get_cfg_reg_ena_bit())),
            known("fixed_flux_bias", self._fixed_flux_bias),
            known("eta_scan_in_progress", lambda: any([self._scans.busy(band) for band in bands])),
            known("tes_bias_on", lambda: any(float(volt) != 0
                                             for volt in self._smurf.get_tes_bias_bipolar_array())),
            known("noise_on", lambda: any([bool(self._smurf.get_noise_select(band)) for band in bands])),
            unknown)

    def _fixed_flux_bias(self) -> float:
        """The steady bias from the DAC's code. Source: the inverse of ``set_fixed_flux_ramp_bias``."""
        if self._smurf.get_mode_control() != FIXED_FLUX_MODE:
            return 0.0
        code = int(self._smurf.get_flux_ramp_dac())
        below_zero = code > FLUX_DAC_CODES // 2
        fraction = 1 - 2 * (FLUX_DAC_CODES - 1 - code if below_zero else code) / FLUX_DAC_CODES
        return -fraction if below_zero else fraction

    def scanned(self) -> List[int]:
        """Bands that a scan is at work in, or may be."""
        return [band for band in self.bands() if self._scans.running(band)
                or (self._scans.marked(band) and not self._scans.told_by_processes)]

    def make_quiet(self, disable_amps: bool, patience_s: float, say: Callable[[str], None]) -> None:
        """A scan that runs is silenced by its RF, and waited for; only then its tones can be switched off."""
        failed: List[str] = []

        def attempt(*steps: Callable[[], Any]) -> None:
            for step in steps:
                try:
                    step()
                except DryEnd:
                    pass
                except Exception as failure:  # Whatever it is, the next output still has to go off.
                    text = f"{type(failure).__name__}: {failure}"
                    if text not in failed:
                        failed.append(text)

        scanned: List[int] = []
        with interruption.held():
            attempt(lambda: scanned.extend(self.scanned()))
            attempt(*[lambda band=band: self._before.cut(band) for band in scanned])
            attempt(*self._switches())
            if disable_amps:
                attempt(self.disable_amps)
        if scanned:
            where = f"in band {', '.join(map(str, scanned))}"
            say(f"a scan runs in the server {where}: its RF is cut, and its end waited for, "
                f"{patience_s:g} s at most")
            if not wait_until(lambda: not self.scanned(), patience_s, SCAN_LOOK_S):
                raise CannotWork(f"a scan still runs in the server {where}, and would switch its tones on "
                                 "again: its RF is left cut")
            attempt(*self._switches())
        for band in self.bands():
            attempt(lambda: self._before.recover(band), lambda: self._scans.clear_mark(band))
        if failed:
            raise CannotWork(f"not everything could be switched off: {'; '.join(failed)}")

    def _switches(self) -> List[Callable[[], Any]]:
        """In the order of ``all_off``."""
        bands = self.bands()
        return [*[lambda band=band: self._smurf.set_noise_select(band, 0) for band in bands],
                *[lambda band=band: self._tones_off(band) for band in bands],
                lambda: self._smurf.flux_ramp_off(),
                lambda: self._smurf.set_tes_bias_off(),
                lambda: self._smurf.set_rtm_arb_waveform_enable(0),
                lambda: self._smurf.stream_data_off(),
                self._fixed_flux_off]

    def all_off(self) -> None:
        for switch in self._switches():
            switch()

    def band_off(self, band: int) -> None:
        self._smurf.set_noise_select(band, 0)
        self._tones_off(band)

    def _tones_off(self, band: int) -> None:
        """v9.0.3 has a command of the server do it, and takes no notice of what became of it."""
        self._smurf.band_off(band)
        if len(self._smurf.which_on(band)):
            channels = len(self._smurf.get_amplitude_scale_array(band))
            self._smurf.set_amplitude_scale_array(band, [0] * channels)

    def _fixed_flux_off(self) -> None:
        """Without ``set_fixed_flux_ramp_bias``, which needs a cryostat card and waits for it without end."""
        if self._smurf.get_mode_control() == FIXED_FLUX_MODE:
            self._smurf.set_flux_ramp_dac(FLUX_DAC_CODES // 2)
            self._smurf.set_mode_control(0)
            if self._coupling == "AC":
                self._smurf.set_mode_ac()

    def disable_amps(self) -> None:
        """A C04's drains are taken to zero first, as ``write_ps_en`` says to."""
        if self._smurf.C.get_fw_version()[0] == C04_MAJOR:
            for amp in self._smurf.C.list_of_c04_amps:
                self._smurf.set_amp_drain_voltage(amp, 0.0)
        self._smurf.C.write_ps_en(0)
