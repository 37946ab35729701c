"""The built-in songs: short pieces for four tracks whose probability is known exactly.

They replace missing real data, and show how far a model's bits per note are from the true entropy.
Source, labels and caption mark them as "built-in".
"""

from __future__ import annotations

import numpy as np

from workbench.arguments import random_generator
from workbench.datasets.dataset import SPLITS, Dataset, evenly_spaced
from workbench.datasets.entry import MIT, Entry, Recipe
from workbench.datasets.grammar import song_scores as scores
from workbench.datasets.grammar import songs as grammar
from workbench.datasets.grammar.songs import FORMS, SCALES, STYLES, Note
from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.music.notes import NOTE

SIZES = {"train": (2000, 11), "validation": (250, 12), "test": (250, 13)}  # songs and seed
NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def sample(n: int, seed: int, style: str | None = None) -> list[Clip]:
    """Sample `n` songs. The same seed gives the same songs, and the first ones do not depend on
    `n`."""
    if n < 0:
        raise PromptError(f"n must be at least 0, got {n}")
    return [clip_of(song, number) for number, song in _drawn(n, seed, style)]


def _drawn(n: int, seed: int, style: str | None = None) -> list[tuple[str, grammar.Song]]:
    """`n` sampled songs with their numbers."""
    rng = random_generator(seed)
    styles = list(STYLES.values())
    chosen = style_of(style) if style is not None else None
    return [
        (f"{seed}-{i}", grammar.sample(chosen or styles[int(rng.integers(len(styles)))], rng))
        for i in range(n)
    ]


def clip_of(song: grammar.Song, number: str) -> Clip:
    """A song as a clip."""
    rows = [
        (s / 4, n / 4, pitch, velocity, max(q, 0), q < 0)
        for s, n, pitch, velocity, q in grammar.notes_of(song)
    ]
    key = f"{NAMES[song.key]} {song.mode}"
    clip = Clip.from_notes(
        np.array(rows, dtype=NOTE),
        tempo=float(song.tempo),
        beats=32.0,
        drums=False,
        source=f"Built-in songs/{song.style.name.title()}/{song.tempo} {key} {number}.mid",
        labels={
            "song": number,
            "style": song.style.name,
            "key": key,
            "form": song.form,
            "built_in": True,
        },
    )
    clip.caption = f"built-in {song.style.name} song in {key}, {song.tempo} bpm"
    return clip


def notes_of(clip: Clip) -> list[Note] | None:
    """Return the notes of a clip as the grammar's tuples; None if one is off the sixteenths."""
    notes = clip.notes
    time, length = notes["time"] * 4, notes["duration"] * 4
    if np.abs(time - np.round(time)).max(initial=0) > 1e-6:
        return None
    length = np.where(notes["is_drum"], 1, np.round(length)).astype(int)
    programs = np.where(notes["is_drum"], -1, notes["program"])
    return sorted(
        zip(
            np.round(time).astype(int).tolist(),
            length.tolist(),
            notes["pitch"].tolist(),
            notes["velocity"].tolist(),
            programs.tolist(),
            strict=True,
        )
    )


def log_prob(clip: Clip) -> float:
    """The exact ln P(style, tempo, key, form, notes) of a clip whose labels contain style, key and
    form; −inf for notes that the grammar cannot generate."""
    labels = clip.labels
    style, key = STYLES.get(labels.get("style", "")), labels.get("key", "")
    tonic, _, mode = key.partition(" ")
    notes = notes_of(clip)
    if style is None or notes is None or tonic not in NAMES or mode not in SCALES:
        return -np.inf
    if round(clip.tempo) not in style.tempi or clip.beats != 32:
        return -np.inf
    given = scores.log_notes(style, NAMES.index(tonic), mode, labels.get("form", ""), notes)
    return given - float(np.log(len(STYLES) * 24 * len(style.tempi)))


def log_prob_notes(clip: Clip) -> float:
    """The exact ln P(notes), summed over every style, key and form that can generate them. This
    is the best value of a model that sees only notes; the tempo is not included."""
    notes = notes_of(clip)
    if notes is None:
        return -np.inf
    parts = [
        scores.log_notes(style, key, mode, str(form), notes)
        for style in STYLES.values()
        for key in range(12)
        for mode in SCALES
        for form, _ in FORMS
    ]
    return float(np.logaddexp.reduce(parts)) - float(np.log(len(STYLES) * 24))


def entropy(style: str | None = None) -> float:
    """Return the exact mean of −log_prob over all songs in nats; with `style`, over its songs,
    without the log of the number of styles."""
    if style is not None:
        return scores.song_entropy(style_of(style))
    every = [scores.song_entropy(s) for s in STYLES.values()]
    return float(np.log(len(STYLES)) + np.mean(every))


def note_bits(n: int = 250, seed: int = 13) -> tuple[float, float]:
    """Return the true bits per note of the notes alone, from `n` songs, and the standard error."""
    clips = sample(n, seed)
    nats = np.array([-log_prob_notes(clip) for clip in clips])
    notes = np.array([len(clip.notes) for clip in clips])
    ratio = nats.sum() / notes.sum()
    error = np.std(nats - ratio * notes) / np.sqrt(n) / notes.mean()
    return float(ratio / np.log(2)), float(error / np.log(2))


def style_of(name: str) -> grammar.SongStyle:
    """Return the style of songs of this name; PromptError for another one."""
    if name not in STYLES:
        raise PromptError(f"style: {name!r} is unknown; choose one of {', '.join(STYLES)}")
    return STYLES[name]


def load_builtin_songs(split: str | None = None, limit: int | None = None) -> Dataset:
    """2,000 training, 250 validation or 250 test songs (None: all), generated on demand."""
    clips = []
    for name in SPLITS if split is None else (split,):
        for number, song in evenly_spaced(_drawn(*SIZES[name]), limit):
            clip = clip_of(song, number)
            clip.labels["split"] = name
            clips.append(clip)
    return Dataset(
        evenly_spaced(clips, limit),
        name="builtin-songs",
        licence=BUILTIN_SONGS.licence,
        citation=BUILTIN_SONGS.citation,
        info={"split": split, "split_rule": BUILTIN_SONGS.splits, "built_in": True},
    )


BUILTIN_SONGS = Entry(
    name="builtin-songs",
    title="Built-in songs: eight bars for four tracks, written by a probabilistic grammar",
    licence="MIT (part of the workbench)",
    licence_url=MIT,
    citation="Written by the workbench's own grammar (workbench.datasets.builtin_songs).",
    homepage="",
    how_to_get="nothing to download",
    size="2,000 training, 250 validation and 250 test songs, generated on demand",
    splits="three fixed seeds",
    scores=lambda entry, split, limit: load_builtin_songs(split, limit),
    recipe=Recipe(limit=240, genre="band"),
)
