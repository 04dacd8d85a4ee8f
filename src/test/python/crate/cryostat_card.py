"""The cryostat card's microcontroller behind one register to write and one to read.

Addresses and fields after pysmurf's ``cryo_card.py``: bit 31 reads, bits 20 to 30 address, the rest data.
"""
from __future__ import annotations

from typing import Callable, Dict, NamedTuple

import numpy as np

from crate.faults import Faults

FIRMWARE, RELAYS, TEMPERATURE, CYCLES, POWER, AC_DC, OPTICAL = 0x0, 0x2, 0x5, 0x6, 0x7, 0x8, 0xD
DC_BIT = 16
VOLTS_PER_COUNT = 3.3 / (1024 * 5)
CURRENT_NOISE_MA = 0.05
DATA = 0xFFFFF


class Amplifier(NamedTuple):
    """An amplifier: ADC address and power bit, where its gate voltage is set, volts of ADC per mA and the
    offset in mA, and Id = gain (Vg - pinch-off)^2 in mA."""

    address: int
    power: int
    gate: str
    volts_per_bit: float
    adc_volts_per_ma: float
    offset_ma: float
    pinch_off: float
    gain: float


C02 = {"hemt": Amplifier(0x3, 0b01, "hemt", 1.93e-6, 200 / 2e3, 0.2643, -1.7, 10.0),
       "50k": Amplifier(0x4, 0b10, "32", 3.38e-6, 10 / 2e3, 0.0, -0.62, 165.0)}
C04 = {"hemt1": Amplifier(0x3, 0b0001, "hemt", 3.86936e-6, 3.874 * 50 / 2e3, 0.2326, -1.7, 10.0),
       "50k1": Amplifier(0x4, 0b0010, "30", 3.86936e-6, 9.929 * 12 / 2e3, 0.5084, -0.62, 165.0),
       "hemt2": Amplifier(0xA, 0b0100, "27", 3.86936e-6, 3.874 * 50 / 2e3, 0.2881, -1.7, 10.0),
       "50k2": Amplifier(0xB, 0b1000, "26", 3.86936e-6, 9.929 * 12 / 2e3, 0.3599, -0.62, 165.0)}
"""Conversions as in pysmurf's configuration files; the square law is our own."""


class CryostatCard:
    """``gates`` gives the counts of the DACs that the gates hang on."""

    def __init__(self, faults: Faults, gates: Callable[[str], int]) -> None:
        self._faults = faults
        self._gates = gates
        self._noise = np.random.default_rng(7)
        self.stored: Dict[int, int] = {RELAYS: 0, POWER: 0, OPTICAL: 0, CYCLES: 0}
        self._answer = 0

    @property
    def power(self) -> int:
        return 0 if self._faults.card == "none" else self.stored[POWER]

    @property
    def dc_coupled(self) -> bool:
        return bool(self.stored[RELAYS] >> DC_BIT & 1)

    @property
    def amplifiers(self) -> Dict[str, Amplifier]:
        return C02 if self._faults.card == "c02" else C04

    def write(self, command: int) -> None:
        command = int(command) & 0xFFFFFFFF
        address, data = (command & 0x7FF00000) >> 20, command & DATA
        self.stored[CYCLES] = (self.stored[CYCLES] + 1) & DATA
        if command >> 31:
            self._answer = address << 20 | self._read(address)
        elif address in self.stored:
            self.stored[address] = data & (0b1111 if address == POWER else DATA)

    def read(self) -> int:
        """Without a card the line stays low."""
        return 0 if self._faults.card == "none" else self._answer

    def _read(self, address: int) -> int:
        if address == FIRMWARE:
            return 0x10102 if self._faults.card == "c02" else 0x40003
        if address == TEMPERATURE:
            return int((25 * 0.028 + 0.25) / VOLTS_PER_COUNT)
        if address == AC_DC:
            return 0 if self.dc_coupled else 3
        for name, amplifier in self.amplifiers.items():
            if amplifier.address == address:
                volts = (self.drain_ma(name) + amplifier.offset_ma) * amplifier.adc_volts_per_ma
                return int(max(volts + self._noise.normal(0, CURRENT_NOISE_MA) * amplifier.adc_volts_per_ma, 0)
                           / VOLTS_PER_COUNT)
        return self.stored.get(address, 0)

    def drain_ma(self, name: str) -> float:
        """The true drain current."""
        amplifier = self.amplifiers[name]
        if not self.power & amplifier.power:
            return 0.0
        gate = self._gates(amplifier.gate) * amplifier.volts_per_bit
        return amplifier.gain * max(gate - amplifier.pinch_off, 0) ** 2
