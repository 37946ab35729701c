"""Data sets as sound: prepare one audio collection from names, ready for training.

    audio = collect("groove+pop909+cc-music-clips", rate=16000)

Scores are rendered with the SoundFont by the recipe of their set, and audio is decoded; both are
cached. From audio sets, only clips under CC0, CC BY or in the public domain are used, which may be
shared. A user's folder is used completely.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.datasets.audio import PREPARED, AudioCollection, AudioItem, find_audio, prepare_audio
from workbench.datasets.catalogue import CATALOGUE
from workbench.datasets.dataset import SPLITS
from workbench.datasets.entry import Recipe
from workbench.datasets.folder import files_under
from workbench.datasets.load import find, load_parts, names_of
from workbench.datasets.rendered import render_set
from workbench.files import AUDIO_SUFFIXES, cache_dir

if TYPE_CHECKING:
    from workbench.music.clip import Clip


def collect(
    dataset: str, rate: int, *, channels: int = 1, limit: int | None = None, quiet: bool = False
) -> AudioCollection:
    """Prepare the audio of data sets or folders.

    A folder that `prepare_audio` wrote is used directly; joined to others, its files are read
    again.

    Args:
        dataset: Names or folders, joined by "+".
        rate: Sample rate in Hz.
        channels: 1 (mono) or 2 (stereo).
        limit: Number of training clips per set instead of the recipe's, for a quick test.
        quiet: Whether to show no progress.

    Returns:
        The collection.

    Raises:
        MissingDataError: If a set is not on this machine.
        PromptError: If a name is empty or a number is out of range.
    """
    names = names_of(dataset)
    if len(names) == 1 and (folder := _prepared(names[0])):
        return AudioCollection(folder)
    items = [item for name in names for item in _items(name, names, limit, quiet)]
    key = hashlib.sha256("\n".join(sorted(str(i.path) for i in items)).encode()).hexdigest()[:12]
    out = cache_dir() / "sounds" / f"prepared-{rate}-{channels}-{key}"
    if (out / PREPARED).is_file():
        return AudioCollection(out)
    return prepare_audio(items, out, rate=rate, channels=channels, quiet=quiet)


def held_out_recordings(trained: set[str]) -> list[AudioItem]:
    """Return clips of cc-music-clips by other artists, under any licence, for evaluation only: not
    for training or sharing. Raises MissingDataError if the set is not on this machine."""
    items = find_audio(CATALOGUE["cc-music-clips"].find())
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
    """Return whether a name is a data set or folder of recordings, or a folder that `prepare_audio`
    wrote, rather than scores. Raises MissingDataError if it is not on this machine."""
    folder = find(name)
    if folder is None or name in CATALOGUE:
        return CATALOGUE[name].recordings is not None
    return _prepared(name) is not None or bool(files_under(folder, AUDIO_SUFFIXES))


def _prepared(name: str) -> Path | None:
    """Return the folder if `prepare_audio` wrote it, otherwise None."""
    folder = None if name in CATALOGUE else find(name)
    return folder if folder and (folder / PREPARED).is_file() else None


def _items(name: str, names: list[str], limit: int | None, quiet: bool) -> list[AudioItem]:
    entry = CATALOGUE.get(name)
    if entry and entry.recordings:
        return _some(entry.recordings(entry), limit)
    if prepared := _prepared(name):
        return _some(AudioCollection(prepared).items, limit)
    folder = find(name)
    if entry is None and folder and files_under(folder, AUDIO_SUFFIXES):
        return _some(find_audio(folder), limit)
    return find_audio(_rendered(name, names, limit, quiet))


def _rendered(name: str, names: list[str], limit: int | None, quiet: bool) -> Path:
    """Return the folder of a set of scores, rendered on first use. names: all joined names, whose
    clips a folder does not repeat."""
    recipe = CATALOGUE[name].recipe if name in CATALOGUE else Recipe()
    if limit is not None:
        recipe = replace(recipe, limit=limit)
    beside = [name] if name in CATALOGUE else [other for other in names if not is_sound(other)]
    key = hashlib.sha256(f"{'+'.join(beside)} {recipe}".encode()).hexdigest()[:8]
    out = cache_dir() / "sounds" / f"{Path(name).name}-{key}"
    if not (out / "captions.csv").is_file():
        whole = load_parts(beside, songs=True)[beside.index(name)]
        clips: list[Clip] = []
        for split in SPLITS:
            own = [c for c in whole if c.labels["split"] == split and c.duration >= recipe.shortest]
            for clip in _spread(own, _share(recipe.limit, split)):
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
    """Return the limit of a split: all for training, an eighth, but at least 20, for the others."""
    return limit if limit is None or split == "train" else max(min(20, limit), limit // 8)


def _spread(found: list[Any], limit: int | None) -> list[Any]:
    """Return every k-th item, so that `limit` or slightly more remain."""
    return found[:: max(1, len(found) // limit)] if limit else found
