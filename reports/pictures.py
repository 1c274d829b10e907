"""Pictures as SVG: text as outlines, so that they look alike everywhere, and nothing in them to be loaded or run."""

import io
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reports.report import Picture, Shape, plainly

COLOURS: Final = ("#1f4e79", "#5b9bd5", "#c9c9c9", "#c55a11", "#7f7f7f", "#a5c8a0")
"""Told apart in print without colour too: dark, middle, light."""

DARK: Final = {0, 3, 4}
ROOM: Final = 0.07
"""The share of the highest bar from which a part has room for its number."""

WIDTH, HEIGHT, LYING = 7.0, 2.1, 0.2
"""Inches; the last for each bar that lies."""

_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",  # it comes with matplotlib
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
}
_NOTHING: Final = dict.fromkeys(("Date", "Creator", "Format", "Type"))
"""Of the picture's metadata: the same numbers give the same bytes."""

_IDS: Final = re.compile(r'(?<= id=")|(?<="#)|(?<=url\(#)')


def as_svg(picture: Picture, name: str) -> str:
    """A picture to be put into a page. Its IDs begin with a name, so that several can stand in one page."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        tall = LYING * max(len(picture.names) * len(picture.series), 4) + 0.6
        figure = Figure(figsize=(WIDTH, tall if picture.shape is Shape.LEVEL else HEIGHT), layout="constrained")
        axes = figure.subplots()
        _DRAWN[picture.shape](axes, picture)
        if len(picture.series) > 1:
            figure.legend(loc="outside upper right", ncols=len(picture.series), frameon=False)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=_NOTHING)
    svg = text.getvalue()
    return _IDS.sub(f"{name}-", svg[svg.index("<svg") :])


def _stacked(axes: Axes, picture: Picture) -> None:
    bottom = [0.0] * len(picture.names)
    highest = max(sum(column) for column in zip(*(_numbers(series.values) for series in picture.series), strict=True))
    for number, series in enumerate(picture.series):
        heights = _numbers(series.values)
        bars = axes.bar(picture.names, heights, 0.62, bottom=bottom, label=series.name, **_look(number))
        room = [_text(v) if height > highest * ROOM else "" for v, height in zip(series.values, heights, strict=True)]
        colour = "white" if number in DARK else "black"
        axes.bar_label(bars, labels=room, label_type="center", fontsize=7, color=colour)
        bottom = [below + height for below, height in zip(bottom, heights, strict=True)]
    _upright(axes, picture)


def _bars(axes: Axes, picture: Picture) -> None:
    width = 0.8 / len(picture.series)
    for number, series in enumerate(picture.series):
        places = [place + (number - (len(picture.series) - 1) / 2) * width for place in range(len(picture.names))]
        bars = axes.bar(places, _numbers(series.values), width, label=series.name, **_look(number))
        if len(picture.names) * len(picture.series) <= 24:
            axes.bar_label(bars, labels=[_text(value) for value in series.values], fontsize=7, padding=1)
    axes.set_xticks(range(len(picture.names)), picture.names)
    _upright(axes, picture)


def _curve(axes: Axes, picture: Picture) -> None:
    *bars, line = picture.series
    for number, series in enumerate(bars):
        axes.bar(picture.names, _numbers(series.values), 0.62, label=series.name, **_look(number))
    axes.plot(picture.names, _numbers(line.values), color=COLOURS[3], marker="o", markersize=3, label=line.name)
    _upright(axes, picture)


def _level(axes: Axes, picture: Picture) -> None:
    height = 0.8 / len(picture.series)
    for number, series in enumerate(picture.series):
        places = [place + number * height for place in range(len(picture.names))]
        bars = axes.barh(places, _numbers(series.values), height, label=series.name, **_look(number))
        axes.bar_label(bars, labels=[_text(value) for value in series.values], fontsize=7, padding=2)
    middle = height * (len(picture.series) - 1) / 2
    axes.set_yticks([place + middle for place in range(len(picture.names))], picture.names)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(picture.counted)


_DRAWN: Final = {Shape.STACKED: _stacked, Shape.BARS: _bars, Shape.CURVE: _curve, Shape.LEVEL: _level}


def _upright(axes: Axes, picture: Picture) -> None:
    axes.grid(visible=False, axis="x")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(picture.counted)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))


def _look(number: int) -> dict[str, Any]:
    return {"color": COLOURS[number % len(COLOURS)], "edgecolor": "white", "linewidth": 0.5}


def _numbers(values: Sequence[int | Decimal | None]) -> list[float]:
    """What is drawn: nothing where there is no number."""
    return [float(value or 0) for value in values]


def _text(value: int | Decimal | None) -> str:
    return "" if value is None else plainly(value)
