"""An entry of the catalogue: licence and source of a data set, its folder and how it is read."""

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
    """How a set of scores is rendered. bars: length of an excerpt; each: excerpts per clip; limit:
    approximate number of training clips, with an eighth of it for each other split; shortest:
    shortest clip in seconds; genre: default style."""

    bars: int = 8
    each: int = 1
    limit: int | None = None
    shortest: float = 0.0
    genre: str = ""


@dataclass(frozen=True)
class Entry:
    """One data set: facts for people, then how the workbench finds and reads it.

    Args:
        name: The name for `load`.
        title: Full title; the part before the first colon is its short name.
        how_to_get: A command, or instructions.
        splits: The rule by which songs are held out.
        url: Address of the archive; "" if none is public.
        sha256: Checksum of the archive (SHA-1 if only that is published); "" if none is.
        bytes: Size of the archive; 0 if unknown.
        archive: How to unpack it; None if there is none.
        finder: Given the folder of its name in the cache (which may be missing), returns the
            folder of the data, or None if it is missing. None for a generated set.
        scores: Reads scores: entry, split or None, limit or None → data set. None for recordings.
        recordings: Lists recordings that may be used for training and shared. None for scores.
        recipe: How its scores are rendered.
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
        """Whether the set is generated, so that no download is needed."""
        return self.finder is None

    def find(self) -> Path:
        """Return the folder of the data; raise MissingDataError, which says how to get it."""
        top = cache_dir() / self.name
        if self.finder is None:
            raise MissingDataError(f"{self.name}: is generated and has no folder")
        folder = self.finder(top)
        if folder is None:
            raise MissingDataError(
                f"{self.name}: {self.title.split(':')[0]} is not in {top} ({self.licence}); "
                f"to get it: {self.how_to_get}"
            )
        return folder

    def load(self, split: str | None = None, limit: int | None = None) -> Dataset:
        """Load at most `limit` clips of one split or all; raise PromptError for recordings."""
        self.check_scores()
        assert self.scores is not None
        return self.scores(self, split, limit)

    def check_scores(self) -> None:
        """Raise PromptError for recordings."""
        if self.scores is None:
            raise PromptError(
                f"{self.name}: has recordings, which are not loaded at once; use "
                "workbench.datasets.sounds.collect"
            )
