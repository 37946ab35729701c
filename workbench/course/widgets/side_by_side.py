"""Clips side by side, in plain HTML that plays without a kernel."""

from __future__ import annotations

import random
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from workbench.arguments import flag, listed
from workbench.errors import WorkbenchError
from workbench.music.clip import clips_of
from workbench.music.display import player_html

if TYPE_CHECKING:
    from workbench.music.clip import Clip

_GRID = "display:grid;gap:8px;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr))"


class SideBySide:
    """The result of `compare`; displays itself as the last line of a cell."""

    def __init__(
        self, clips: Sequence[Clip], titles: Sequence[str], *, blind: bool = False
    ) -> None:
        self.clips, self.titles, self.blind = list(clips), list(titles), blind

    def __repr__(self) -> str:
        names = "blind" if self.blind else ", ".join(self.titles)
        return f"<{len(self.clips)} clips side by side: {names}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        show = blindly if self.blind else side_by_side
        return {"text/plain": repr(self), "text/html": show(self.clips, self.titles)}


def compare(
    clips: Sequence[Clip], titles: Sequence[str] | None = None, *, blind: bool = False
) -> SideBySide:
    """Show clips side by side, each with its player.

    Args:
        clips: The clips.
        titles: One per clip; default: their captions.
        blind: Whether to hide titles, pictures and facts, and to shuffle the clips. A box below
            them that can be opened tells which is which. The order depends on the titles only, so
            that a notebook looks the same when it is run again.

    Returns:
        An object that displays itself as the last line of a cell.

    Raises:
        WorkbenchError: for another number of titles than of clips.
    """
    clips = clips_of(clips)
    names = [short(clip.caption) or f"clip {i}" for i, clip in enumerate(clips, 1)]
    if titles is not None:
        titles = listed(titles, "titles", "texts")
        if len(titles) != len(clips):
            raise WorkbenchError(f"titles: {len(titles)} for {len(clips)} clips; give one per clip")
        names = [str(title) for title in titles]
    return SideBySide(clips, names, blind=flag(blind, "blind"))


def blindly(clips: Sequence[Clip], titles: Sequence[str]) -> str:
    """The clips' players alone, in an order that the titles do not show, and below them a closed
    box with the titles, as HTML."""
    order = random.Random("\n".join(titles)).sample(range(len(clips)), len(clips))
    letters = [
        f"Clip {chr(ord('A') + i)}" if i < 26 else f"Clip {i + 1}" for i in range(len(order))
    ]
    players = [
        player_html(clips[place], title=letter, blind=True)
        for letter, place in zip(letters, order, strict=True)
    ]
    key = "".join(
        f"<li>{letter}: {escape(titles[place])}</li>"
        for letter, place in zip(letters, order, strict=True)
    )
    box = f"<details><summary>Which is which</summary><ul>{key}</ul></details>"
    return f'<div style="{_GRID}">{"".join(players)}</div>{box}'


def side_by_side(clips: Sequence[Clip], titles: Sequence[str] | None = None, note: str = "") -> str:
    """The players of clips in a grid that wraps, as HTML."""
    players = [
        player_html(clip, title=titles[i] if titles else short(clip.caption) or None)
        for i, clip in enumerate(clips)
    ]
    line = f"<p>{escape(note)}</p>" if note else ""
    return f'{line}<div style="{_GRID}">{"".join(players)}</div>' if players else line


def short(text: str, most: int = 90) -> str:
    """A text on one line of at most `most` characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"
