"""Data sets as sound: names become one prepared collection of audio, ready for training.

    audio = collect("groove+pop909+cc-music-clips", rate=16000)

Scores are rendered through the SoundFont by the recipe of their set, audio is decoded; both stay in
the cache folder and are made once. Of audio sets only clips are taken that may be given on: CC0,
CC BY and public domain. A folder of one's own is taken whole.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.datasets.audio import (
    AudioCollection,
    AudioItem,
    audio_files,
    find_audio,
    prepare_audio,
)
from workbench.datasets.catalogue import AUDIO, CATALOGUE
from workbench.datasets.dataset import SPLITS, load, names_of
from workbench.datasets.rendered import render_set
from workbench.errors import MissingDataError
from workbench.files import cache_dir

if TYPE_CHECKING:
    from workbench.music.clip import Clip

FREE = ("CC0", "CC-BY-3", "CC-BY-4", "CC BY 3", "CC BY 4", "Public Domain")


@dataclass(frozen=True)
class Recipe:
    """How a set of scores becomes sound. bars, each: of an excerpt, and excerpts a clip; limit:
    about as many training clips, an eighth as many of each other split; shortest: seconds that a
    clip must last; genre: where clips do not name their style."""

    bars: int = 8
    each: int = 1
    limit: int | None = None
    shortest: float = 0.0
    genre: str = ""


RECIPES = {
    "groove": Recipe(bars=4, each=2, shortest=6.0),
    "builtin": Recipe(bars=4, limit=240),
    "builtin-songs": Recipe(limit=240, genre="band"),
    "pop909": Recipe(limit=300, genre="pop piano"),
    "openscore-lieder": Recipe(limit=200, genre="art song"),
    "openscore-orchestra": Recipe(each=8, genre="orchestra"),
    "nottingham": Recipe(limit=300, genre="folk dance"),
}


def collect(
    dataset: str, rate: int, *, channels: int = 1, limit: int | None = None, quiet: bool = False
) -> AudioCollection:
    """Prepared audio of data sets or folders joined by "+"; a folder that `prepare_audio` wrote is
    taken as it is. limit: in place of the recipes' own, for a quick look."""
    if (Path(dataset) / "audio.json").is_file():
        return AudioCollection(dataset)
    items: list[AudioItem] = []
    for name in names_of(dataset):
        items += _items(name, limit, quiet)
    key = hashlib.sha256("\n".join(sorted(str(i.path) for i in items)).encode()).hexdigest()[:12]
    out = cache_dir() / "sounds" / f"prepared-{rate}-{channels}-{key}"
    if (out / "audio.json").is_file():
        return AudioCollection(out)
    return prepare_audio(items, out, rate=rate, channels=channels, quiet=quiet)


def held_out_recordings(trained: set[str]) -> list[AudioItem]:
    """Clips of cc-music-clips by artists other than those, whatever their licence: to measure on,
    never to train on or to give on. MissingDataError where the set is not here."""
    is_sound("cc-music-clips")
    items = find_audio(_folder("cc-music-clips"))
    return [item for item in items if str(item.labels.get("artist", "")) not in trained]


def credits_of(items: Sequence[AudioItem]) -> list[str]:
    """ "Artist (licence)" of each recording's artist, as CC BY asks to be named; rendered scores
    have none."""
    named = {
        (str(i.labels["artist"]), str(i.labels.get("licence", "")))
        for i in items
        if i.labels.get("artist")
    }
    return [f"{artist} ({licence})" if licence else artist for artist, licence in sorted(named)]


def is_sound(name: str) -> bool:
    """Is it a folder of recordings, or one that `prepare_audio` wrote, rather than scores?
    MissingDataError for a data set of recordings that is not here."""
    if name.startswith("fma-") and name in CATALOGUE:
        from workbench.datasets.fma import find_fma

        return bool(find_fma(name.removeprefix("fma-")))
    top = _folder(name)
    if name in {entry.name for entry in AUDIO} and not top.is_dir():
        entry = CATALOGUE[name]
        raise MissingDataError(
            f"{name}: {entry.title.split(':')[0]} are not in {top}; to get them: {entry.how_to_get}"
        )
    return top.is_dir() and ((top / "audio.json").is_file() or bool(audio_files(top)))


def _folder(name: str) -> Path:
    """Of a path, or of a data set in the cache."""
    own = Path(name).expanduser()
    return own if own.is_dir() else cache_dir() / name


def _items(name: str, limit: int | None, quiet: bool) -> list[AudioItem]:
    if name.startswith("fma-") and name in CATALOGUE:
        return _fma(name, limit)
    top = _folder(name)
    if top.is_dir() and audio_files(top):
        items = find_audio(top, licences=FREE if name in CATALOGUE else ())
        return _some(items, limit)
    return find_audio(_rendered(name, limit, quiet))


def _fma(name: str, limit: int | None) -> list[AudioItem]:
    """Tracks whose licence asks for the artist's name at most."""
    from workbench.datasets.fma import find_fma, load_fma

    subset = name.removeprefix("fma-")
    bound = ("share", "noncommercial", "noderiv", "nc", "nd", "sa")
    free = []
    for item in load_fma(*find_fma(subset), subset):
        words = re.findall("[a-z]+", str(item.labels.get("licence", "")).lower())
        if {"attribution", "cc", "domain"} & set(words) and not any(
            word.startswith(bound) for word in words
        ):
            free.append(item)
    return _some(free, limit)


def _rendered(name: str, limit: int | None, quiet: bool) -> Path:
    """The folder of a set of scores, rendered on first use."""
    recipe = RECIPES.get(name, Recipe())
    if limit is not None:
        recipe = replace(recipe, limit=limit)
    key = hashlib.sha256(f"{name} {recipe}".encode()).hexdigest()[:8]
    out = cache_dir() / "sounds" / f"{Path(name).name}-{key}"
    if not (out / "captions.csv").is_file():
        clips: list[Clip] = []
        for split in SPLITS:
            found = [c for c in load(name, split).clips if c.duration >= recipe.shortest]
            for clip in _spread(found, _share(recipe.limit, split)):
                clip.labels |= {"set": name, "split": split}
                if recipe.genre:
                    clip.labels["style"] = recipe.genre
                clips.append(clip)
        render_set(clips, out, bars=recipe.bars, each=recipe.each, quiet=quiet)
    return out


def _some(items: list[AudioItem], limit: int | None) -> list[AudioItem]:
    return [
        item
        for split in SPLITS
        for item in _spread([i for i in items if i.split == split], _share(limit, split))
    ]


def _share(limit: int | None, split: str) -> int | None:
    """Of a split: all of the limit for training, an eighth of it, 20 at least, for the others."""
    return limit if limit is None or split == "train" else max(min(20, limit), limit // 8)


def _spread(found: list[Any], limit: int | None) -> list[Any]:
    """Every k-th, so that `limit` or a few more are left."""
    return found[:: max(1, len(found) // limit)] if limit else found
