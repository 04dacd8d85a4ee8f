"""Registers as they were before a stage changed them, for a stage that does not get to its end.

They are kept on disk until they are put back or no longer wanted, so that what a killed stage changed is put
back by safe_state or by the next stage, too.
"""
from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional

from tuning.control import Memory
from tuning.instrument import CannotWork
from tuning.interruption import interruption
from tuning.scans import Scans, wait_until

OF_BAND = ("att_uc", "att_dc", "band_delay_us", "noise_select", "eta_scan_del_f", "gradient_descent_step_hz",
           "gradient_descent_max_iters", "gradient_descent_gain", "gradient_descent_converge_hz",
           "gradient_descent_beta", "lms_enable1", "lms_enable2", "lms_enable3", "lms_gain", "lms_freq_hz", "feedback_gain", "feedback_start", "feedback_end",
           "iq_stream_enable", "feedback_enable", "center_frequency_array", "eta_mag_array", "eta_phase_array",
           "feedback_enable_array")
"""Names behind ``get_`` and ``set_``, in the order in which they are put back: a magnitude of eta before its
phase, which the firmware forgets where the magnitude is 0."""

TONES, RF = "amplitude_scale_array", "rf_enable"

OF_SLOT = ("ramp_max_cnt", "fast_slow_step_size", "fast_slow_rst_value", "mode_control", "cfg_reg_ena_bit")
"""The flux ramp, its switch last."""

OUTPUTS = (TONES, "noise_select")

SCAN_END_S = 0.9
"""How long an ended stage waits for the scan it started: without RF a descent has little left to do."""


class Before:
    """Reads, keeps and puts back the registers of one slot."""

    def __init__(self, smurf: Any, memory: Memory, scans: Scans, say: Callable[[str], None]) -> None:
        self._smurf, self._memory, self._scans, self._say = smurf, memory, scans, say

    @contextmanager
    def unless_done(self, band: Optional[int], tones: bool) -> Iterator[None]:
        """What is changed in here is put back unless this gets to its end; the tones only where asked for,
        else they go off. Without a band it is the flux ramp, which is nothing to put back later."""
        if band is None:
            registers = {name: plain(getattr(self._smurf, f"get_{name}")()) for name in OF_SLOT}
        else:
            if self._scans.running(band):
                raise CannotWork("a scan runs in the server: run safe_state, which waits for it")
            self.recover(band)
            registers = self._read(band, tones)
            self._memory.keep_before(band, registers)
        try:
            yield
        except BaseException:
            with interruption.held():
                if band is None:
                    self._write(None, registers)
                else:
                    self._end(band, registers)
            raise
        if band is not None:
            self._memory.forget_before(band)

    def recover(self, band: int) -> None:
        """Put back what an earlier stage could not, but switch nothing on; and not while a scan is at work."""
        registers = self._memory.before().get(band)
        if registers is not None and not self._scans.busy(band):
            self._put_back(band, {name: value for name, value in registers.items() if name not in OUTPUTS})

    def cut(self, band: int) -> None:
        """No RF, which silences a scan's tones and shortens it; what it was is among what is put back."""
        registers = self._memory.before().get(band, {})
        if RF not in registers:
            registers[RF] = int(self._smurf.get_rf_enable(band))
            self._memory.keep_before(band, registers)
        self._smurf.set_rf_enable(band, 0)

    def _end(self, band: int, registers: Dict[str, Any]) -> None:
        if not self._scans.busy(band):
            self._put_back(band, registers)
            return
        self.cut(band)
        if wait_until(lambda: not self._scans.busy(band), SCAN_END_S):
            self._put_back(band, registers)
            return
        self._write(band, {name: value for name, value in registers.items() if name not in (TONES, RF)})
        self._say(f"band {band}: a scan goes on in the server, and may switch tones on at its end: RF is "
                  "cut until safe_state, or the next stage behind the scan, puts the registers back")

    def _read(self, band: int, tones: bool) -> Dict[str, Any]:
        registers: Dict[str, Any] = {name: plain(getattr(self._smurf, f"get_{name}")(band))
                                     for name in OF_BAND + (RF,)}
        amplitudes = plain(self._smurf.get_amplitude_scale_array(band))
        registers[TONES] = amplitudes if tones else [0] * len(amplitudes)
        return registers

    def _put_back(self, band: int, registers: Dict[str, Any]) -> None:
        if self._write(band, registers):
            self._memory.forget_before(band)

    def _write(self, band: Optional[int], registers: Dict[str, Any]) -> bool:
        failed: List[str] = []
        place = () if band is None else (band,)
        for name in OF_SLOT + OF_BAND + (TONES, RF):
            # None is a register that this hardware lacks, such as the attenuators of an RFSoC.
            if registers.get(name) is not None:
                try:
                    if plain(getattr(self._smurf, f"get_{name}")(*place)) != registers[name]:
                        getattr(self._smurf, f"set_{name}")(*place, registers[name])
                except Exception as failure:  # The next register still has to be put back.
                    failed.append(f"{name}: {type(failure).__name__}: {failure}")
        if failed:
            self._say(f"{'flux ramp' if band is None else f'band {band}'}: not put back: {'; '.join(failed)}")
        return not failed


def plain(value: Any) -> Any:
    """A number or an array of numbers as JSON has them."""
    return value.tolist() if hasattr(value, "tolist") else list(value) if isinstance(value, list) else value
