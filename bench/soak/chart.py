"""Series of a run as SVG, one panel for each kind of figure."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _LEFT, _TOP, _PLOT = 860, 190, 70, 30, 560
_COLORS = (
    "#0b6e99",
    "#c2571a",
    "#3d7a36",
    "#7a3d8f",
    "#a08a00",
    "#444444",
    "#d0006f",
    "#2aa198",
    "#b58900",
    "#6c71c4",
)
_LABELS_BELOW = 12
Panel = Mapping[str, Sequence[float]]


def chart(times: Sequence[float], panels: Mapping[str, Panel], *, warm_up: float) -> str:
    """Return the SVG. `times` are seconds since the start, `warm_up` is the end of that part."""
    height = len(panels) * _HEIGHT + 30
    body = [
        _panel(place, title, times, series, warm_up)
        for place, (title, series) in enumerate(panels.items())
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _panel(place: int, title: str, times: Sequence[float], series: Panel, warm_up: float) -> str:
    top = place * _HEIGHT + _TOP
    bottom = top + _HEIGHT - 60
    end = times[-1] or 1.0
    most = max((value for values in series.values() for value in values), default=0.0) or 1.0
    shaded = _PLOT * warm_up / end
    lines = [
        f'<rect x="{_LEFT}" y="{top}" width="{shaded:.1f}" height="{bottom - top}" fill="#eee"/>',
        f'<text x="{_LEFT}" y="{top - 8}" font-weight="bold">{escape(title)}</text>',
        f'<path d="M{_LEFT} {top}V{bottom}H{_LEFT + _PLOT}" fill="none" stroke="#666"/>',
        f'<text x="{_LEFT - 6}" y="{top + 10}" text-anchor="end">{most:,.0f}</text>',
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>',
    ]
    for quarter in range(5):
        x = _LEFT + _PLOT * quarter / 4
        minutes = end * quarter / 4 / 60
        lines.append(
            f'<text x="{x:.0f}" y="{bottom + 16}" text-anchor="middle">{minutes:.1f} min</text>'
        )
    for number, (name, values) in enumerate(series.items()):
        color = _COLORS[number % len(_COLORS)]
        points = " ".join(
            f"{_LEFT + _PLOT * at / end:.1f},{bottom - (bottom - top) * value / most:.1f}"
            for at, value in zip(times, values, strict=True)
        )
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>'
        )
        y = top + _LABELS_BELOW * (number + 1)
        lines.append(f'<text x="{_LEFT + _PLOT + 10}" y="{y}" fill="{color}">{escape(name)}</text>')
    return "\n".join(lines)
