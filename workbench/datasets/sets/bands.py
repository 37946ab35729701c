"""Bands: songs of POP909 with drums that a drummer of the Groove MIDI Dataset played, and a bass.

POP909 has no drums, and Groove nothing else. Each song is arranged for three to six tracks, with
other instruments than in POP909. The drums are a performance of about the song's tempo, cut at its
bar lines and played in the song's beats. The bass plays the chords that POP909 annotates, mostly
with the bass drum. The combination is ours: no band has played these songs like this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from workbench.datasets.band_parts import Performance, bass_of, closest, drum_bars, drums_at, pad_of
from workbench.datasets.dataset import Dataset, evenly_spaced
from workbench.datasets.entry import Entry, Recipe
from workbench.datasets.sets.groove import GROOVE, load_groove
from workbench.datasets.sets.pop909 import POP909, TPQ, Chord, chords_of, load_pop909
from workbench.errors import BrokenFileError, MissingDataError
from workbench.music.channel import note_events
from workbench.music.clip import Clip

SEED = 909
TAKES = 2  # arrangements of each song
STYLES = frozenset(
    {
        *("rock", "pop", "funk", "soul", "hip hop", "latin", "dance", "reggae", "country"),
        *("gospel", "blues", "punk", "highlife", "Afrobeat"),
    }
)  # of drums; not jazz, whose swing is not in the songs
SHORTEST = 8  # bars of a performance
DENSEST = 32  # hits per bar of a performance

# General MIDI programs of each role, more frequent ones repeated
LEADS = (53, 53, 53, 73, 65, 66, 80, 27, 11, 40, 56, 71)
SECONDS = (25, 25, 26, 27, 24, 48, 61, 11, 68)
KEYS = (0, 0, 0, 0, 4, 5, 16, 18, 24, 25, 1)
PADS = (48, 50, 89, 52, 16)
BASSES = (33, 33, 33, 34, 32, 35, 38)
ROLES = {"MELODY": ("Lead", LEADS), "BRIDGE": ("Second", SECONDS), "PIANO": ("Keys", KEYS)}
WITHOUT = {"MELODY": 0.1, "BRIDGE": 0.25, "PIANO": 0.05}  # share of songs without the track
BASS, PAD = 0.9, 0.3  # share of songs with one


@dataclass(frozen=True)
class Drummers:
    """Performances and fills of one split of Groove."""

    performances: list[Performance]
    fills: list[Performance]

    @classmethod
    def of(cls, folder: Path, split: str) -> Drummers:
        """Return those in 4/4 whose bar lines are right and whose style suits a pop song."""
        found: dict[str, list[Performance]] = {"beat": [], "fill": []}
        for clip in load_groove(folder, split):
            fits = clip.labels["style"] in STYLES and clip.labels.get("bar_lines") != "off"
            long = clip.labels["kind"] == "fill" or clip.bars >= SHORTEST
            sparse = len(clip.notes) <= DENSEST * clip.bars
            if tuple(clip.meter) == (4, 4) and fits and long and sparse:
                found[clip.labels["kind"]].append(Performance.of(clip))
        return cls(found["beat"], found["fill"])

    def fills_like(self, performance: Performance) -> list[np.ndarray]:
        """Return bars of fills in the style of a performance."""
        style = performance.clip.labels["style"]
        return [
            fill.bars[0]
            for fill in self.fills
            if fill.clip.labels["style"] == style and len(fill.bars[0]) >= 6
        ]


def load_bands(split: str | None = None, limit: int | None = None) -> Dataset:
    """Load all songs of a split, `TAKES` arrangements each, in the order of their numbers.

    A song has the split that it has in POP909, and its drummer plays in a session of the same split
    of Groove. The same song has the same arrangements on every machine, whatever the limit.

    Args:
        split: "train", "validation" or "test"; None for all.
        limit: Largest number of arrangements, at even distances; None for all.

    Returns:
        The data set. Labels: song, take, split, key, style, drummer, session, performance. Songs
        without chords or notes are omitted and named in `skipped`.

    Raises:
        MissingDataError: If POP909 or Groove is not on this machine, or a split of it is empty.
    """
    folder, groove = POP909.find(), GROOVE.find()
    songs = load_pop909(folder, split)
    jobs = evenly_spaced([(song, take) for song in songs for take in range(TAKES)], limit)
    drummers = {
        name: Drummers.of(groove, name) for name in {song.labels["split"] for song, _ in jobs}
    }
    for name, found in drummers.items():
        if not found.performances:
            raise MissingDataError(f"{groove}: no performance of the split {name!r} suits a song")
    chords = cache(lambda number: chords_of(folder / number))  # of a song, for all its takes
    clips, skipped = [], list(songs.skipped)
    for song, take in jobs:
        number = song.labels["song"]
        try:
            rng = np.random.default_rng([SEED, int(number), take])
            band = drummers[song.labels["split"]]
            clips.append(arranged(song, chords(number), band, take, rng))
        except BrokenFileError as error:
            skipped.append((f"{number}-{take}", str(error)))
    return Dataset(
        clips,
        name=BANDS.name,
        licence=BANDS.licence,
        citation=BANDS.citation,
        skipped=skipped,
        info={"split": split, "split_rule": BANDS.splits, "versions": songs.info["versions"]},
    )


def arranged(
    song: Clip, chords: Sequence[Chord], drummers: Drummers, take: int, rng: np.random.Generator
) -> Clip:
    """Return a song of POP909 with drums, other instruments and mostly a bass. Raises
    BrokenFileError for a song without chords."""
    import symusic

    if not chords:
        raise BrokenFileError(f"{song.source}: has no chords")
    performance = drummers.performances[closest(drummers.performances, song.tempo, rng)]
    lines = song.bar_lines
    count = int(np.searchsorted(lines, song.notes["time"].min(), side="right")) - 1
    played = drum_bars(len(lines) - 1 - count, performance, drummers.fills_like(performance), rng)
    drums = drums_at(lines[count:], played)
    score: Any = symusic.Score(TPQ)
    score.tempos.append(symusic.Tempo(0, song.tempo))
    for sign in song.score.time_signatures:
        score.time_signatures.append(
            symusic.TimeSignature(sign.time, sign.numerator, sign.denominator)
        )
    used: set[int] = set()
    for track in _kept(song, rng):
        name, programs = ROLES[track.name]
        score.tracks.append(symusic.Track(name, _program(programs, used, rng)))
        score.tracks[-1].notes.extend(track.notes)
    if rng.random() < PAD:
        _add(score, "Pad", _program(PADS, used, rng), pad_of(chords, rng))
    if rng.random() < BASS:
        _add(score, "Bass", _program(BASSES, used, rng), bass_of(chords, lines, drums, rng))
    _add(score, "Drums", 0, drums, is_drum=True)
    about = {key: performance.clip.labels[key] for key in ("style", "drummer", "session")}
    labels = {key: song.labels[key] for key in ("song", "split", "key")} | about
    labels |= {"take": take, "performance": performance.clip.labels["performance"]}
    clip = Clip(score, tempo=song.tempo, labels=labels)
    clip.source = f"bands/{song.labels['song']}-{take} with groove/{labels['performance']}"
    clip.caption = f"{song.caption}, band with {labels['style']} drums"
    return clip


def _kept(song: Clip, rng: np.random.Generator) -> list[Any]:
    """Tracks of the song to play: all, or all but some, at least one."""
    tracks = [track for track in song.score.tracks if track.name in ROLES and len(track.notes)]
    kept = [track for track in tracks if rng.random() >= WITHOUT[track.name]]
    return kept if len(kept) > 1 or not tracks else tracks


def _program(programs: Sequence[int], used: set[int], rng: np.random.Generator) -> int:
    """A program that no other track of the song has, because tokens tell tracks by programs."""
    program = int(rng.choice([one for one in programs if one not in used]))
    used.add(program)
    return program


def _add(score: Any, name: str, program: int, notes: np.ndarray, is_drum: bool = False) -> None:
    """Append a track."""
    import symusic

    begin, length = np.round(notes["time"] * TPQ), np.round(notes["duration"] * TPQ)
    score.tracks.append(symusic.Track(name, program, is_drum))
    score.tracks[-1].notes = note_events(begin, length, notes["pitch"], notes["velocity"])


def _find(top: Path) -> Path:
    """The folder of POP909; MissingDataError if one of both sets is missing."""
    try:
        GROOVE.find()
        return POP909.find()
    except MissingDataError as error:
        raise MissingDataError(
            f"bands: is made from two data sets ({BANDS.licence}), and one is missing: {error}; "
            f"to get both: {BANDS.how_to_get}"
        ) from None


BANDS = Entry(
    name="bands",
    title="Bands: songs of POP909 with drums of the Groove MIDI Dataset and a bass",
    licence=(
        "CC BY 4.0 (drums: Groove MIDI Dataset by Gillick, Roberts, Engel, Eck and Bamman, CC BY "
        "4.0, cut and moved to the songs' beats; songs: POP909 by Wang and others, MIT)"
    ),
    licence_url=GROOVE.licence_url,
    citation=f"{POP909.citation}\n{GROOVE.citation}",
    homepage=POP909.homepage,
    how_to_get=f"{POP909.how_to_get} and {GROOVE.how_to_get}",
    size=f"{TAKES} arrangements of each song of POP909, made on demand",
    splits=(
        "by song and by session: a song has its split of POP909, and its drums are from a session "
        "of the same split of Groove"
    ),
    finder=_find,
    scores=lambda entry, split, limit: load_bands(split, limit),
    recipe=Recipe(limit=240, genre="band"),
)
