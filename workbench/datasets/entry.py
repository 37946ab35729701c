"""What the catalogue knows of a data set: licence, source, where it lies and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import MissingDataError, PromptError
from workbench.files import cache_dir

if TYPE_CHECKING:
    from workbench.datasets.audio import AudioItem
    from workbench.datasets.dataset import Dataset

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
CC_BY = "https://creativecommons.org/licenses/by/4.0/"
MIT = "https://opensource.org/license/mit"


@dataclass(frozen=True)
class Archive:
    """How to unpack the download of a set, as `unpack` takes it.

    top: the folder within that holds the set, needs: files that must be under it ("*" stands for
    any name). max_files, max_bytes: where the set is larger than archives may be otherwise.
    """

    top: str
    needs: str
    max_files: int = 0
    max_bytes: int = 0


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


@dataclass(frozen=True)
class Entry:
    """One data set: facts for people, then how the workbench finds and reads it.

    Args:
        name: What `load` takes.
        title: In words; the part before the first colon is its short name.
        how_to_get: A command, or what to put where.
        splits: The rule by which songs are held out.
        url: Of the archive; "" where none is public.
        sha256: Of the archive (SHA-1 where only that is published); "" where none is.
        bytes: Of the archive; 0 where unknown.
        archive: How to unpack it; None where there is none.
        finder: From the folder of its name in the cache (which need not be there) to the folder
            that holds it, or None where it is not here. Left out for a set that is written on
            the spot.
        scores: Reads scores: entry, split or None, limit or None → data set. None for recordings.
        recordings: Lists recordings that may be trained on and given on. None for scores.
        recipe: How its scores become sound.
    """

    name: str
    title: str
    licence: str
    licence_url: str
    citation: str
    homepage: str
    how_to_get: str
    size: str
    splits: str
    url: str = ""
    sha256: str = ""
    bytes: int = 0
    archive: Archive | None = None
    finder: Callable[[Path], Path | None] | None = None
    scores: Callable[[Entry, str | None, int | None], Dataset] | None = None
    recordings: Callable[[Entry], list[AudioItem]] | None = None
    recipe: Recipe = field(default=Recipe())

    @property
    def built_in(self) -> bool:
        """Is it written on the spot, so that nothing must be there?"""
        return self.finder is None

    def find(self) -> Path:
        """The folder that holds it; MissingDataError says how to get it."""
        top = cache_dir() / self.name
        if self.finder is None:
            raise MissingDataError(f"{self.name}: is written on the spot and lies in no folder")
        folder = self.finder(top)
        if folder is None:
            raise MissingDataError(
                f"{self.name}: {self.title.split(':')[0]} is not in {top} ({self.licence}); "
                f"to get it: {self.how_to_get}"
            )
        return folder

    def load(self, split: str | None = None, limit: int | None = None) -> Dataset:
        """Its clips, of one split or all, at most `limit`; PromptError where it is sound."""
        self.check_scores()
        assert self.scores is not None
        return self.scores(self, split, limit)

    def check_scores(self) -> None:
        """Raise PromptError where it is sound."""
        if self.scores is None:
            raise PromptError(
                f"{self.name}: is sound, too much to hold at once; use "
                "workbench.datasets.sounds.collect"
            )
