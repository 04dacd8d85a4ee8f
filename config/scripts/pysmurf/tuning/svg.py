"""Charts as SVG: axes with ticks, lines, points, boxes and notes, readable at 600 pixels width."""
from __future__ import annotations

from math import ceil, floor, log10
from typing import List, NamedTuple, Optional, Sequence, Tuple

WIDTH, HEIGHT = 800, 500
FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
INK, GRID, PAPER = "#1b2733", "#dde3e8", "#ffffff"
BLUE, ORANGE, GREEN, RED, GREY = "#1f6fb2", "#d9730d", "#2e8b57", "#c0392b", "#8a97a3"

Range = Tuple[float, float]
Marks = List[Tuple[float, str]]


class Box(NamedTuple):
    """A rectangle on the sheet, in units of the view box."""

    left: float
    top: float
    width: float
    height: float


WHOLE = Box(82, 56, 694, 384)


def ticks(low: float, high: float, wanted: int) -> List[float]:
    """Round numbers within a range, about as many as wanted."""
    span = high - low
    if span <= 0:
        return [low]
    rough = span / max(wanted, 1)
    power = 10.0 ** floor(log10(rough))
    step = next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= rough * 0.999), 10 * power)
    first = ceil(low / step - 1e-9)
    last = floor(high / step + 1e-9)
    return [place * step for place in range(first, last + 1)]


def tick_text(value: float, step: float) -> str:
    decimals = max(0, -floor(log10(abs(step)) + 1e-9)) if step else 0
    text = f"{value:.{decimals}f}"
    if float(f"{step:.{decimals}f}") != float(f"{step:.6g}"):
        text = f"{value:.{decimals + 1}f}"
    return "0" if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def marks(low: float, high: float, wanted: int) -> Marks:
    """Ticks with their texts, for a linear axis."""
    places = ticks(low, high, wanted)
    step = places[1] - places[0] if len(places) > 1 else 1.0
    return [(place, tick_text(place, step)) for place in places]


def count_marks(high: float, wanted: int) -> Marks:
    """Ticks at whole numbers from 0, for an axis that counts."""
    step = max(ceil(high / wanted), 1)
    return [(float(place), str(place)) for place in range(0, floor(high) + 1, step)]


def decade_marks(low: float, high: float) -> Marks:
    """Ticks at 1, 2 and 5 of each decade, for an axis of log10 of the values."""
    found = []
    for decade in range(floor(low), ceil(high) + 1):
        for digit in (1, 2, 5):
            place = log10(digit) + decade
            if low <= place <= high:
                found.append((place, f"{digit * 10.0 ** decade:g}"))
    return found


def around(values: Sequence[float], margin: float = 0.06) -> Range:
    """The range of the values with some room; never empty."""
    low, high = min(values), max(values)
    room = (high - low) * margin or max(abs(high), 1.0) * margin
    return low - room, high + room


