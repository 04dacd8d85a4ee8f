"""Bands, sub-bands and channels of a SMuRF slot, and which channel reads which resonator."""
from __future__ import annotations

from typing import List, NamedTuple, Sequence

BANDS = 8
SUBBANDS = 512
SUBBAND_SPACING_MHZ = 1.2
"""Sub-bands of a band: as many as channels, one each. Each reaches as far as the centre of the next."""

SUBBAND_HALF_WIDTH_MHZ = SUBBAND_SPACING_MHZ
HALF_WIDTH_MHZ = 250.0

UNASSIGNED = -1


def centre_mhz(band: int) -> float:
    """RF centre of a 500 MHz band: 4250 MHz for band 0, 7750 MHz for band 7."""
    return 4250.0 + 500.0 * band


def subband_centre_mhz(subband: int) -> float:
    """Offset of a sub-band's centre from the band centre. Source: pysmurf ``get_subband_centers``."""
    return (subband + 1 - SUBBANDS // 2) * SUBBAND_SPACING_MHZ


def closest_subband(offset_mhz: float) -> int:
    subband = int(round(offset_mhz / SUBBAND_SPACING_MHZ)) - 1 + SUBBANDS // 2
    return min(max(subband, 0), SUBBANDS - 1)


class Assignment(NamedTuple):
    """A resonator's place: the row of a channel assignment file; channel -1 reads nothing."""

    freq_mhz: float
    subband: int
    channel: int


def assign_channels(freqs_mhz: Sequence[float], min_offset_mhz: float) -> List[Assignment]:
    """A new assignment: a sub-band's one channel to its first dip, none to dips that stand too close.

    Of two resonators closer than ``min_offset_mhz`` both go without a channel. Frequencies are offsets
    from the band centre. Source: pysmurf ``assign_channels``; the firmware's own order of the channels
    is replaced by that of the sub-bands.
    """
    ordered = sorted(freqs_mhz)
    taken = set()
    rows = []
    for place, freq in enumerate(ordered):
        subband = closest_subband(freq)
        lonely = (place == 0 or freq - ordered[place - 1] > min_offset_mhz) and \
                 (place == len(ordered) - 1 or ordered[place + 1] - freq > min_offset_mhz)
        channel = subband if lonely and subband not in taken else UNASSIGNED
        taken.add(subband)
        rows.append(Assignment(freq, subband, channel))
    return rows


def match_channels(freqs_mhz: Sequence[float], master: Sequence[Assignment],
                   min_offset_mhz: float) -> List[Assignment]:
    """Channels by an assignment made before: the row within ``min_offset_mhz``, each at most once.

    Source: pysmurf ``assign_channels`` with new_master_assignment false.
    """
    rows = []
    taken = set()
    for freq in sorted(freqs_mhz):
        match = Assignment(freq, closest_subband(freq), UNASSIGNED)
        for row in master:
            if abs(row.freq_mhz - freq) < min_offset_mhz and row.channel not in taken:
                match = Assignment(freq, row.subband, row.channel)
                break
        if match.channel != UNASSIGNED:
            taken.add(match.channel)
        rows.append(match)
    return rows
