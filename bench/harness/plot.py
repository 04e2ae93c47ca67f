"""Plots as SVG, by hand: bars on a logarithmic scale, and lines."""

import math
from html import escape

COLOURS = ["#0b6e4f", "#8a5fbf", "#d17b0f", "#4a7ebb", "#b3413b", "#5b6470"]
FONT = 'font-family="system-ui, sans-serif" font-size="12"'


def _text(x, y, what, anchor="start", size=12, turn=False):
    rotated = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turn else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{rotated} fill="#222">{escape(what)}</text>'


def _picture(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" {FONT}>'
            f'<rect width="{width}" height="{height}" fill="white"/>' + "".join(parts) + "</svg>\n")


def short(value):
    """A number in few characters: 12.3k."""
    if value >= 10_000:
        return f"{value / 1000:.0f}k"
    if value >= 1_000:
        return f"{value / 1000:.1f}k"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def step(most, parts=4):
    """A round distance between so many lines that reach beyond `most`."""
    rough = (most or 1) / parts
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)


def decades(low, high):
    """The powers of ten around what is shown."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def bars(title, groups, series, values):
    """Bars in groups; `values[series][group]`, more than zero, on a logarithmic scale."""
    width, height, left, top, bottom = 920, 380, 60, 60, 60
    ticks = decades(min(min(v) for v in values), max(max(v) for v in values))
    low, high = math.log10(ticks[0]), math.log10(ticks[-1])
    y = lambda value: top + (height - top - bottom) * (1 - (math.log10(value) - low) / (high - low))
    parts = [_text(left, 24, title, size=15)]
    for tick in ticks:
        parts.append(f'<line x1="{left}" x2="{width - 20}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#ddd"/>')
        parts.append(_text(left - 8, y(tick) + 4, short(tick), "end"))
    step = (width - left - 20) / len(groups)
    bar = step * 0.8 / len(series)
    for at, group in enumerate(groups):
        start = left + at * step + step * 0.1
        parts.append(_text(start + step * 0.4, height - bottom + 20, group, "middle"))
        for place in range(len(series)):
            value, x = values[place][at], start + place * bar
            parts.append(f'<rect x="{x:.1f}" y="{y(value):.1f}" width="{bar - 2:.1f}" height="{height - bottom - y(value):.1f}" '
                         f'fill="{COLOURS[place]}"/>')
            parts.append(_text(x + bar / 2 - 1, y(value) - 4, short(value), "middle", 10))
    for place, name in enumerate(series):
        x = left + place * 190
        parts.append(f'<rect x="{x}" y="{height - 24}" width="12" height="12" fill="{COLOURS[place]}"/>')
        parts.append(_text(x + 18, height - 14, name))
    return _picture(width, height, parts)


def lines(title, unit, xs, series, log_x=False):
    """Lines over common places; `series` is (name, values). The scale begins at zero."""
    width, height, left, top, bottom = 920, 320, 70, 50, 60
    most = 4 * step(max(max(values) for _, values in series))
    place = (lambda x: math.log10(x)) if log_x else (lambda x: x)
    first, last = place(xs[0]), place(xs[-1])
    x_of = lambda x: left + (width - left - 30) * ((place(x) - first) / ((last - first) or 1))
    y_of = lambda y: top + (height - top - bottom) * (1 - y / most)
    parts = [_text(left, 24, title, size=15), _text(18, top + 60, unit, "middle", turn=True)]
    for part in range(5):
        value = most * part / 4
        parts.append(f'<line x1="{left}" x2="{width - 30}" y1="{y_of(value):.1f}" y2="{y_of(value):.1f}" stroke="#ddd"/>')
        parts.append(_text(left - 8, y_of(value) + 4, short(value), "end"))
    for x in xs if len(xs) < 12 else xs[:: max(1, len(xs) // 10)]:
        parts.append(_text(x_of(x), height - bottom + 18, short(x) if log_x else f"{x:g}", "middle"))
    for at, (name, values) in enumerate(series):
        points = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in zip(xs, values))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[at % len(COLOURS)]}" stroke-width="2"/>')
        x = left + at * 140
        parts.append(f'<rect x="{x}" y="{height - 24}" width="12" height="12" fill="{COLOURS[at % len(COLOURS)]}"/>')
        parts.append(_text(x + 18, height - 14, name))
    return _picture(width, height, parts)
