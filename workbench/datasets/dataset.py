"""A data set: a sequence of clips with its licence. `load.load` returns one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from workbench.arguments import choice, whole

if TYPE_CHECKING:
    from workbench.music.clip import Clip

SPLITS = ("train", "validation", "test")


def check_split(split: str | None) -> None:
    """Raise PromptError unless the split is one of `SPLITS`, or None for all."""
    if split is not None:
        choice(split, "split", SPLITS)


class Dataset(Sequence["Clip"]):
    """Clips in a fixed order.

    Args:
        clips: The clips.
        name: The name of the set.
        licence: The licence of the clips.
        citation: The citation that the authors ask for; "" if unknown.
        skipped: (path, reason) of each omitted file, such as a broken one.
        info: Further facts, such as the folder and the split rule.
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
        """Name, size, licence, citation and omitted files, as text."""
        lines = [repr(self), self.citation]
        lines += [f"left out: {path}: {reason}" for path, reason in self.skipped]
        return "\n".join(line for line in lines if line)


def evenly_spaced(items: Sequence[Any], limit: int | None) -> list[Any]:
    """At most `limit` items at even distances, in order."""
    if limit is None or whole(limit, "limit", 1) >= len(items):
        return list(items)
    limit = whole(limit, "limit", 1)
    return [items[i * len(items) // limit] for i in range(limit)]
