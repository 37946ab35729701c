"""What a prompt asks of a drum loop, in facts: a `DrumChart`, a tempo and a style.

The denoiser receives these facts beside the text vector, so that "no snare" does not depend on a
sentence embedding. Reading has five steps:

    scanning.py   text → items: things, places and words of the grammar, from `lexicon.txt`
    sections.py   items → sections of the loop ("verse, then fill") and their bars
    clauses.py    items of a section → clauses, between commas and under headings
    grouping.py   clauses → groups ("no" + "snare, toms" + "in bar 4")
    writing.py    groups → the chart, and statements of what was written
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, zip_longest

import numpy as np
from numpy.typing import NDArray

from workbench.arguments import whole
from workbench.datasets.keywords import TEMPO_LIMITS
from workbench.datasets.phrases import joined
from workbench.music.timeline import meter_names
from workbench.representations.drum_chart import DrumChart
from workbench.systems.drum_ldm.items import (
    EXCLUDING,
    MOST_BARS,
    Bars,
    Break,
    Form,
    Length,
    Role,
    Scan,
    Thing,
    length_name,
    steps_name,
)
from workbench.systems.drum_ldm.scanning import scan
from workbench.systems.drum_ldm.sections import places_of, sections_of, whole_fill
from workbench.systems.drum_ldm.writing import ChartWriter
from workbench.systems.prompts import PromptReading, facts_reading, prompt_of


@dataclass(frozen=True, eq=False)
class DrumRequest:
    """What a prompt asks of a loop.

    Args:
        prompt: The prompt as given.
        tempo: Tempo in BPM that the prompt names; None if it names none.
        meter: Metre; 4/4 if the prompt names none.
        style: Names of styles and strokes in the English of training captions, for the text
            encoder; "" if the prompt names none.
        chart: What the prompt asks of each bar and each sixteenth.
        understood: Statements in English about what was understood.
        unknown: Words that were not understood.
        refused: What was understood and cannot be done, each with the reason.
        implied: (steps, 9) the hits of the chart that only a style implies, such as the backbeat of
            rock, bool.
        pace: Factor on the usual tempo of a style, from words such as "slow".
        tempo_range: Tempi in BPM that the words for the tempo or the style mean; None without any.
        usual_range: Usual tempi of the style in BPM; None if the style is unknown.
        sticks: (bars,) the bars whose snare hits are cross-sticks, bool; None for no bar.
        volumes: (bars, 9) mean velocity of single drums that are louder or softer than others, 0 to
            1, NaN where none is asked; None for no drum.
    """

    prompt: str
    tempo: float | None
    meter: tuple[int, int]
    style: str
    chart: DrumChart
    understood: tuple[str, ...]
    unknown: tuple[str, ...]
    refused: tuple[str, ...]
    implied: NDArray[np.bool_]
    pace: float = 1.0
    tempo_range: tuple[float, float] | None = None
    usual_range: tuple[float, float] | None = None
    sticks: NDArray[np.bool_] | None = None
    volumes: NDArray[np.float64] | None = None

    def reading(self) -> PromptReading:
        """Return the request as a reading of the prompt, which a system shows to its user."""
        return facts_reading(self.prompt, self.tempo, self.understood, self.unknown, self.refused)

    def tempo_near(self, usual: float) -> float:
        """Return the tempo in BPM: the one that is named, otherwise `usual` (the typical tempo of
        captions like this one), moved into the style's usual range and by the words for the tempo.

        >>> read_request("doom metal, slow as hell", 8).tempo_near(114) <= 75
        True
        """
        if self.tempo is not None:
            return self.tempo
        if self.usual_range is not None:
            usual = min(max(usual, self.usual_range[0]), self.usual_range[1])
        usual *= self.pace
        if self.tempo_range is not None:
            usual = min(max(usual, self.tempo_range[0]), self.tempo_range[1])
        return min(max(usual, TEMPO_LIMITS[0]), TEMPO_LIMITS[1])


def read_request(
    prompt: str,
    bars: int,
    meter: tuple[int, int] | None = None,
    *,
    played: bool = False,
    fewer_fills: bool = False,
) -> DrumRequest:
    """Read what a prompt asks of a loop. Any text can be read.

    Args:
        prompt: A text in English, Spanish, German, French or Portuguese, or in a mixture.
        bars: Length of the loop in bars, 1 to 64.
        meter: Its metre, one of METERS, whatever the prompt names; None for the one of the prompt.
        played: Whether the chart is to be played: it then also asks for a groove where the prompt
            only leaves out the kick or the snare, and for some hits of a drum that plays alone.
        fewer_fills: Whether "fills" without a place are in every eighth bar, and not in every
            fourth one. Half of the takes are played so.

    Returns:
        The request. Unless `played`, its chart asks for nothing where the prompt does not.

    Raises:
        PromptError: If the prompt is not a text, or the length or metre is out of range.

    >>> request = read_request("half-time rock, no crash, fill in bar 8, 140 bpm", 8)
    >>> request.style, request.tempo, request.chart.fill[7]
    ('half-time rock', 140.0, np.float32(1.0))
    """
    prompt, bars = prompt_of(prompt), whole(bars, "bars", 1, MOST_BARS)
    scanned = scan(prompt, bars)
    meter, metres, others = meter_of(scanned, meter)
    scanned.refused += others
    scanned.refused += [
        f"{name}: the length is set by bars, which is {bars}" for name in scanned.other_units
    ]
    writer = ChartWriter(bars, meter, played, fewer_fills)
    parts = sections_of(scanned.items)
    for section, places in zip(parts, places_of(parts, bars), strict=True):
        for orphan in section.orphans:
            name = orphan.name if isinstance(orphan, Bars) else steps_name(orphan)
            scanned.refused.append(f"{name}: nothing is named for this place")
        if not places:
            scanned.refused.append(f"{len(parts)} sections: too many for {length_name(bars)}")
            break
        alone = len(parts) == 1 and not isinstance(next(iter(scanned.items), None), Break)
        for group in whole_fill(section.groups) if alone else section.groups:
            for place in places:
                writer.write(group, place, len(parts))
    for item, following in zip_longest(scanned.items, scanned.items[1:]):
        if isinstance(item, Form):
            writer.form(item.letters, following if isinstance(following, Bars) else None)
        elif isinstance(item, Length) and len(parts) == 1 and item.bars != bars:
            scanned.refused.append(f"{item.bars} bars: the length is set by bars, which is {bars}")
    chart = writer.finish()
    understood = [f"style: {writer.style}"] if writer.style else []
    if scanned.tempo is not None:
        understood.append(f"tempo {scanned.tempo:g} BPM")
    if scanned.meters or meter != (4, 4):
        understood.append(f"{meter[0]}/{meter[1]}")
    understood += [
        *metres,
        *scanned.statements,
        *writer.statements,
        *(f"read {pair}" for pair in scanned.corrected),
    ]
    return DrumRequest(
        prompt,
        scanned.tempo,
        meter,
        writer.style,
        chart,
        tuple(dict.fromkeys(understood)),
        tuple(scanned.unknown),
        tuple(dict.fromkeys((*scanned.unplayed, *scanned.refused, *writer.refused))),
        writer.implied(),
        writer.pace,
        within(writer.tempo_range, scanned.tempo_bounds),
        writer.usual_range,
        writer.sticks if writer.sticks.any() else None,
        None if np.isnan(writer.volumes).all() else writer.volumes,
    )


def within(
    span: tuple[float, float] | None, bounds: tuple[float, float] | None
) -> tuple[float, float] | None:
    """The tempi of a range that lie in the bounds, otherwise the nearest bound."""
    if span is None or bounds is None:
        return span or bounds
    low, high = bounds
    return min(max(span[0], low), high), min(max(span[1], low), high)


def meter_of(
    scanned: Scan, given: tuple[int, int] | None
) -> tuple[tuple[int, int], list[str], list[str]]:
    """Return the metre that is given, otherwise the one that is named, otherwise that of the style,
    with what is understood and what is refused of other metres."""
    named = list(dict.fromkeys(scanned.meters))
    things = (
        item.entry.meter
        for before, item in pairwise([None, *scanned.items])
        if isinstance(item, Thing)
        and not (isinstance(before, Role) and before.name in EXCLUDING)  # "no waltz"
    )
    meter = given or next((m for m in (*named, *things) if m is not None), (4, 4))
    understood, refused = list[str](), list[str]()
    if given is not None:
        others = [other for other in named if other != meter]
        refused = [
            f"{meter_names([other])}: the metre is set by meter, which is {meter_names([meter])}"
            for other in others
        ]
    elif len(named) > 1:
        both = joined([meter_names([other]) for other in named])
        refused = [f"{both}: one metre per clip, so {meter_names([meter])} is used"]
    for other in scanned.excluded_meters:
        if other == meter:
            refused.append(f"not {meter_names([other])}: name the metre that you want")
        else:
            understood.append(f"not {meter_names([other])}")
    return meter, understood, refused
