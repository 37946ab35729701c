"""A survey of songs: what one would look at before training on a collection of scores.

    survey_songs(load("pop909"))["metre"]   # {"4/4": 0.98, …}, shares of songs

Notebook: `notebooks/01_eda.ipynb`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from workbench.datasets.dataset import Dataset
from workbench.datasets.load import load
from workbench.datasets.melodies import interval_runs, versions
from workbench.errors import MissingDataError, PromptError
from workbench.music.clip import Clip, clips_of
from workbench.music.keys import SPELLED, TONICS
from workbench.music.notes import without_drums

FAMILIES = (  # of General MIDI, eight programs each
    "piano",
    "chromatic percussion",
    "organ",
    "guitar",
    "bass",
    "strings",
    "ensemble and voice",
    "brass",
    "reed",
    "pipe",
    "synth lead",
    "synth pad",
    "synth effects",
    "world instruments",
    "percussive",
    "sound effects",
)
PARTS = 10  # parts of a song over which polyphony is shown
UNKNOWN = "not stated"
KEYS = tuple(  # by the circle of fifths, major keys first
    f"{TONICS[7 * step % 12]} {mode}" for mode in ("major", "minor") for step in range(12)
)
MOST = 8  # notes at once; more count as this many
_TEMPI = (0, 60, 80, 100, 120, 140, 160, 200)
_LENGTHS = {  # of notes, in beats: upper bounds
    "sixteenth or shorter": 0.375,
    "eighth": 0.75,
    "quarter": 1.5,
    "half": 3.0,
    "longer": np.inf,
}
_MINUTES = (0, 1, 2, 3, 4, 5)


def load_present(names: Sequence[str], limit: int | None = None) -> dict[str, Dataset]:
    """Load the sets of songs that are on this machine, all splits together.

    Args:
        names: Sets of the catalogue, or folders of MIDI files.
        limit: Largest number of songs of each.

    Returns:
        The sets by name; those that are not on this machine are left out.

    Raises:
        MissingDataError: If none is on this machine; the message says how to get the first.
    """
    found, missing = {}, []
    for name in names:
        try:
            found[name] = load(name, limit=limit, songs=True)
        except MissingDataError as error:
            missing.append(error)
    if not found:
        raise missing[0] if missing else PromptError("names: give at least one set of songs")
    return found


def survey_songs(songs: Iterable[Clip]) -> dict[str, dict[str, float]]:
    """Describe a collection of songs.

    Args:
        songs: One or more clips with notes.

    Returns:
        For each property, shares by value that add up to 1, except for "instruments" (the share
        of songs that have it; a song has several) and "notes at once, by tenth of the song" (a
        mean). All 24 keys are listed. Drums count as an instrument only. Tempi and keys are those
        that the files or the collection state.

    Raises:
        PromptError: If there is no song.
    """
    songs = clips_of(list(songs), "songs", 1)
    tables: dict[str, Counter[str]] = {name: Counter() for name in ("instruments", "metre", "key")}
    at_once, through, lengths = np.zeros(MOST + 1), [], np.zeros(len(_LENGTHS))
    for song in songs:
        tuned = without_drums(song.notes)
        tables["instruments"].update(sorted(instruments(song)))
        tables["metre"][f"{song.meter[0]}/{song.meter[1]}"] += 1
        tables["key"][key_of(song) or UNKNOWN] += 1
        edges, count = polyphony(song)
        width = np.diff(edges)
        at_once += np.bincount(np.minimum(count, MOST), width, MOST + 1) / song.beats
        through.append(_means(edges, count, np.linspace(0, song.beats, PARTS + 1)))
        lengths += np.bincount(
            np.searchsorted(list(_LENGTHS.values()), tuned["duration"], side="right"),
            minlength=len(_LENGTHS),
        )
    counts: dict[str, dict[str, int]] = {name: dict(t.most_common()) for name, t in tables.items()}
    keys = [*KEYS, *sorted(tables["key"].keys() - {*KEYS, UNKNOWN}), UNKNOWN]
    counts["key"] = {key: tables["key"][key] for key in keys if key in KEYS or tables["key"][key]}
    counts["tempo (BPM)"] = binned((song.tempo for song in songs if song.tempo_known), _TEMPI)
    if unknown := sum(not song.tempo_known for song in songs):
        counts["tempo (BPM)"][UNKNOWN] = unknown
    counts["length of the song (minutes)"] = binned((s.duration / 60 for s in songs), _MINUTES)
    result = {
        name: {value: n / len(songs) for value, n in table.items()}
        for name, table in counts.items()
    }
    names = [str(n) for n in range(MOST)] + [f"{MOST} or more"]
    result["notes at once"] = dict(zip(names, (at_once / len(songs)).tolist(), strict=True))
    result["notes at once, by tenth of the song"] = {
        f"{part + 1}": float(mean) for part, mean in enumerate(np.mean(through, 0))
    }
    shares = lengths / max(1.0, lengths.sum())
    result["length of notes"] = dict(zip(_LENGTHS, shares.tolist(), strict=True))
    return result


def instruments(song: Clip) -> set[str]:
    """Families of General MIDI instruments that play in a song, and "drums"."""
    notes = song.notes
    found = {FAMILIES[program // 8] for program in np.unique(without_drums(notes)["program"])}
    return found | ({"drums"} if notes["is_drum"].any() else set())


def key_of(song: Clip) -> str:
    """The key of a song as its labels or else its first key signature state it, such as "Eb
    major"; "" without both. A file without a signature does not tell C major from no key, so a
    signature of C major counts only if the file has it."""
    tonic, _, mode = str(song.labels.get("key") or "").strip().partition(" ")
    if tonic:
        tonic = tonic[0].upper() + tonic[1:].replace("-", "b")
        return f"{SPELLED.get(tonic, tonic)} {mode or 'major'}"
    if not (song.has_score and len(song.score.key_signatures)):
        return ""
    first = song.score.key_signatures[0]
    minor = bool(first.tonality)
    tonic = TONICS[(7 * int(first.key) + (9 if minor else 0)) % 12]
    return f"{tonic} {'minor' if minor else 'major'}"


def polyphony(song: Clip) -> tuple[np.ndarray, np.ndarray]:
    """How many notes sound at once, without drums.

    Returns:
        Edges of time in beats (k + 1,), from 0 to the end of the song, and the number of notes
        between each two of them (k,).
    """
    notes = without_drums(song.notes)
    start = np.clip(notes["time"].astype(float), 0, song.beats)
    end = np.clip(start + notes["duration"], 0, song.beats)
    times = np.concatenate([start, end, [0.0, song.beats]])
    change = np.concatenate([np.ones(len(start)), -np.ones(len(end)), [0, 0]])
    edges, place = np.unique(times, return_inverse=True)
    return edges, np.cumsum(np.bincount(place, change)).round().astype(int)[:-1]


def mean_polyphony(song: Clip, times: Sequence[float] | np.ndarray) -> np.ndarray:
    """Mean number of notes at once between each two times, without drums.

    Args:
        song: With notes.
        times: Increasing, in beats, (k + 1,), such as the song's `bar_lines`.

    Returns:
        Means (k,), 0 or more.
    """
    return _means(*polyphony(song), times)


def _means(edges: np.ndarray, count: np.ndarray, times: Sequence[float] | np.ndarray) -> np.ndarray:
    """Mean of a number that is constant between edges, between each two times."""
    area = np.concatenate([[0.0], np.cumsum(count * np.diff(edges))])
    return np.diff(np.interp(times, edges, area)) / np.diff(times)


def melody_of(song: Clip) -> np.ndarray:
    """Pitches of the highest notes at each onset, in order of time: (n,). Drums do not count."""
    notes = without_drums(song.notes)
    order = np.lexsort((-notes["pitch"].astype(int), notes["time"]))
    notes = notes[order]
    return notes["pitch"][np.diff(notes["time"], prepend=-np.inf) > 0].astype(int)


def copies(songs: Sequence[Clip]) -> list[list[int]]:
    """Find songs with nearly the same melody in a collection.

    Returns:
        Groups of indices, each sorted: songs whose `melody_of` share more than 30 % of the runs of
        eight intervals of the one with fewer runs. Key, tempo and rhythm do not count.
    """
    runs = []
    for song in clips_of(list(songs), "songs"):
        melody = melody_of(song)
        runs.append(interval_runs(np.arange(len(melody)), melody))
    return versions(runs)


def binned(values: Iterable[float], edges: Sequence[float]) -> dict[str, int]:
    """Count finite values per range.

    Args:
        values: Numbers; those below the first edge count in the first range.
        edges: Increasing; the range above the last one is open.

    Returns:
        Counts by name, such as "60 to 80" (80 not included) and "200 or more", in order, from the
        first range with a value to the last one.
    """
    numbers = np.array([value for value in values if np.isfinite(value)], float)
    if not len(numbers):
        return {}
    place = np.maximum(np.searchsorted(edges, numbers, side="right") - 1, 0)
    names = [f"{low:g} to {high:g}" for low, high in pairwise(edges)] + [f"{edges[-1]:g} or more"]
    counts = np.bincount(place, minlength=len(names)).tolist()
    used = range(int(place.min()), int(place.max()) + 1)
    return {names[index]: counts[index] for index in used}
