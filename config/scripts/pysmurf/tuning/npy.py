"""Reading and writing numpy's .npy files, format version 1.0, without numpy.

``numpy.load`` reads what is written here. Source: numpy/lib/format.py (the format's own description).
"""
from __future__ import annotations

import os
import struct
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple, Union

MAGIC = b"\x93NUMPY\x01\x00"
ALIGNMENT = 64

Field = Union[Tuple[str, str], Tuple[str, str, int]]
"""A column: name, numpy's type code, and how many values of it a row holds."""

CODES = {"<f8": "d", "<f4": "f", "<i4": "i", "<i8": "q", "|b1": "?"}


class NotNpy(ValueError):
    """The file is not what this module writes."""


class Table(NamedTuple):
    """A structured array: its columns by name, each a list of values (or of tuples)."""

    fields: List[Field]
    columns: Dict[str, List[Any]]


def _header(description: str, rows: int) -> bytes:
    text = f"{{'descr': {description}, 'fortran_order': False, 'shape': ({rows},), }}"
    padding = -(len(MAGIC) + 2 + len(text) + 1) % ALIGNMENT
    content = (text + " " * padding + "\n").encode("latin-1")
    return MAGIC + struct.pack("<H", len(content)) + content


def _description(fields: Sequence[Field]) -> str:
    parts = []
    for field in fields:
        shape = f", ({field[2]},)" if len(field) > 2 else ""
        parts.append(f"('{field[0]}', '{field[1]}'{shape})")
    return f"[{', '.join(parts)}]"


def _row_format(fields: Sequence[Field]) -> str:
    return "<" + "".join(f"{field[2] if len(field) > 2 else 1}{CODES[field[1]]}" for field in fields)


def write_table(path: str, fields: Sequence[Field], rows: Sequence[Sequence[Any]]) -> None:
    """Write rows as a one-dimensional structured array; a column of several values takes a sequence."""
    row_format = struct.Struct(_row_format(fields))
    wide = [len(field) > 2 for field in fields]
    content = bytearray(_header(_description(fields), len(rows)))
    for row in rows:
        flat: List[Any] = []
        for several, value in zip(wide, row):
            if several:
                flat.extend(value)
            else:
                flat.append(value)
        content += row_format.pack(*flat)
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        file.write(content)
    os.replace(temporary, path)


def read_table(path: str) -> Table:
    """Read a structured array that `write_table` wrote."""
    from ast import literal_eval  # only who reads a tune pays for it

    with open(path, "rb") as file:
        content = file.read()
    if not content.startswith(MAGIC):
        raise NotNpy(f"{path} is no .npy file of version 1.0")
    length, = struct.unpack_from("<H", content, len(MAGIC))
    start = len(MAGIC) + 2 + length
    try:
        header = literal_eval(content[len(MAGIC) + 2:start].decode("latin-1"))
        fields = [tuple(field[:2]) + tuple(count for shape in field[2:] for count in shape)
                  for field in header["descr"]]
        row_format = struct.Struct(_row_format(fields))
        rows, = header["shape"]
        columns: Dict[str, List[Any]] = {field[0]: [] for field in fields}
        for row in range(rows):
            values = list(row_format.unpack_from(content, start + row * row_format.size))
            for field in fields:
                if len(field) > 2:
                    columns[field[0]].append(tuple(values[:field[2]]))
                    del values[:field[2]]
                else:
                    columns[field[0]].append(values.pop(0))
    except (ValueError, TypeError, KeyError, IndexError, SyntaxError, struct.error) as broken:
        raise NotNpy(f"{path} is not a table of numbers: {broken}") from broken
    return Table(fields, columns)
