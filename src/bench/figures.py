"""What was measured: values of the floor and of the product, pair by pair, and how they compare."""

import json
import statistics


def p95(values):
    """The smallest value that 95 % of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]


class Figure:
    """
    One measure. Floor and product are taken in turns, so the n-th value of each were taken next to each other, and ratios and
    differences are those of such pairs: what else the machine does meanwhile is then in both.
    """

    def __init__(self, key, title, unit, floor=None):
        self.key = key
        self.title = title
        self.unit = unit
        self.floor_is = floor
        self.floor = []
        self.product = []
        self.aims = []
        self.notes = []

    def pair(self, floor, product):
        self.floor.append(floor)
        self.product.append(product)

    def single(self, product):
        self.product.append(product)

    def median(self):
        return statistics.median(self.product)

    def ratio(self):
        return statistics.median(p / f for f, p in zip(self.floor, self.product)) if self.floor else None

    def added(self):
        return statistics.median(p - f for f, p in zip(self.floor, self.product)) if self.floor else None

    def aim(self, text, value, most):
        """Sets an aim. `value` names a method; the aim is met if what it returns is at most `most`."""
        self.aims.append((text, value, most))

    def note(self, text):
        self.notes.append(text)

    def as_json(self):
        def spread(values):
            return {"median": statistics.median(values), "p95": p95(values), "rounds": len(values), "values": values}

        return {
            "title": self.title,
            "unit": self.unit,
            "floor_is": self.floor_is,
            "floor": spread(self.floor) if self.floor else None,
            "product": spread(self.product),
            "ratio": self.ratio(),
            "added": self.added(),
            "aims": [{"aim": text, "met": getattr(self, value)() <= most} for text, value, most in self.aims],
            "notes": self.notes,
        }


def number(value):
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def print_table(figures):
    """Prints the figures as a table in Markdown, with notes below it."""
    head = ["measure", "floor", "p95", "controller", "p95", "ratio", "added", "aim"]
    rows = []
    for figure in figures:
        aims = "; ".join(
            f"{text}: {'met' if getattr(figure, value)() <= most else 'MISSED'}" for text, value, most in figure.aims
        )
        rows.append(
            [
                f"{figure.title}, {figure.unit}",
                number(statistics.median(figure.floor)) if figure.floor else "",
                number(p95(figure.floor)) if figure.floor else "",
                number(figure.median()),
                number(p95(figure.product)),
                f"x{figure.ratio():.3g}" if figure.floor else "",
                number(figure.added()),
                aims,
            ]
        )
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() + " |")
    print()
    for figure in figures:
        for note in figure.notes:
            print(f"{figure.title}: {note}")


def write_json(path, machine, figures):
    path.write_text(
        json.dumps({"machine": machine, "figures": {figure.key: figure.as_json() for figure in figures}}, indent=2) + "\n"
    )
