"""A drum loop as a table of hits by bar, sixteenth and drum, on which the transformations work.

A hit before a bar line that is nearer to it than half a sixteenth belongs to the bar after it, so a
bar can be cut out, moved and repeated without losing its early downbeat. Of several hits of one
drum in one sixteenth (flam, drag, foot and stick) the loudest is the main one; the others are its
grace notes and follow it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from workbench.datasets.captions import caption_of, facts_of
from workbench.errors import PromptError
from workbench.music.clip import Clip, clip_of
from workbench.music.fills import fill_bars
from workbench.music.kit import DRUMS, PEDAL, WRITE_PITCH, read_lookup
from workbench.music.likeness import jaccard
from workbench.music.midi import NOTE, TPQ

HIT = np.dtype(
    [
        ("bar", "i4"),
        ("cell", "i4"),  # sixteenth in the bar
        ("drum", "i4"),  # index into DRUMS
        ("pitch", "i4"),
        ("offset", "f8"),  # sixteenths after the cell
        ("velocity", "f8"),  # 1 to 127
        ("grace", "?"),
    ]
)
BD, SD, CH, OH, RD, CR, LT, MT, HT = range(len(DRUMS))
HATS, CYMBALS, TOMS = (CH, OH), (CH, OH, RD, CR), (LT, MT, HT)
GHOST = 45  # a snare hit softer than this is a ghost note
EDGE = 0.49  # sixteenths: as late as a copied hit may be, so that it stays in its cell


@dataclass(frozen=True)
class Table:
    """A loop. hits: (n,) of dtype HIT, sorted by bar, cell, drum, offset; cells: sixteenths in a
    bar."""

    hits: np.ndarray
    bars: int
    cells: int

    @classmethod
    def of(cls, clip: Clip) -> Table:
        """Read a drum loop. Raises PromptError unless it has whole bars of whole sixteenths."""
        notes = clip_of(clip).notes
        notes = notes[notes["is_drum"] & (read_lookup()[notes["pitch"]] >= 0)]
        cells = 16 * clip.meter[0] / clip.meter[1]
        bars = clip.beats * 4 / cells
        if cells % 1 or abs(bars - round(bars)) > 1e-6 or bars < 1:
            raise PromptError(
                f"clip: {clip.beats:g} beats of {clip.meter[0]}/{clip.meter[1]} are not whole bars "
                "of sixteenths; cut it with datasets.cut_loops(clips, bars=…)"
            )
        position = notes["time"] * 4
        place = np.floor(position + 0.5).astype(np.int64)
        hits = np.zeros(len(notes), HIT)
        hits["offset"] = position - place
        place %= round(bars) * int(cells)
        hits["bar"], hits["cell"] = place // int(cells), place % int(cells)
        hits["drum"] = read_lookup()[notes["pitch"]]
        hits["pitch"], hits["velocity"] = notes["pitch"], notes["velocity"]
        return cls(_ordered(hits, int(cells)), round(bars), int(cells))

    def with_hits(self, *parts: np.ndarray) -> Table:
        """The same bars with other hits; they are sorted, and grace notes are found again."""
        hits = np.concatenate(parts) if parts else np.zeros(0, HIT)
        return replace(self, hits=_ordered(hits.astype(HIT), self.cells))

    def clip(
        self, like: Clip, transform: str, words: tuple[str, ...], tempo: float | None = None
    ) -> Clip:
        """The table as a clip with the labels of `like`, the transformation's name and the phrases
        for its effect, all of which mean the same. The caption is measured, and the first of the
        phrases is added."""
        notes = np.zeros(len(self.hits), NOTE)
        hits, beats = self.hits, self.bars * self.cells / 4
        notes["time"] = (place_of(hits, self.cells) + hits["offset"]) / 4
        notes["duration"] = 0.1
        notes["pitch"] = hits["pitch"]
        notes["velocity"] = np.clip(np.rint(hits["velocity"]), 1, 127)
        notes["is_drum"] = True
        before = like.labels.get("transform", "")
        labels = dict(like.labels) | {
            "transform": f"{before}+{transform}" if before else transform,
            "effect": (*like.labels.get("effect", ()), words),
        }
        return captioned_loop(
            notes,
            beats,
            labels,
            tempo=like.tempo if tempo is None else tempo,
            meter=like.meter,
            source=like.source,
        )

    @cached_property
    def main(self) -> np.ndarray:
        """The hits that are not grace notes."""
        return self.hits[~self.hits["grace"]]

    @cached_property
    def dense(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Main hits as arrays (bars, cells, 9): struck (bool), velocity, offset."""
        shape = (self.bars, self.cells, len(DRUMS))
        struck, velocity, offset = np.zeros(shape, bool), np.zeros(shape), np.zeros(shape)
        at = tuple(self.main[name] for name in ("bar", "cell", "drum"))
        struck[at], velocity[at], offset[at] = True, self.main["velocity"], self.main["offset"]
        return struck, velocity, offset

    @cached_property
    def likeness(self) -> np.ndarray:
        """Jaccard similarity of the hits of each pair of bars: (bars, bars); 1 for two empty."""
        flat = self.dense[0].reshape(self.bars, -1)
        return jaccard(flat[:, None], flat[None])

    @cached_property
    def main_of(self) -> np.ndarray:
        """For each hit the index of its main hit in `hits`."""
        key = _key(self.hits, self.cells)
        mains = np.flatnonzero(~self.hits["grace"])
        return mains[np.searchsorted(key[mains], key)]

    def moved(self, shift: np.ndarray) -> np.ndarray:
        """Copies of the hits, later by `shift` sixteenths (n,); grace notes move as their main hit
        does."""
        hits = self.hits.copy()
        hits["offset"] += shift[self.main_of]
        return hits

    def fills(self) -> np.ndarray:
        """Which bars are fills, bool (bars,): unlike the others, with toms or a snare run."""
        return fill_bars(self.dense[0]) > 0

    def typical(self, span: int) -> int:
        """The first bar of the `span` bars that are most like the others at their distance."""
        if self.bars < 2 * span:
            return 0
        starts = range(0, self.bars - span + 1, span)
        units = np.array(
            [
                [self.likeness[a : a + span, b : b + span].diagonal().mean() for b in starts]
                for a in starts
            ]
        )
        empty = [not self.dense[0][a : a + span].any((1, 2)).all() for a in starts]
        fill = self.fills()[: span * len(units)].reshape(-1, span).any(1)
        score = units.sum(1) - self.bars * (np.array(empty) | fill)
        return list(starts)[int(score.argmax())]


