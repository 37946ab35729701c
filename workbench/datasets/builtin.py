"""The built-in corpus: drum loops written by a probabilistic grammar, so nothing to download.

It stands in where no real data is, and it can do what real data cannot: the exact log-probability
of every loop and the exact entropy are known, so a model's likelihood can be held against the
true bound. It never passes for real data: source, labels and caption say "built-in".
"""

from __future__ import annotations

import numpy as np

from workbench.arguments import random_generator
from workbench.datasets.captions import caption_of, facts_of
from workbench.datasets.dataset import SPLITS, Dataset, spread
from workbench.datasets.entry import MIT, Entry, Recipe
from workbench.datasets.grammar import STYLES, Style
from workbench.datasets.grammar import entropy as exact
from workbench.datasets.grammar import model as grammar
from workbench.errors import PromptError
from workbench.music.clip import Clip

SIZES = {"train": (2000, 1), "validation": (250, 2), "test": (250, 3)}  # loops and seed


def sample(n: int, seed: int, style: str | None = None) -> list[Clip]:
    """`n` loops from the grammar; the same seed gives the same loops, and the first ones stay
    the same when `n` grows. style: one of `STYLES`, or None for all, equally likely."""
    if n < 0:
        raise PromptError(f"n must be at least 0, got {n}")
    chosen = _style(style) if style is not None else None
    rng = random_generator(seed)
    names = list(STYLES)
    clips = []
    for number in range(n):
        drawn = chosen or STYLES[names[int(rng.integers(len(names)))]]
        clips.append(_clip(grammar.draw(drawn, rng), f"{seed}-{number}"))
    return clips


def log_prob(clip: Clip) -> float:
    """log P(style, tempo, notes) in nats, exactly, of a clip whose labels name its style.

    Computed from the notes, the length, the tempo and `labels["style"]` alone; note lengths carry
    no choice and are not looked at. −inf for a clip that the grammar never writes.
    """
    name = (clip.labels or {}).get("style", "")
    if name not in STYLES or tuple(clip.meter) != (4, 4):
        return -np.inf
    notes = clip.notes
    if not notes["is_drum"].all():
        return -np.inf
    within = grammar.log_prob_notes(STYLES[name], clip.tempo, clip.beats, notes)
    return within - float(np.log(len(STYLES)))


def entropy(style: str | None = None) -> float:
    """Mean of −log_prob over all loops, exactly, in nats; with `style`, over its loops, and then
    without the log of the number of styles."""
    if style is not None:
        return exact.entropy(_style(style))
    return float(np.log(len(STYLES)) + np.mean([exact.entropy(s) for s in STYLES.values()]))


def _style(name: str) -> Style:
    if name not in STYLES:
        raise PromptError(f"style: {name!r} is unknown; choose one of {', '.join(STYLES)}")
    return STYLES[name]


def _clip(loop: grammar.Loop, number: str) -> Clip:
    """The loop as a clip, with a path in the manner of loop packs."""
    style, kind = loop.style.name, loop.kind
    feel = loop.feel.name if kind == "beat" else ""
    folder = _title(style)
    words = f"{loop.tempo:03d} {folder} {_title(feel)} {loop.bars}-bar {kind.title()}"
    source = f"Built-in/{folder}/{' '.join(words.split())} {number}.mid"
    labels = {
        "style": style,
        "substyle": feel,
        "kind": kind,
        "built_in": True,
        "bars": loop.bars,
        "ending": loop.ending,
        "performance": source,
    }
    clip = Clip.from_notes(
        grammar.notes_of(loop),
        tempo=float(loop.tempo),
        beats=4.0 * loop.bars,
        drums=True,
        source=source,
        labels=labels,
    )
    clip.caption = caption_of(facts_of(clip))
    return clip


def _title(words: str) -> str:
    """Capitals as on a folder: "drum and bass" is "Drum And Bass", "16ths" stays."""
    return " ".join(word[:1].upper() + word[1:] for word in words.split())


def load_builtin(split: str | None = None, limit: int | None = None) -> Dataset:
    """2,000 training, 250 validation or 250 test loops (None: all), made on the spot."""
    clips = []
    for name in SPLITS if split is None else (split,):
        count, seed = SIZES[name]
        part = sample(count, seed)
        for clip in part:
            clip.labels["split"] = name
        clips += part
    return Dataset(
        spread(clips, limit),
        name="builtin",
        licence=BUILTIN.licence,
        citation=BUILTIN.citation,
        info={"split": split, "split_rule": BUILTIN.splits, "built_in": True},
    )


BUILTIN = Entry(
    name="builtin",
    title="Built-in corpus: drum loops written by a probabilistic grammar",
    licence="MIT (part of the workbench)",
    licence_url=MIT,
    citation="Written by the workbench's own grammar (workbench.datasets.builtin); no recording.",
    homepage="",
    how_to_get="nothing to download",
    size="2,000 training, 250 validation and 250 test loops, made on the spot",
    splits="three fixed seeds",
    scores=lambda entry, split, limit: load_builtin(split, limit),
    recipe=Recipe(bars=4, limit=240),
)
