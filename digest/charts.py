"""Counts by day as a picture: a stacked bar a day, in SVG that stands in a page (SVG 2; pure).

Colours and fonts are the page's (`.chart .s0`, `.s1` …), so that a strict Content-Security-Policy holds and dark pages
have dark pictures. What the picture shows is also its description, for those who do not see it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from digest.days import short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

WIDTH, HEIGHT = 640, 160
"""Units of the picture; it is as wide as its place in the page."""

SERIES = 6
"""Colours there are; of more names the rest is drawn in the last one."""

_LEFT, _BOTTOM, _TOP = 44, 22, 8
_GAP = 0.25


def bars(title: str, days: Sequence[date], counts: Mapping[date, Mapping[str, int]], names: Sequence[str]) -> Markup:
    """A picture of the counts of these names on these days, in order of time; days without counts are empty."""
    values = [[max(counts.get(day, {}).get(name, 0), 0) for name in names] for day in days]
    top = _rounded_up(max((sum(each) for each in values), default=0))
    step = (WIDTH - _LEFT) / max(len(days), 1)
    drawn = [
        _bar(_LEFT + place * step, step * (1 - _GAP), each, top, _told(day, names, each))
        for place, (day, each) in enumerate(zip(days, values, strict=True))
    ]
    total = sum(map(sum, values))
    described = f"{total:,} in {len(days)} days, at most {max(map(sum, values), default=0):,} on one."
    labels = (
        [_label(days[place], _LEFT + (place + 0.5) * step) for place in sorted({0, len(days) // 2, len(days) - 1})]
        if days
        else []
    )
    return Markup(
        '<svg class="chart" role="img" viewBox="0 0 {width} {height}" preserveAspectRatio="xMidYMid meet">'
        "<title>{title}</title><desc>{described}</desc>{grid}{bars}{labels}</svg>"
    ).format(
        width=WIDTH,
        height=HEIGHT,
        title=title,
        described=described,
        grid=_grid(top),
        bars=Markup("").join(drawn),
        labels=Markup("").join(labels),
    )


def _bar(left: float, width: float, values: Sequence[int], top: int, told: str) -> Markup:
    parts, base = [], 0
    for place, value in enumerate(values):
        if value:
            high = _height(value, top)
            y = _floor() - _height(base, top) - high
            kind = min(place, SERIES - 1)
            parts.append(
                Markup('<rect class="s{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                    kind, left, y, width, high
                )
            )
            base += value
    return Markup("<g><title>{}</title>{}</g>").format(told, Markup("").join(parts)) if parts else Markup("")


def _grid(top: int) -> Markup:
    lines = []
    for value in sorted({0, top // 2, top}):
        y = _floor() - _height(value, top)
        lines.append(
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
                '<text x="{}" y="{:.1f}" text-anchor="end">{}</text>'
            ).format(_LEFT, WIDTH, y, y, _LEFT - 6, y + 4, f"{value:,}")
        )
    return Markup("").join(lines)


def _label(day: date, x: float) -> Markup:
    anchor = "start" if x < WIDTH / 4 else "end" if x > 3 * WIDTH / 4 else "middle"
    return Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(x, HEIGHT - 4, anchor, short(day))


def _told(day: date, names: Sequence[str], values: Sequence[int]) -> str:
    counted = ", ".join(f"{name} {value:,}" for name, value in zip(names, values, strict=True) if value)
    return f"{short(day)}: {counted}"


def _height(value: int, top: int) -> float:
    return (_floor() - _TOP) * value / top


def _floor() -> float:
    return HEIGHT - _BOTTOM


def _rounded_up(value: int) -> int:
    """The least 1, 2 or 5 times a power of ten that is not less; 1 for nothing, so that the axis has a length."""
    unit = 1
    while True:
        for step in (1, 2, 5):
            if step * unit >= value:
                return step * unit
        unit *= 10
