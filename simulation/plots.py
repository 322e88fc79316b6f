"""How is a plot drawn, without a library and always with the same bytes?"""

from collections.abc import Sequence
from html import escape

from simulation.study import Plot

_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 150, 40, 50
_COLOURS = ("#777777", "#d95f02", "#7570b3", "#1b9e77")
_STEPS = 5


def drawn(plot: Plot) -> str:
    """The plot as SVG: lines with the whiskers of their confidence intervals."""
    top = _round_top(max(each.high for line in plot.lines.values() for each in line))
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'font-family="sans-serif" font-size="12">'
        ),
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_LEFT, 22, plot.title, weight="bold"),
        *_axes(plot, top),
    ]
    for number, (name, line) in enumerate(plot.lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        spots = [(_across(place, len(line)), each) for place, each in enumerate(line)]
        points = " ".join(f"{x:.1f},{_up(each.mean, top):.1f}" for x, each in spots)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        for x, each in spots:
            low, high = _up(max(0.0, each.low), top), _up(each.high, top)
            shifted = x + 2 * number - 3
            parts.append(_line(shifted, low, shifted, high, colour))
        y = _TOP + 18 * number + 8
        parts.append(_line(_WIDTH - _RIGHT + 15, y, _WIDTH - _RIGHT + 35, y, colour))
        parts.append(_text(_WIDTH - _RIGHT + 40, y + 4, name))
    return "\n".join([*parts, "</svg>", ""])


def _axes(plot: Plot, top: float) -> list[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for step in range(_STEPS + 1):
        value = top * step / _STEPS
        y = _up(value, top)
        parts += [
            _line(_LEFT, y, right, y, "#dddddd"),
            _text(_LEFT - 6, y + 4, f"{value:g}", "end"),
        ]
    parts += [
        _text(_across(place, len(plot.ticks)), bottom + 18, each, "middle")
        for place, each in enumerate(plot.ticks)
    ]
    parts.append(_text((_LEFT + right) / 2, _HEIGHT - 10, plot.across, "middle"))
    parts.append(_text(6, _TOP - 4, plot.up))
    return parts


def _across(place: int, count: int) -> float:
    return _LEFT + 20 + (_WIDTH - _RIGHT - _LEFT - 40) * place / max(1, count - 1)


def _up(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * min(value, top) / top


def _round_top(most: float) -> float:
    steps: Sequence[float] = (1, 2, 2.5, 5, 10)
    size = 1e-3
    while True:
        for each in steps:
            if each * size >= most:
                return each * size
        size *= 10


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        'stroke-width="1.2"/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(text)}</text>"
    )
