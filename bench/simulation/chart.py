"""A small chart of a run: waiting recordings and workers over the day, as SVG."""

from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape

from bench.simulation.outcome import Sample

_WIDTH, _HEIGHT, _LEFT, _TOP = 720, 170, 70, 30
_PLOT = 620
_COLORS = ("#0b6e99", "#c2571a", "#3d7a36", "#7a3d8f", "#a08a00", "#444444", "#d0006f")


def chart(runs: Mapping[str, Sequence[Sample]]) -> str:
    """Return the SVG of several runs, by title."""
    panels = (
        ("Recordings that wait", lambda sample: float(sample.queued)),
        ("Workers", lambda sample: float(sum(sample.workers))),
        ("Working workers", lambda sample: float(sum(sample.busy))),
    )
    height = len(panels) * _HEIGHT + 24 * len(runs) + 20
    body = [_panel(place, title, read, runs) for place, (title, read) in enumerate(panels)]
    body += [_legend(place, title, len(panels)) for place, title in enumerate(runs)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _panel(
    place: int,
    title: str,
    read: Callable[[Sample], float],
    runs: Mapping[str, Sequence[Sample]],
) -> str:
    top = place * _HEIGHT + _TOP
    bottom = top + _HEIGHT - 55
    end = max(sample.at for samples in runs.values() for sample in samples) or 1.0
    most = max(read(sample) for samples in runs.values() for sample in samples) or 1.0
    lines = [
        f'<text x="{_LEFT}" y="{top - 8}" font-weight="bold">{escape(title)}</text>',
        f'<path d="M{_LEFT} {top}V{bottom}H{_LEFT + _PLOT}" fill="none" stroke="#666"/>',
        f'<text x="{_LEFT - 6}" y="{top + 10}" text-anchor="end">{most:,.0f}</text>',
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>',
    ]
    for hour in range(0, int(end // 3600) + 1, 6):
        x = _LEFT + _PLOT * hour * 3600 / end
        lines.append(f'<text x="{x:.0f}" y="{bottom + 15}" text-anchor="middle">{hour} h</text>')
    for color, samples in zip(_COLORS, runs.values(), strict=False):
        points = " ".join(
            f"{_LEFT + _PLOT * sample.at / end:.1f},"
            f"{bottom - (bottom - top) * read(sample) / most:.1f}"
            for sample in samples
        )
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>'
        )
    return "\n".join(lines)


def _legend(place: int, title: str, panels: int) -> str:
    y = panels * _HEIGHT + 20 + 24 * place
    color = _COLORS[place % len(_COLORS)]
    return (
        f'<rect x="{_LEFT}" y="{y - 9}" width="14" height="10" fill="{color}"/>'
        f'<text x="{_LEFT + 22}" y="{y}">{escape(title)}</text>'
    )
