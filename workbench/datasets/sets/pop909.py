"""POP909: pop songs arranged for melody, bridge and piano.

The MIDI ticks of the set are not aligned with beats: each song has its own offset, and the piano
was played freely. `beat_midi.txt` contains the times of the beats. So the notes are mapped to a
grid in which each annotated beat is a quarter note and bars begin at the annotated downbeats.

Source: Wang et al. 2020, "POP909: A Pop-song Dataset for Music Arrangement Generation", ISMIR.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from workbench.arguments import path_of
from workbench.datasets.dataset import Dataset, evenly_spaced
from workbench.datasets.entry import MIT, Archive, Entry, Recipe
from workbench.datasets.folder import split_of_name
from workbench.datasets.melodies import interval_runs, together, versions
from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.music.channel import note_events
from workbench.music.clip import Clip
from workbench.music.keys import MAJOR
from workbench.music.midi import read_score

TPQ = 480
# All three tracks are pianos in the files. Tokens distinguish tracks by program, so each gets
# its own: the sung melody gets voice oohs, the second melody a guitar.
PROGRAMS = {"MELODY": 53, "BRIDGE": 25, "PIANO": 0}
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
TRIADS = {"dim": (0, 3, 6), "hdim": (0, 3, 6), "min": (0, 3, 7), "aug": (0, 4, 8)} | {
    "minmaj": (0, 3, 7),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
}


class Chord(NamedTuple):
    """A chord of a song. start, end: in beats, whole; root, bass: pitch classes, 0 is C; tones:
    pitch classes of its triad."""

    start: int
    end: int
    root: int
    bass: int
    tones: tuple[int, ...]


def find_in(top: Path) -> Path | None:
    """Return the folder that contains 001/001.mid and so on."""
    for folder in (top, top / "pop909", top / "POP909", top / "POP909-Dataset-master" / "POP909"):
        if any(folder.glob("[0-9][0-9][0-9]/*.mid")):
            return folder
    return None


POP909 = Entry(
    name="pop909",
    title="POP909: pop songs arranged for melody, bridge and piano",
    licence="MIT",
    licence_url=MIT,
    citation=(
        "Ziyu Wang, Ke Chen, Junyan Jiang, Yiyi Zhang, Maoran Xu, Shuqi Dai, Xianbin Gu, Gus Xia: "
        "POP909: A Pop-song Dataset for Music Arrangement Generation. International Society for "
        "Music Information Retrieval Conference (ISMIR), 2020."
    ),
    homepage="https://github.com/music-x-lab/POP909-Dataset",
    how_to_get="python data_scripts/pop909.py",
    size="909 songs, about 60 hours; 50 MB zipped with all versions",
    splits=(
        "by song: 80 % train, 10 % validation, 10 % test, by a hash of the song's number; songs "
        "whose melodies are nearly the same go together, to train if one of them is there"
    ),
    url="https://github.com/music-x-lab/POP909-Dataset/archive/refs/heads/master.zip",
    archive=Archive("*/POP909", "[0-9]*/*.mid"),
    finder=find_in,
    scores=lambda entry, split, limit: load_pop909(entry.find(), split, limit),
    recipe=Recipe(limit=300, genre="pop piano"),
)


def load_pop909(folder: Path, split: str | None = None, limit: int | None = None) -> Dataset:
    """Load all songs in the order of their numbers. Labels: song, split, key ("B major"), file.

    Args:
        folder: The folder with 001/001.mid and so on.
        split: "train", "validation" or "test"; None for all.
        limit: Largest number of songs, at even distances over the set; None for all.

    Returns:
        The data set. Songs without notes or annotations are omitted and named in `skipped`; songs
        with nearly the same melody, which are in one split, are listed in `info["versions"]`.

    Raises:
        MissingDataError: If no song can be read.
    """
    folder = Path(path_of(folder, "folder", "the path of a folder"))
    splits, groups = split_songs(folder)
    chosen = [folder / song for song in splits if split in (None, splits[song])]
    clips, skipped = [], []
    for song in evenly_spaced(chosen, limit):
        try:
            clips.append(_clip(song, splits[song.name]))
        except (WorkbenchError, OSError, ValueError) as error:
            skipped.append((song.name, str(error)))
    if not clips:
        raise MissingDataError(
            f"{folder}: no song of POP909 can be read; get it again: {POP909.how_to_get} --again"
        )
    return Dataset(
        clips,
        name="pop909",
        licence=POP909.licence,
        citation=POP909.citation,
        skipped=skipped,
        info={
            "folder": str(folder),
            "split": split,
            "split_rule": POP909.splits,
            "versions": groups,
        },
    )


def split_songs(folder: Path) -> tuple[dict[str, str], list[list[str]]]:
    """Return the split of each song by its number, and the groups of versions of one song. The
    split is a hash of the number; versions of one song are `together`."""
    songs = sorted(path.name for path in folder.glob("[0-9][0-9][0-9]") if path.is_dir())
    groups = versions([_melody(folder / song / f"{song}.mid") for song in songs])
    splits = together([split_of_name(song) for song in songs], groups)
    names = [[songs[index] for index in group] for group in groups]
    return dict(zip(songs, splits, strict=True)), names


def _melody(path: Path) -> frozenset[int]:
    """The runs of intervals of the MELODY track; empty if the file cannot be read."""
    try:
        tracks = read_score(path, notes_only=True).tracks
    except WorkbenchError:
        return frozenset()  # reported when the song itself is loaded
    notes = [track.notes.numpy() for track in tracks if track.name == "MELODY"]
    return interval_runs(notes[0]["time"], notes[0]["pitch"]) if notes else frozenset()


def _clip(folder: Path, split: str) -> Clip:
    import symusic

    name = folder.name
    score = read_score(folder / f"{name}.mid", notes_only=True).to("second")
    times, bars, tempo = _timing(folder, score)
    place = np.arange(len(times))
    regular: Any = symusic.Score(TPQ)
    regular.tempos.append(symusic.Tempo(0, tempo))
    for beat, length in bars:
        regular.time_signatures.append(symusic.TimeSignature(beat * TPQ, length, 4))
    for track in score.tracks:
        notes = track.notes.numpy()
        begin = np.interp(notes["time"], times, place)
        end = np.interp(notes["time"] + notes["duration"], times, place)
        begin = np.round(begin * TPQ)
        length = np.maximum(np.round(end * TPQ) - begin, TPQ // 24)
        regular.tracks.append(symusic.Track(track.name, PROGRAMS.get(track.name, track.program)))
        regular.tracks[-1].notes = note_events(begin, length, notes["pitch"], notes["velocity"])
    if not any(len(track.notes) for track in regular.tracks):
        raise BrokenFileError(f"{folder}: has no notes")
    key = _key(folder / "key_audio.txt")
    labels = {"song": name, "split": split, "key": key, "file": f"{name}/{name}.mid"}
    clip = Clip(regular, tempo=round(tempo, 2), source=f"pop909/{name}", labels=labels)
    clip.caption = f"pop song {name}" + (f" in {labels['key']}" if labels["key"] else "")
    return clip


def chords_of(folder: Path) -> list[Chord]:
    """Return the chords that chord_midi.txt annotates, in the beats of the song's clip.

    Args:
        folder: The folder of the song, such as `POP909/001`.

    Raises:
        BrokenFileError: If the file cannot be read or contains a word that is not a chord.
    """
    path = folder / "chord_midi.txt"
    score = read_score(folder / f"{folder.name}.mid", notes_only=True).to("second")
    times, _, _ = _timing(folder, score)
    try:
        rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        spans = [(float(start), float(end), name) for start, end, name in filter(None, rows)]
    except (OSError, ValueError) as error:
        raise BrokenFileError(f"{path}: cannot be read as a list of chords ({error})") from error
    chords = []
    for start, end, name in spans:
        first, last = np.round(np.interp([start, end], times, np.arange(len(times)))).astype(int)
        if name != "N" and last > first:  # N: no chord
            chords.append(Chord(int(first), int(last), *_spelled(name, path)))
    return chords


def _spelled(name: str, path: Path) -> tuple[int, int, tuple[int, ...]]:
    """Root, bass and tones of a chord such as "F#:maj7/5", whose bass is a degree of the scale."""
    found = re.fullmatch(r"([A-G][#b]?):([a-z]+\d?|\d)[^/]*(?:/([#b]?)(\d+))?", name)
    if not found:
        raise BrokenFileError(f"{path}: {name!r} is not a chord such as C:maj7/5")
    note, quality, shift, degree = found.groups()
    root = LETTERS[note[0]] + _sharps(note[1:])
    kind = quality if quality in TRIADS else quality.rstrip("0123456789")
    tones = tuple((root + step) % 12 for step in TRIADS.get(kind, (0, 4, 7)))
    bass = root
    if degree:  # 1 to 7 of the major scale, higher ones an octave above
        bass += int(MAJOR[(int(degree) - 1) % 7]) + _sharps(shift)
    return root % 12, bass % 12, tones


def _sharps(sign: str) -> int:
    return {"#": 1, "b": -1, "": 0}[sign]


def _timing(folder: Path, score: Any) -> tuple[np.ndarray, list[tuple[int, int]], float]:
    """The grid of a score in seconds (see `_grid`), and its tempo in BPM."""
    beats, downbeats = _beats(folder / "beat_midi.txt")
    last = max((note.end for track in score.tracks for note in track.notes), default=0.0)
    return *_grid(beats, downbeats, last), 60 / float(np.median(np.diff(beats)))


def _beats(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times of the beats in seconds, and whether a bar begins there."""
    try:
        table = np.loadtxt(path, ndmin=2, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BrokenFileError(f"{path}: cannot be read as a list of beats ({error})") from error
    if table.shape[0] < 8 or table.shape[1] < 3 or (np.diff(table[:, 0]) <= 0).any():
        raise BrokenFileError(f"{path}: is not a list of beats (seconds, downbeat, downbeat)")
    return table[:, 0], table[:, 2] > 0


def _grid(
    beats: np.ndarray, downbeats: np.ndarray, until: float
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Time in seconds of each beat of the aligned song, which begins with a bar line at or
    before 0; and (beat, beats per bar) at each change of metre."""
    step = float(np.median(np.diff(beats)))
    starts = np.flatnonzero(downbeats)
    anchor = int(starts[0]) if len(starts) else 0
    before = int(np.ceil(max(beats[0], 0) / step))
    before += -(before + anchor) % 4  # before the first downbeat there are whole bars of four
    after = max(0, int(np.ceil((until - beats[-1]) / step))) + 1
    times = np.concatenate(
        [beats[0] - step * np.arange(before, 0, -1), beats, beats[-1] + step * np.arange(1, after)]
    )
    lines = [0, *range(4, before + anchor, 4)]
    for start in (starts + before).tolist():
        while start - lines[-1] > 6:  # a long time without downbeats: bars of four
            lines.append(lines[-1] + 4)
        if start > lines[-1]:
            lines.append(start)
    lengths = [*np.diff(lines).tolist(), 4]
    changes = [
        (line, length)
        for i, (line, length) in enumerate(zip(lines, lengths, strict=True))
        if i == 0 or length != lengths[i - 1]
    ]
    return times, changes


def _key(path: Path) -> str:
    """The key that lasts longest, such as "B major"; "" if none is given."""
    if not path.is_file():
        return ""
    spans: dict[str, float] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        parts = line.split()
        if len(parts) == 3:
            spans[parts[2]] = spans.get(parts[2], 0.0) + float(parts[1]) - float(parts[0])
    if not spans:
        return ""
    tonic, _, mode = max(spans, key=lambda name: spans[name]).partition(":")
    return f"{tonic} {'minor' if mode.startswith('min') else 'major'}"
