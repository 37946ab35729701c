"""Calibration: how often somebody is right who is 80 % sure. As a picture, and in words."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.course.record import Predicted
from workbench.evaluation.intervals import share_interval

BANDS = ((0, 45), (45, 70), (70, 90), (90, 101))  # percent: a guess, unsure, fairly sure, certain
ENOUGH = 10  # predictions, from which on confidence and hits are compared in words
_LEFT, _TOP, _SIDE = 44, 22, 200  # of the square in the picture, in pixels


@dataclass(frozen=True)
class Band:
    """The decided predictions within a range of confidence. confidence, share: their mean
    confidence and the share of correct ones, from 0 to 1; low, high: Wilson's interval of it."""

    n: int
    hits: int
    confidence: float
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.hits / self.n


def bands(predictions: Sequence[Predicted]) -> list[Band]:
    """The bands of BANDS that contain predictions, from unsure to certain."""
    found = []
    for low, high in BANDS:
        inside = [p for p in predictions if low <= p.confidence < high]
        if inside:
            hits = sum(p.correct for p in inside)
            mean = sum(p.confidence for p in inside) / len(inside) / 100
            found.append(Band(len(inside), hits, mean, *share_interval(hits, len(inside))))
    return found


def brier(predictions: Sequence[Predicted]) -> float:
    """The mean squared difference between confidence and outcome: 0 is perfect, 0.25 is what 50 %
    for every prediction gets.

    Source:
        Brier, 1950.
    """
    errors = [(p.confidence / 100 - p.correct) ** 2 for p in predictions]
    return sum(errors) / len(errors)


def in_words(predictions: Sequence[Predicted]) -> str:
    """Hits, mean confidence and Brier score in two or three sentences; "" for no predictions."""
    n = len(predictions)
    if not n:
        return ""
    hits = sum(p.correct for p in predictions)
    mean = sum(p.confidence for p in predictions) / n
    said = (
        f"{hits} of {n} predictions correct ({100 * hits / n:.0f} %), mean confidence "
        f"{mean:.0f} %, Brier score {brier(predictions):.2f} (0 is perfect, 0.25 is 50 % "
        "confidence each time)."
    )
    if n < ENOUGH:
        return f"{said} These are too few to judge your confidence."
    low, high = share_interval(hits, n)
    if mean / 100 > high:
        return f"{said} You are more confident than you are correct."
    if mean / 100 < low:
        return f"{said} You are correct more often than you expect."
    return f"{said} Your confidence agrees with your hits, as far as {n} predictions can tell."


def picture(predictions: Sequence[Predicted]) -> str:
    """The calibration plot as SVG in the page's own colour: a point per band, with its interval.
    On the diagonal, confidence and hits agree. "" for no predictions."""
    found = bands(predictions)
    if not found:
        return ""
    words = "; ".join(
        f"{band.confidence:.0%} sure, {band.share:.0%} correct ({band.hits} of {band.n})"
        for band in found
    )
    right, bottom = _LEFT + _SIDE, _TOP + _SIDE
    parts = [
        f"<rect x='{_LEFT}' y='{_TOP}' width='{_SIDE}' height='{_SIDE}' fill='none' "
        "stroke='currentColor' opacity='.5'/>",
        f"<line x1='{_LEFT}' y1='{bottom}' x2='{right}' y2='{_TOP}' stroke='currentColor' "
        "stroke-dasharray='4 4' opacity='.6'/>",
    ]
    for tick in (0, 50, 100):
        x, y = _at(tick / 100, tick / 100)
        parts.append(f"<text x='{x:.0f}' y='{bottom + 15}' text-anchor='middle'>{tick}</text>")
        parts.append(f"<text x='{_LEFT - 6}' y='{y + 4:.0f}' text-anchor='end'>{tick}</text>")
    for band in found:
        x, y = _at(band.confidence, band.share)
        top, low = _at(0, band.high)[1], _at(0, band.low)[1]
        parts.append(
            f"<line x1='{x:.1f}' y1='{top:.1f}' x2='{x:.1f}' y2='{low:.1f}' "
            "stroke='currentColor' stroke-width='1.5' opacity='.7'/>"
            f"<circle cx='{x:.1f}' cy='{y:.1f}' r='5' fill='#0b7bd8' stroke='currentColor'/>"
            f"<text x='{x:.1f}' y='{y - 9:.1f}' text-anchor='middle'>{band.hits}/{band.n}</text>"
        )
    middle = _LEFT + _SIDE / 2
    parts.append(
        f"<text x='{middle}' y='{bottom + 32}' text-anchor='middle'>confidence (%)</text>"
        f"<text transform='translate(11 {_TOP + _SIDE / 2}) rotate(-90)' "
        "text-anchor='middle'>correct (%)</text>"
    )
    width, height = right + 20, bottom + 40
    name = html.escape(f"Calibration: {words}")
    return (
        f"<svg class='wb-calibration' role='img' aria-label='{name}' width='{width}' "
        f"height='{height}' viewBox='0 0 {width} {height}' fill='currentColor' "
        f"font-family='system-ui, sans-serif' font-size='12'>{''.join(parts)}</svg>"
    )


def _at(confidence: float, share: float) -> tuple[float, float]:
    """Position of a point in the picture."""
    return _LEFT + _SIDE * confidence, _TOP + _SIDE * (1 - share)
