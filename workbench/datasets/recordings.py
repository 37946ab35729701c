"""A survey of recordings: what one would look at before training on a collection of sound.

    recordings = survey(200)  # the Free Music Archive, or else CC clips, or else built-in songs

Notebook: `notebooks/01_eda.ipynb`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from workbench.arguments import listed, number, whole
from workbench.datasets.audio import AudioItem, genre_of
from workbench.datasets.catalogue import CATALOGUE
from workbench.datasets.dataset import evenly_spaced
from workbench.datasets.load import load
from workbench.datasets.sets.fma import find_fma, find_part, load_fma, read_tracks
from workbench.datasets.song_survey import binned
from workbench.errors import MissingDataError
from workbench.music.audio import read_audio
from workbench.music.clip import Clip
from workbench.music.loudness import loudness

MEASURED = 10.0  # seconds of each recording whose loudness is measured
MINUTES = (0, 1, 2, 3, 4, 5, 7, 10)  # edges of the ranges of `survey_sound`
LEVELS = tuple(range(-48, 0, 3))  # LUFS
MOST_NAMES = 12  # of a property
BUILT_IN_RATE = 24_000  # Hz, at which built-in songs are rendered


@dataclass(frozen=True)
class Recording:
    """A recording of a collection.

    Args:
        dataset: Name of the collection.
        seconds: Length of the whole track.
        rate: Sample rate in Hz.
        channels: 1 or 2.
        lufs: Loudness of the first ten seconds (ITU-R BS.1770).
        genre: As the collection says, or "".
        caption: Text that describes it, or "".
        artist: Or "".
        licence: Or "".
        place: The artist's latitude and longitude in degrees, if the collection has them.
        origin: The file, or the built-in song; None if only its metadata is there.
    """

    dataset: str
    seconds: float
    rate: int
    channels: int
    lufs: float
    genre: str = ""
    caption: str = ""
    artist: str = ""
    licence: str = ""
    place: tuple[float, float] | None = None
    origin: AudioItem | Clip | None = field(default=None, repr=False, compare=False)

    def excerpt(self, seconds: float = MEASURED) -> Clip:
        """The beginning of the recording as a clip.

        Raises:
            MissingDataError: If only its metadata is on this machine.
        """
        if self.origin is None:
            raise MissingDataError(f"{self.dataset}: the sound of this recording is not here")
        seconds = number(seconds, "seconds", 0.1)
        if isinstance(self.origin, AudioItem):
            whole_clip = self.origin.clip()
            sound, rate = whole_clip.audio, whole_clip.sample_rate
        else:
            sound, rate = self.origin.waveform(BUILT_IN_RATE, loop=False), BUILT_IN_RATE
        assert sound is not None
        assert rate is not None
        return Clip(audio=sound[:, : round(seconds * rate)], sample_rate=rate, caption=self.caption)


def described(limit: int | None = None) -> list[Recording]:
    """Tracks of the Free Music Archive's metadata, for which no sound is needed: length, genre,
    artist, licence and place. Sample rate and channels are 0, loudness is NaN. Empty if the
    metadata is not on this machine.

    Args:
        limit: Number of tracks at most, evenly spaced; None for all.
    """
    try:
        table = find_part("metadata") / "tracks.csv"
    except MissingDataError:
        return []
    return [
        Recording(
            dataset="fma-metadata",
            seconds=float(row["duration"] or "nan"),
            rate=0,
            channels=0,
            lufs=float("nan"),
            genre=row["genre_top"],
            artist=row["name"],
            licence=row["license"],
            place=_place(row),
        )
        for row in evenly_spaced(read_tracks(table), limit)
    ]


def survey_sound(recordings: Sequence[Recording]) -> dict[str, dict[str, float]]:
    """Describe a collection of recordings.

    Args:
        recordings: One or more, of `survey` or `described`.

    Returns:
        For each property that at least one recording has, the shares of the recordings by value:
        ranges in their order, names by frequency (the twelve most frequent and "others").
    """
    recordings = listed(recordings, "recordings", "recordings", 1)
    names: dict[str, list[str]] = {
        "sample rate": [f"{r.rate} Hz" if r.rate else "" for r in recordings],
        "channels": [{1: "mono", 2: "stereo"}.get(r.channels, "") for r in recordings],
        "genre": [r.genre for r in recordings],
        "words of captions": [
            word for r in recordings for word in dict.fromkeys(r.caption.lower().split())
        ],
        "licence": [r.licence for r in recordings],
        "artist": [r.artist for r in recordings],
    }
    counts = {
        "length of the track (minutes)": binned((r.seconds / 60 for r in recordings), MINUTES),
        "loudness (LUFS)": binned((r.lufs for r in recordings), LEVELS),
    }
    for name, values in names.items():
        table = Counter(value for value in values if value)
        counts[name] = dict(table.most_common(MOST_NAMES))
        rest = sum(table.values()) - sum(counts[name].values())
        if rest and name != "words of captions":
            counts[name]["others"] = rest
    return {
        name: {value: n / len(recordings) for value, n in table.items()}
        for name, table in counts.items()
        if table
    }


def survey(limit: int = 200) -> list[Recording]:
    """Look at recordings of the first collection that is on this machine: the Free Music Archive,
    the CC music clips, or built-in songs, which are rendered.

    Args:
        limit: Number of recordings at most, 1 or more, evenly spaced in the collection.
    """
    limit = whole(limit, "limit", 1)
    for name, items_of in (("fma-small", _fma), ("cc-music-clips", _clips)):
        try:
            items = items_of()
        except MissingDataError:
            continue
        return [_recording(name, item) for item in evenly_spaced(items, limit)]
    return _built_in(limit)


def _fma() -> Sequence[AudioItem]:
    return load_fma(*find_fma("small"), "small")


def _clips() -> Sequence[AudioItem]:
    entry = CATALOGUE["cc-music-clips"]
    assert entry.recordings is not None  # it is a set of recordings
    return entry.recordings(entry)


def _recording(dataset: str, item: AudioItem) -> Recording:
    labels = item.labels
    seconds, rate, channels, lufs = _measured(item.path)
    return Recording(
        dataset=dataset,
        seconds=float(labels.get("track_seconds") or seconds),
        rate=rate,
        channels=channels,
        lufs=lufs,
        genre=genre_of(labels),
        caption=item.caption,
        artist=str(labels.get("artist", "")),
        licence=str(labels.get("licence", "")),
        place=_place(labels),
        origin=item,
    )


def _measured(path: Path) -> tuple[float, int, int, float]:
    """Seconds, sample rate, channels and loudness of a file."""
    sound, rate = read_audio(path)
    return sound.shape[1] / rate, rate, len(sound), _loudness(sound, rate)


def _loudness(sound: np.ndarray, rate: int) -> float:
    """Loudness of the first MEASURED seconds in LUFS."""
    return loudness(sound[:, : round(MEASURED * rate)], rate)


def _place(labels: dict[str, Any]) -> tuple[float, float] | None:
    if not (labels.get("latitude") and labels.get("longitude")):
        return None
    return float(labels["latitude"]), float(labels["longitude"])


def _built_in(limit: int) -> list[Recording]:
    songs = load("builtin-songs", split="test", limit=limit)
    found = []
    for song in songs:
        sound = song.waveform(BUILT_IN_RATE, loop=False)
        found.append(
            Recording(
                dataset="builtin-songs",
                seconds=song.duration,
                rate=BUILT_IN_RATE,
                channels=len(sound),
                lufs=_loudness(sound, BUILT_IN_RATE),
                genre=str(song.labels.get("style", "")),
                caption=song.caption,
                licence=songs.licence,
                origin=song,
            )
        )
    return found
