"""A survey of recordings: what one would look at before training on a collection of sound.

    recordings = survey(200)  # the Free Music Archive, or else CC clips, or else built-in songs

Notebook: `notebooks/01_eda.ipynb`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.arguments import whole
from workbench.datasets.audio import AudioItem, genre_of
from workbench.datasets.catalogue import CATALOGUE
from workbench.datasets.dataset import evenly_spaced
from workbench.datasets.load import load
from workbench.datasets.sets.fma import find_fma, load_fma
from workbench.errors import MissingDataError
from workbench.music.audio import read_audio
from workbench.music.loudness import loudness

MEASURED = 10.0  # seconds of each recording whose loudness is measured
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
            )
        )
    return found