def place_of(hits: np.ndarray, cells: int) -> np.ndarray:
    """The sixteenth from the start of the loop of each hit. cells: sixteenths per bar."""
    return hits["bar"] * cells + hits["cell"]


def _key(hits: np.ndarray, cells: int) -> np.ndarray:
    """A number per hit that is equal for hits of one drum in one cell, ascending in a table."""
    return place_of(hits, cells) * len(DRUMS) + hits["drum"]


def _ordered(hits: np.ndarray, cells: int) -> np.ndarray:
    """Sort, and mark all hits but the loudest of a drum in a cell as grace notes."""
    key = _key(hits, cells)
    loudest = np.lexsort((hits["offset"], -hits["velocity"], key))
    first = np.r_[True, np.diff(key[loudest]) != 0] if len(hits) else np.zeros(0, bool)
    hits = hits[loudest]
    hits["grace"] = ~first
    return hits[np.lexsort((hits["grace"], key[loudest]))]


def replayed(table: Table, source: int, target: int, rng: np.random.Generator) -> np.ndarray:
    """The notes of bar `source` as they would have been played in bar `target`.

    Velocity and timing of each hit are those of the same drum on the same sixteenth in the target
    bar if it is struck there about as loudly, otherwise in another bar chosen for the whole copy,
    otherwise its own, changed by what another hit of this drum differs from its cell's mean. So
    copies differ as the bars of the performance do, and hits of a bar differ together.
    """
    struck, velocity, offset = table.dense
    hits = table.hits[table.hits["bar"] == source].copy()
    hits["bar"] = target
    if not len(hits):
        return hits
    main = hits[~hits["grace"]]
    cell, drum = main["cell"], main["drum"]
    others = rng.permutation([b for b in range(table.bars) if b not in (source, target)])
    order = np.r_[[target] if target != source else [], others].astype(int)
    shift, louder = np.zeros(len(main)), np.zeros(len(main))
    found = np.zeros(len(main), bool)
    if len(order):
        near = np.abs(velocity[order][:, cell, drum] - main["velocity"]) <= 25
        usable = struck[order][:, cell, drum] & near
        found = usable.any(0)
        bar = order[usable.argmax(0)]
        shift = np.where(found, offset[bar, cell, drum] - main["offset"], 0.0)
        louder = np.where(found, velocity[bar, cell, drum] - main["velocity"], 0.0)
    if not found.all():
        counts = np.maximum(struck.sum(0), 1)
        away = struck & (struck.sum(0) > 1)
        residual = np.stack([v - v.sum(0) / counts for v in (offset, velocity)])
        for i in np.flatnonzero(~found):
            bars, cells = np.nonzero(away[..., drum[i]])
            if len(bars):
                j = int(rng.integers(len(bars)))
                shift[i], louder[i] = residual[:, bars[j], cells[j], drum[i]]
    index = np.searchsorted(_key(main, table.cells), _key(hits, table.cells))
    moved = np.clip(main["offset"] + shift, -0.5, EDGE) - main["offset"]
    loud = np.clip(main["velocity"] + louder, 1, 127) / main["velocity"]
    hits["offset"] = np.clip(hits["offset"] + moved[index], -0.5, EDGE)
    hits["velocity"] = np.clip(hits["velocity"] * loud[index], 1, 127)
    return hits


