"""Cutting performances into loops of equal length, bar by bar."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np

from workbench.arguments import whole
from workbench.datasets.captions import caption_of, facts_of
from workbench.music.clip import Clip, clips_of
from workbench.music.kit import read_lookup
from workbench.music.timeline import check_meter, meter_map, meter_names

MOST_BARS = 1000  # of a window: a shorter performance is repeated to fill it
EARLY = 0.125  # beats (half a sixteenth): a hit this early belongs to the bar line after it
LEAST_HITS = 0.5  # hits per beat; windows with fewer are omitted


def cut_loops(
    clips: Iterable[Clip], bars: int = 8, hop_bars: int = 4, *, meter: tuple[int, int] = (4, 4)
) -> list[Clip]:
    """Cut drum clips into loops of equal length.

    A window has the hits from half a sixteenth before its first bar line to half a sixteenth before
    its end. Because a loop repeats, early hits are written at its end. A performance that is
    shorter than a window is repeated to fill it, as in the drum paper (arXiv 2408.02711), and is
    marked by `labels["tiled"]`. Its period is a power of two in bars (a fill of two bars and a
    closing downbeat repeats every two bars, with the closing hit on the next downbeat).

    Windows with fewer than one hit per two beats are omitted, and so are performances without known
    bar lines (`labels["bar_lines"]` is "off", see `bar_lines.py`).

    Args:
        clips: Drum clips. Of a clip whose metre changes, only sections in `meter` are used.
        bars: Length of a loop in bars.
        hop_bars: Distance between the starts of two windows, in bars.
        meter: The metre of the loops.

    Returns:
        The loops. Labels are copied and "performance" and "start_bar" added; captions are derived
        from the traits of each window.

    Raises:
        PromptError: If a number is out of range.

    Warns:
        UserWarning: If no clip is in this metre.
    """
    bars, hop_bars = whole(bars, "bars", 1, MOST_BARS), whole(hop_bars, "hop_bars", 1)
    meter = check_meter(meter)
    bar = 4 * meter[0] / meter[1]
    clips = clips_of(clips)
    met = {tuple(clip.meter) for clip in clips}
    if met and tuple(meter) not in met:
        found = meter_names(sorted(met))
        warnings.warn(
            f"clips: all are in {found}, so nothing was cut in {meter[0]}/{meter[1]}; give meter=",
            UserWarning,
            stacklevel=2,
        )
    loops: list[Clip] = []
    for clip in clips:
        if tuple(clip.meter) != tuple(meter) or not clip.has_score:
            continue
        if (clip.labels or {}).get("bar_lines") == "off":
            continue
        notes = clip.notes
        notes = notes[notes["is_drum"] & (read_lookup()[notes["pitch"] & 127] >= 0)]
        if len(notes) == 0:
            continue
        for first, inside in _stretches(clip, notes, bars, bar):
            held = _held(inside, bar)
            if held < bars:
                parts = [(0, _tiled(inside, _period(held, inside, bar), bars, bar))]
            else:
                starts = range(0, held - bars + 1, hop_bars)
                parts = [(start, _window(inside, start * bar, bars * bar)) for start in starts]
            for start, part in parts:
                if len(part) >= LEAST_HITS * bars * bar:
                    loops.append(_loop(clip, part, first + start, bars * bar, tiled=held < bars))
    return loops


def _held(notes: np.ndarray, bar: float) -> int:
    """Return the number of bars that the notes span."""
    return max(1, int(np.ceil((notes["time"].max() + EARLY) / bar - 1e-6)))


def _stretches(
    clip: Clip, notes: np.ndarray, bars: int, bar: float
) -> list[tuple[int, np.ndarray]]:
    """Return the sections in the metre: the number of their first bar, and the notes from there on.
    Bars are counted from the first full one after a pickup. Sections shorter than `bars` are
    omitted, except the one with the most notes if all are so short."""
    times, meters = meter_map(clip.score)
    begins: list[float] = []
    ends: list[float] = []
    for start, end, meter in zip(times, np.r_[times[1:], np.inf], meters.tolist(), strict=True):
        if tuple(meter) != tuple(clip.meter):
            continue
        if ends and ends[-1] == start and (start - begins[-1]) % bar == 0:
            ends[-1] = end  # the same metre is repeated
        else:
            begins.append(start)
            ends.append(end)
    found = []
    for start, end in zip(begins, ends, strict=True):
        inside = (notes["time"] >= start - EARLY) & (notes["time"] < end - EARLY)
        if inside.any():
            part = notes[inside].copy()
            part["time"] -= start
            found.append((int(np.searchsorted(clip.bar_lines, start - EARLY)), part))
    long = [(first, part) for first, part in found if _held(part, bar) >= bars]
    return long or sorted(found, key=lambda stretch: -len(stretch[1]))[:1]


def _window(notes: np.ndarray, start: float, beats: float) -> np.ndarray:
    """Return the notes of a window; hits before `start` wrap to its end."""
    time = notes["time"]
    part = notes[(time >= start - EARLY) & (time < start + beats - EARLY)].copy()
    part["time"] = (part["time"] - start) % beats
    return part[np.lexsort((part["pitch"], part["time"]))]


def _period(held: int, notes: np.ndarray, bar: float) -> int:
    """Return the period of a short performance in bars: a power of two, without a closing hit."""
    last = notes["time"] >= (held - 1) * bar - EARLY
    if held > 1 and np.all(notes["time"][last] < (held - 1) * bar + 2 * EARLY):
        held -= 1
    return 1 << (held.bit_length() - 1)


def _tiled(notes: np.ndarray, period: int, bars: int, bar: float) -> np.ndarray:
    """Repeat the first `period` bars, with a closing hit on the downbeats after them."""
    beats, length = bars * bar, period * bar
    body = _window(notes, 0.0, length)
    time = notes["time"]
    closing = notes[(time >= length - EARLY) & (time < length + 2 * EARLY)].copy()
    closing["time"] -= length
    if len(closing) and time.max() >= length + 2 * EARLY:
        closing = closing[:0]  # the music continues, so it is not a closing hit
    opening = body["time"] < 2 * EARLY
    fresh = ~np.isin(closing["pitch"], body["pitch"][opening])
    once = np.concatenate([body, closing[fresh]])
    copies = []
    for repeat in range(-(-bars // period)):
        copy = once.copy()
        copy["time"] += repeat * length
        copies.append(copy)
    tiled = np.concatenate(copies)
    tiled = tiled[tiled["time"] < beats]
    tiled["time"] %= beats
    return tiled[np.lexsort((tiled["pitch"], tiled["time"]))]


def _loop(clip: Clip, notes: np.ndarray, start: int, beats: float, *, tiled: bool) -> Clip:
    labels = dict(clip.labels or {}) | {"start_bar": start, "tiled": tiled}
    labels.setdefault("performance", clip.source)
    loop = Clip.from_notes(
        notes,
        tempo=clip.tempo,
        meter=clip.meter,
        beats=beats,
        drums=True,
        source=clip.source,
        labels=labels,
    )
    loop.caption = caption_of(facts_of(loop))
    return loop