class Panel:
    """A pair of axes; the methods take values in the axes' units."""

    def __init__(self, box: Box, x_range: Range, y_range: Range, x_label: str, y_label: str,
                 font: int = 16, x_ticks: int = 7, y_ticks: int = 6,
                 x_marks: Optional[Marks] = None, y_marks: Optional[Marks] = None) -> None:
        self.box = box
        self.x_range, self.y_range = x_range, y_range
        self._font = font
        self._parts: List[str] = []
        self._frame(x_label, y_label, x_marks or marks(*x_range, x_ticks),
                    y_marks or marks(*y_range, y_ticks))
        self._marks: List[str] = []

    def x(self, value: float) -> float:
        low, high = self.x_range
        return self.box.left + (value - low) / (high - low) * self.box.width

    def y(self, value: float) -> float:
        low, high = self.y_range
        return self.box.top + self.box.height - (value - low) / (high - low) * self.box.height

    def _frame(self, x_label: str, y_label: str, x_marks: Marks, y_marks: Marks) -> None:
        left, top, width, height = self.box
        bottom, small = top + height, self._font - 2
        add = self._parts.append
        for value, text in x_marks:
            add(f'<path d="M{self.x(value):.1f} {top}V{bottom}" stroke="{GRID}"/>')
            add(_text(self.x(value), bottom + small + 6, text, small, "middle"))
        for value, text in y_marks:
            add(f'<path d="M{left} {self.y(value):.1f}H{left + width}" stroke="{GRID}"/>')
            add(_text(left - 7, self.y(value) + small * 0.36, text, small, "end"))
        add(_text(left + width / 2, bottom + small + 12 + self._font * 1.15, x_label, self._font, "middle"))
        across = top + height / 2
        longest = max([len(text) for _, text in y_marks], default=1)
        side = max(left - 13 - small * 0.58 * longest - self._font * 0.3, self._font)
        add(f'<g transform="rotate(-90 {side:.1f} {across:.1f})">'
            + _text(side, across, y_label, self._font, "middle") + "</g>")

    def line(self, xs: Sequence[float], ys: Sequence[float], colour: str, width: float = 1.5,
             dashes: str = "") -> None:
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in zip(xs, ys))
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._marks.append(f'<polyline points="{path}" fill="none" stroke="{colour}" '
                           f'stroke-width="{width}" stroke-linejoin="round"{dashed}/>')

    def points(self, xs: Sequence[float], ys: Sequence[float], colour: str, size: float = 4,
               opacity: float = 0.8) -> None:
        self._marks += [f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="{size}" fill="{colour}" '
                        f'fill-opacity="{opacity}"/>' for x, y in zip(xs, ys)]

    def crosses(self, xs: Sequence[float], ys: Sequence[float], colour: str, size: float = 5) -> None:
        path = "".join(f"M{self.x(x) - size:.1f} {self.y(y) - size:.1f}l{2 * size} {2 * size}"
                       f"m0 {-2 * size}l{-2 * size} {2 * size}" for x, y in zip(xs, ys))
        self._marks.append(f'<path d="{path}" stroke="{colour}" stroke-width="2" fill="none"/>')

    def rectangle(self, x_range: Range, y_range: Range, colour: str, opacity: float = 0.15,
                  outline: Optional[str] = None) -> None:
        left, right = (self.x(min(max(value, self.x_range[0]), self.x_range[1])) for value in x_range)
        low, high = (self.y(min(max(value, self.y_range[0]), self.y_range[1])) for value in y_range)
        edge = f' stroke="{outline}" stroke-width="2" stroke-dasharray="8 5"' if outline else ""
        self._marks.append(f'<rect x="{left:.1f}" y="{high:.1f}" width="{max(right - left, 0):.1f}" '
                           f'height="{max(low - high, 0):.1f}" fill="{colour}" '
                           f'fill-opacity="{opacity}"{edge}/>')

    def upright(self, x: float, colour: str, width: float = 2, dashes: str = "6 4") -> None:
        self.line([x, x], list(self.y_range), colour, width, dashes)

    def note(self, lines: Sequence[str], bottom: bool = False, font: Optional[int] = None) -> None:
        """A few lines of text on a light ground, in a corner on the left."""
        font = font or self._font
        width = max(len(line) for line in lines) * font * 0.51 + 18
        height = len(lines) * font * 1.3 + 10
        left = self.box.left + 10
        top = self.box.top + self.box.height - height - 10 if bottom else self.box.top + 10
        self._ground(left, top, width, height, "#fdf6e3", "#d8cba0")
        self._marks += [_text(left + 9, top + 5 + font * (1.3 * place + 1), line, font)
                        for place, line in enumerate(lines)]

    def _ground(self, left: float, top: float, width: float, height: float, fill: str, edge: str) -> None:
        self._marks.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" '
                           f'rx="4" fill="{fill}" fill-opacity="0.92" stroke="{edge}"/>')

    def legend(self, entries: Sequence[Tuple[str, str, str]]) -> None:
        """In the upper right corner: (label, colour, mark), mark one of line, dashes, area, point, cross."""
        font = self._font - 2
        width = max(len(label) for label, _, _ in entries) * font * 0.55 + 52
        height = len(entries) * font * 1.5 + 8
        left = self.box.left + self.box.width - width - 10
        top = self.box.top + 10
        self._ground(left, top, width, height, PAPER, GRID)
        for place, (label, colour, mark) in enumerate(entries):
            y = top + 4 + font * 1.5 * (place + 0.5)
            if mark == "area":
                self._marks.append(f'<rect x="{left + 11:.1f}" y="{y - 6:.1f}" width="22" height="12" '
                                   f'fill="{colour}" fill-opacity="0.4"/>')
            elif mark == "point":
                self._marks.append(f'<circle cx="{left + 22:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>')
            elif mark == "cross":
                self._marks.append(f'<path d="M{left + 17:.1f} {y - 5:.1f}l10 10m0 -10l-10 10" '
                                   f'stroke="{colour}" stroke-width="2"/>')
            else:
                dashed = ' stroke-dasharray="6 4"' if mark == "dashes" else ""
                self._marks.append(f'<path d="M{left + 9:.1f} {y:.1f}h26" stroke="{colour}" '
                                   f'stroke-width="2.5"{dashed}/>')
            self._marks.append(_text(left + 43, y + font * 0.36, label, font))

    def render(self, number: int) -> str:
        left, top, width, height = self.box
        frame = f'x="{left}" y="{top}" width="{width}" height="{height}"'
        return ("".join(self._parts)
                + f'<clipPath id="panel{number}"><rect {frame}/></clipPath>'
                + f'<g clip-path="url(#panel{number})">' + "".join(self._marks)
                + f'</g><rect {frame} fill="none" stroke="{INK}" stroke-width="1.2"/>')


def _text(x: float, y: float, text: str, size: float, anchor: str = "start", weight: str = "normal") -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'font-weight="{weight}" fill="{INK}">{_escaped(text)}</text>')


def _escaped(text: str) -> str:
    # xml.sax would bring half of urllib along, for which every stage would wait.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def sheet(title: str, panels: Sequence[Panel], notes: Sequence[str] = ()) -> str:
    """A whole picture: title on top, the panels, and a line of small print below the title."""
    body = "".join(panel.render(number) for number, panel in enumerate(panels))
    small = "".join(_text(WIDTH / 2, 44 + 16 * place, note, 13, "middle") for place, note in enumerate(notes))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
            f'height="{HEIGHT}" font-family="{FONTS}">'
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>'
            + _text(WIDTH / 2, 26, title, 18, "middle", "bold") + small + body + "</svg>\n")