def struck_at(
    table: Table,
    drum: int,
    places: np.ndarray,
    rng: np.random.Generator,
    like: np.ndarray | None = None,
    pitch: int | None = None,
) -> np.ndarray:
    """Hits of `drum` on the given places (sixteenths from the start of the loop).

    Velocities are those of the hits `like` (by default the drum's own in the loop), each with the
    distance that it has from the other hits on its sixteenth.
    """
    struck, _, offset = table.dense
    flat, offsets = struck.reshape(-1, len(DRUMS)), offset.reshape(-1, len(DRUMS))
    models = table.main[table.main["drum"] == drum] if like is None else like
    hits = np.zeros(len(places), HIT)
    if not len(places) or not len(models):
        return hits[:0]
    model = models[rng.integers(len(models), size=len(places))]
    others = flat.copy()
    others[:, drum] = False
    count = others.sum(1)
    mean = (offsets * others).sum(1) / np.maximum(count, 1)
    if like is None:
        home = place_of(model, table.cells)
        apart = np.where(count[home] > 0, model["offset"] - mean[home], 0.0)
    else:
        apart = np.resize(rng.permutation(_distances(table)), len(places))
    own = np.where(count[places] > 0, mean[places] + apart, model["offset"])
    hits["bar"], hits["cell"] = places // table.cells, places % table.cells
    hits["drum"], hits["pitch"] = drum, WRITE_PITCH[DRUMS[drum]] if pitch is None else pitch
    hits["velocity"] = model["velocity"]
    hits["offset"] = np.clip(own, -0.5, EDGE)
    return hits


def with_crashes(
    table: Table,
    hits: np.ndarray,
    places: np.ndarray,
    rng: np.random.Generator,
    crashes: np.ndarray,
) -> Table:
    """These hits, and on each of the places (sixteenths from the start of the loop) a crash like
    those of `crashes` instead of the hand that keeps the time."""
    hand = np.isin(hits["drum"], CYMBALS) & (hits["pitch"] != PEDAL)
    kept = hits[~(hand & np.isin(place_of(hits, table.cells), places))]
    return table.with_hits(kept, struck_at(table, CR, places, rng, crashes))


def captioned_loop(notes: np.ndarray, beats: float, labels: dict[str, Any], **fields: Any) -> Clip:
    """A drum loop whose caption is measured, followed by the first phrase of each of
    labels["effect"]. Notes beyond its end wrap around to its start. fields: as of
    `Clip.from_notes`."""
    notes["time"] = np.rint(notes["time"] * TPQ) % round(beats * TPQ) / TPQ
    clip = Clip.from_notes(notes, beats=beats, drums=True, labels=labels, **fields)
    effects = (phrases[0] for phrases in labels["effect"])
    clip.caption = " ".join([caption_of(facts_of(clip)), *effects])
    return clip


def _distances(table: Table) -> np.ndarray:
    """How far the hits that are struck together lie from their mean, in sixteenths."""
    struck, _, offset = table.dense
    count = struck.sum(-1, keepdims=True)
    mean = (offset * struck).sum(-1, keepdims=True) / np.maximum(count, 1)
    return (offset - mean)[struck & (count > 1)]
