"""Arrangements of scores for one kind of sound: drums, piano, strings, orchestra, band, chip.

An arrangement takes an excerpt and a random generator, and returns notes and the first words of a
caption, or None if the excerpt does not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from workbench.datasets.builtin import sample
from workbench.music.clip import Clip
from workbench.music.notes import without_drums

Choice = TypeVar("Choice")
Arranged = tuple[np.ndarray, str]  # notes of dtype NOTE, and words of the caption
Arrange = Callable[[Clip, np.random.Generator], Arranged | None]

KITS = (0, 8, 16, 24, 25, 32, 40)  # drum kits of General MIDI 2
STRINGS = (40, 41, 42, 43, 44, 45, 48, 49)
BASSES = (32, 33)
LEADS = (80, 81)  # square and sawtooth
BEATS = ("rock", "pop", "funk", "ballad", "country", "soul")  # of the built-in corpus


def drums(clip: Clip, random: np.random.Generator) -> Arranged | None:
    """A drum performance on another kit."""
    notes = clip.notes.copy()
    notes["program"] = random.choice(KITS)
    style = str(clip.labels.get("style", "")).lower()
    return notes, f"{style} {_one(random, 'drums', 'drum beat', 'drum loop')}".strip()


def piano(clip: Clip, random: np.random.Generator) -> Arranged | None:
    """The piano part alone."""
    notes = clip.notes[(clip.notes["program"] < 8) & ~clip.notes["is_drum"]].copy()
    notes["program"] = random.choice((0, 0, 0, 1))
    kind = "pop" if clip.labels["set"] == "pop909" else "classical"
    return notes, f"{_one(random, 'solo piano', 'piano')}, {kind}"


def quartet(clip: Clip, random: np.random.Generator) -> Arranged | None:
    """All notes, distributed among two violins, viola and cello by their pitch."""
    notes = without_drums(clip.notes)
    notes["program"] = np.select([notes["pitch"] >= 59, notes["pitch"] >= 48], [40, 41], 42)
    if random.random() < 0.3:
        notes["program"] = 48
        return notes, f"{_one(random, 'string ensemble', 'strings')}, classical"
    words = _one(random, "string quartet", "strings", "string quartet with violins and cello")
    return notes, f"{words}, classical"


def strings(clip: Clip, random: np.random.Generator) -> Arranged | None:
    """The string parts of an orchestral score."""
    notes = clip.notes[np.isin(clip.notes["program"], STRINGS) & ~clip.notes["is_drum"]].copy()
    return notes, f"{_one(random, 'string orchestra', 'strings', 'violins and cellos')}, classical"


def orchestra(clip: Clip, random: np.random.Generator) -> Arranged | None:
    """An orchestral score as it is."""
    families = {5: "strings", 6: "choir", 7: "brass", 8: "woodwinds", 9: "woodwinds"}
    played = [families.get(int(p) // 8, "") for p in clip.notes["program"]]
    names = sorted({n for n in played if n}, key=lambda n: (-played.count(n), n))
    if len(np.unique(clip.notes["program"])) < 4:
        return None
    which = _one(random, "orchestra", "symphony orchestra", "orchestral music")
    return clip.notes.copy(), ", ".join([which, *names[:2]])


def tutti(clip: Clip, random: np.random.Generator) -> Arranged | None:
    """All notes of a song, distributed among violins, woodwinds, brass and double basses by their
    pitch, and doubled by a string ensemble."""
    notes = without_drums(clip.notes)
    pitch = notes["pitch"]
    high, middle = random.choice((68, 71, 73)), random.choice((56, 57, 60))
    notes["program"] = np.select([pitch >= 72, pitch >= 62, pitch >= 50], [40, high, middle], 43)
    doubled = notes.copy()
    doubled["program"] = 48
    words = _one(random, "orchestra", "symphony orchestra", "orchestral music")
    return np.concatenate([notes, doubled]), f"{words}, strings, woodwinds, brass"


def pop_band(clip: Clip, random: np.random.Generator) -> Arranged | None:
    """A pop song with a bass that plays the piano's lowest notes, and drums of the built-in
    corpus."""
    if clip.meter != (4, 4):
        return None
    notes = clip.notes.copy()
    lead, name = _one(random, (53, "voice"), (65, "saxophone"), (27, "electric guitar"))
    notes["program"][notes["program"] == 53] = lead
    keys = notes[notes["program"] == 0]
    bass = keys[keys["pitch"] < 50].copy()
    bass["program"] = random.choice(BASSES)
    bass["pitch"] = np.where(bass["pitch"] >= 40, bass["pitch"] - 12, bass["pitch"])
    parts = [notes, bass, _beat(clip, random)]
    words = f"{_one(random, 'pop band', 'band', 'pop rock band')} with {name}, piano, bass, drums"
    return np.concatenate(parts), words


def band(clip: Clip, random: np.random.Generator) -> Arranged | None:
    """A song for four tracks with other instruments."""
    notes = clip.notes.copy()
    tuned = ~notes["is_drum"]
    lead, name = _one(random, (53, "voice"), (65, "saxophone"), (27, "electric guitar"))
    keys = _one(random, (0, "piano"), (4, "electric piano"), (25, "acoustic guitar"))
    for old, new in ((53, lead), (0, keys[0]), (33, random.choice(BASSES))):
        notes["program"][tuned & (clip.notes["program"] == old)] = new
    style = clip.labels.get("style", "")
    return notes, f"{style} {_one(random, 'band')} with {name}, {keys[1]}, bass, drums".strip()


def chip(clip: Clip, random: np.random.Generator) -> Arranged | None:
    """Square and sawtooth waves play all notes."""
    notes = clip.notes.copy()
    tuned = ~notes["is_drum"]
    programs = np.unique(notes["program"][tuned])
    first = int(random.integers(2))
    for number, program in enumerate(programs):
        notes["program"][tuned & (clip.notes["program"] == program)] = LEADS[(first + number) % 2]
    notes["duration"][tuned] *= random.uniform(0.5, 1.0)
    low = notes["pitch"][tuned].min(initial=127)
    if low >= 60 and random.random() < 0.5:  # a melody alone
        below = notes[tuned].copy()
        below["pitch"] -= 12
        below["duration"] *= 0.5
        notes = np.concatenate([notes, below])
    words = _one(random, "8-bit chiptune", "chiptune, video game music", "retro game chiptune")
    return notes, words


def _beat(clip: Clip, random: np.random.Generator) -> np.ndarray:
    """Return drums of the clip's length from the built-in corpus's grammar."""
    loops = sample(8, int(random.integers(2**31)), _one(random, *BEATS))
    loop = next((one for one in loops if one.labels["kind"] == "beat"), loops[0])
    times = np.arange(0, clip.beats, loop.beats)
    rows = np.concatenate([_moved(loop.notes, start) for start in times])
    return rows[rows["time"] < clip.beats]


def _moved(notes: np.ndarray, beats: float) -> np.ndarray:
    notes = notes.copy()
    notes["time"] += beats
    return notes


def _one(random: np.random.Generator, *choices: Choice) -> Choice:
    return choices[int(random.integers(len(choices)))]
