"""Sixteenths of a bar, and of a loop, on which named places fall."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.representations.drum_chart import bar_steps, pulse_steps
from workbench.systems.drum_ldm.items import Steps, is_pattern


def loop_cells(
    steps: Steps, bars: Iterable[int], meter: tuple[int, int], swung: bool, own: bool
) -> list[int]:
    """Return the sixteenths of the loop on which places fall.

    Args:
        steps: The places.
        bars: Bars of the loop, from 0.
        meter: Metre of the loop.
        swung: Whether the second of two eighths is late.
        own: Whether places are counted in the metre of their row of the lexicon, and may go on in
            the next bar.
    """
    size = bar_steps(meter)
    if own:
        places = [p for n in steps.names for p in bar_cells(n, meter, swung, True, True)]
        period = max(1, max(places, default=0) // size + 1)
        cells: list[int] = []
        for bar in bars:
            first = (bar % period) * size
            cells += [bar * size + p - first for p in places if 0 <= p - first < size]
        return cells
    places = [p for n in steps.names for p in bar_cells(n, meter, swung, steps.count)]
    return [bar * size + p for bar in bars for p in places]


def bar_cells(
    name: str,
    meter: tuple[int, int],
    swung: bool = False,
    count: bool = False,
    beyond: bool = False,
) -> list[int]:
    """Return the sixteenths of a bar on which a place falls; none if the metre does not have it.

    Args:
        name: A place: "2", "4&", "offbeat", "x..x..x.".
        meter: Metre of the bar.
        swung: Whether the second of two eighths is late.
        count: Whether figures count the metre's lower figure; otherwise beats.
        beyond: Whether counts may go on in the next bar.
    """
    top, bottom = meter
    size, pulses = bar_steps(meter), list(pulse_steps(meter))
    late = 3 if swung and bottom == 4 else 2  # the second eighth of a beat
    if is_pattern(name):
        unit = size // len(name) if size % len(name) == 0 else 0
        return [k * unit for k, mark in enumerate(name) if mark == "x" and unit]
    if name.startswith("even"):
        return _even(int(name[4:]), size)
    if name == "beat":
        return pulses
    if name in ("e", "a"):
        return [p + (1 if name == "e" else 3) for p in range(0, size, 4) if p + 3 < size]
    if name == "sixteenth":
        return list(range(size))
    if name in ("eighth", "offbeat"):
        if bottom == 4:
            eighths = [p + second for p in pulses for second in (0, late)]
        else:
            eighths = list(range(0, size, 2))
        return [p for p in eighths if name == "eighth" or p not in pulses]
    if name.startswith("last"):
        return pulses[-int(name[4:] or 1) :]
    number, sub = int(name.rstrip("&ea")), name.lstrip("0123456789")
    if not count and bottom == 8:  # the lexicon's counts are beats, those of the metre eighths
        if not 1 <= number <= len(pulses):
            return []
        compound = top % 3 == 0
        return [pulses[number - 1] + {"": 0, "e": 1, "&": 2, "a": 4 if compound else 3}[sub]]
    if not 1 <= number <= (number if beyond else top):
        return []
    unit = 16 // bottom
    part = {"": 0, "e": 1, "&": late, "a": 3}[sub] if unit == 4 else {"": 0}.get(sub, 1)
    return [(number - 1) * unit + part]


def _even(number: int, size: int) -> list[int]:
    """Return as many places at equal distances, on eighths if these are enough."""
    unit = 2 if 2 * number <= size else 1
    return [int(size * k / number / unit + 0.5) * unit for k in range(min(number, size))]
