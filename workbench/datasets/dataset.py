"""A data set is a sequence of clips that knows its licence, and `load` is the way to one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from workbench.arguments import whole
from workbench.datasets.catalogue import AUDIO, CATALOGUE
from workbench.errors import MissingDataError, PromptError
from workbench.files import AUDIO_SUFFIXES, MIDI_SUFFIXES

if TYPE_CHECKING:
    from workbench.music.clip import Clip

SPLITS = ("train", "validation", "test")
MUSIC = (*MIDI_SUFFIXES, *AUDIO_SUFFIXES)
PREPARED = "audio.json"  # of a folder that `prepare_audio` wrote


class Dataset(Sequence["Clip"]):
    """Clips in a fixed order.

    skipped: (path, reason) of each file that was left out, such as a broken one.
    info: further facts (folder, split rule, …).
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        *,
        name: str,
        licence: str = "unknown",
        citation: str = "",
        skipped: Sequence[tuple[str, str]] = (),
        info: dict[str, Any] | None = None,
    ) -> None:
        self.clips = list(clips)
        self.name = name
        self.licence = licence
        self.citation = citation
        self.skipped = list(skipped)
        self.info = dict(info or {})

    def __len__(self) -> int:
        return len(self.clips)

    def __iter__(self) -> Iterator[Clip]:
        return iter(self.clips)

    @overload
    def __getitem__(self, index: int) -> Clip: ...
    @overload
    def __getitem__(self, index: slice) -> list[Clip]: ...
    def __getitem__(self, index: int | slice) -> Clip | list[Clip]:
        return self.clips[index]

    def __repr__(self) -> str:
        left_out = f", {len(self.skipped)} files left out" if self.skipped else ""
        split = f" {self.info['split']}" if self.info.get("split") else ""
        return f"<Dataset {self.name}{split}: {len(self)} clips{left_out}; {self.licence}>"

    def summary(self) -> str:
        """Name, size, licence, citation and the files left out, as text."""
        lines = [repr(self), self.citation]
        lines += [f"left out: {path}: {reason}" for path, reason in self.skipped]
        return "\n".join(line for line in lines if line)


def load(
    name_or_folder: str | os.PathLike[str], split: str | None = None, *, limit: int | None = None
) -> Dataset:
    """Load a data set of the catalogue ("groove", "pop909" …) or any folder of drum loops.

    Whole songs from a folder of one's own: `workbench.datasets.songs.load_songs`.

    split: "train", "validation" or "test"; None for all. limit: at most so many clips, drawn
    evenly over the set (not its first ones, which would be one drummer's).
    Raises MissingDataError when the data is not on this machine (and says how to get it) and
    PromptError for an unknown split.
    """
    if split is not None and split not in SPLITS:
        raise PromptError(f"split: {split!r} is unknown; choose one of {', '.join(SPLITS)} or None")
    if limit is not None:
        limit = whole(limit, "limit", 1)
    name = os.fspath(name_or_folder)
    if name == "builtin":
        from workbench.datasets.builtin import load_builtin

        return load_builtin(split, limit)
    if name == "builtin-songs":
        from workbench.datasets.builtin_songs import load_builtin_songs

        return load_builtin_songs(split, limit)
    from workbench.datasets.groove import find_groove, load_groove

    if name == "groove":
        return load_groove(find_groove(), split, limit)
    if name == "pop909":
        from workbench.datasets.pop909 import find_pop909, load_pop909

        return load_pop909(find_pop909(), split, limit)
    from workbench.datasets.song_sets import SETS, load_song_set

    if name in SETS:
        return load_song_set(name, split, limit)
    if name in {entry.name for entry in AUDIO}:
        raise PromptError(
            f"{name}: is sound, too much to hold at once; use workbench.datasets.sounds.collect"
        )
    folder = Path(os.path.expanduser(name))
    if not folder.is_dir():
        raise _unknown(name)
    if (folder / "info.csv").is_file() and any(folder.glob("drummer*")):
        return load_groove(folder, split, limit)
    from workbench.datasets.folder import load_folder

    return load_folder(folder, split, limit)


def names_of(dataset: str) -> list[str]:
    """The data sets of `dataset`: names of the catalogue or folders, joined by "+".

    A folder that has a "+" in its own name is one. Raises, before anything is read, PromptError for
    an empty name and MissingDataError for one that is neither, or a folder without music. Whether a
    set of the catalogue is on this machine: `find`.
    """
    whole_name = dataset.strip() and os.path.isdir(os.path.expanduser(dataset))
    names = [dataset] if whole_name else [name.strip() for name in dataset.split("+")]
    for name in names:
        if not name:
            raise PromptError(f"dataset: {dataset!r}: a name is empty; join names or folders by +")
        if name not in CATALOGUE:
            _check_folder(name)
    return names


def find(name: str) -> None:
    """Raises MissingDataError where a data set is not on this machine, and says how to get it."""
    from workbench.datasets.archives import finder
    from workbench.datasets.sounds import is_sound

    if name not in CATALOGUE:
        _check_folder(name)
    elif name in {entry.name for entry in AUDIO}:
        is_sound(name)
    elif not name.startswith("builtin"):
        finder(name)()


def _check_folder(name: str) -> None:
    """Is it a folder with a file of music in it?"""
    folder = os.path.expanduser(name)
    if not os.path.isdir(folder):
        raise _unknown(name)
    for _, _, files in os.walk(folder):
        if any(Path(file).suffix.lower() in MUSIC or file == PREPARED for file in files):
            return
    raise MissingDataError(
        f"{name!r}: a folder without MIDI files ({' '.join(MIDI_SUFFIXES)}) and recordings "
        f"({' '.join(AUDIO_SUFFIXES)}); name another"
    )


def _unknown(name: str) -> MissingDataError:
    known = ", ".join(CATALOGUE)
    return MissingDataError(
        f"{name!r}: neither a data set of the catalogue ({known}) nor a folder; "
        "check the name or the path"
    )


def spread(items: Sequence[Any], limit: int | None) -> list[Any]:
    """At most `limit` items at even distances, in order."""
    if limit is None or whole(limit, "limit", 1) >= len(items):
        return list(items)
    limit = whole(limit, "limit", 1)
    return [items[i * len(items) // limit] for i in range(limit)]
