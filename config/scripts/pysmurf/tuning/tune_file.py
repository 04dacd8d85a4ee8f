"""The tune on disk: a table of all channels, ``<ctime>_tune.npy``, and the channel assignment as text."""
from __future__ import annotations

from typing import Dict, List, Sequence

from tuning.band import Assignment, centre_mhz
from tuning.instrument import CannotWork, Notch
from tuning.npy import Field, NotNpy, read_table, write_table
from tuning.session_folder import write_text

FIELDS: List[Field] = [("band", "<i4"), ("channel", "<i4"), ("subband", "<i4"), ("freq_mhz", "<f8"),
                       ("eta_real", "<f8"), ("eta_imag", "<f8")]


def write_tune(path: str, notches: Dict[int, List[Notch]]) -> None:
    """Write the notches of all bands; frequencies are absolute, eta in MHz per unit of response."""
    rows = [(band, notch.channel, notch.subband, centre_mhz(band) + notch.freq_mhz,
             notch.eta.real, notch.eta.imag) for band in sorted(notches) for notch in notches[band]]
    write_table(path, FIELDS, rows)


def read_tune(path: str) -> Dict[int, List[Notch]]:
    """The notches by band; refuses a file that is no tune."""
    try:
        columns = read_table(path).columns
        rows = list(zip(*(columns[field[0]] for field in FIELDS)))
    except (OSError, NotNpy, KeyError) as broken:
        raise CannotWork(f"no tune in {path}: {broken}") from broken
    notches: Dict[int, List[Notch]] = {}
    for band, channel, subband, freq, eta_real, eta_imag in rows:
        notches.setdefault(band, []).append(
            Notch(channel, subband, freq - centre_mhz(band), complex(eta_real, eta_imag)))
    return notches


def write_assignment(path: str, band: int, rows: Sequence[Assignment]) -> None:
    """Rows ``freq,subband,channel,group``, as pysmurf's ``write_master_assignment`` has them."""
    write_text(path, "".join(f"{centre_mhz(band) + row.freq_mhz:.4f},{row.subband},{row.channel},-1\n"
                             for row in rows))
