"""`workbench gallery`: sound of every shipped system, in one page that opens from disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from workbench import __version__
from workbench.arguments import seed_of
from workbench.files import atomic_write
from workbench.gallery_clips import Exhibit, drums, piano, songs
from workbench.gallery_page import page_of
from workbench.gallery_sound import music, sound

EXHIBITS: dict[str, Callable[[int], Exhibit]] = {
    "drums": drums, "songs": songs, "piano": piano, "sound": sound, "music": music,
}  # fmt: skip


def make(out: str | Path, *, only: Sequence[str] | None = None, seed: int = 1) -> Path:
    """Draw the clips and write `out`/index.html; returns its path.

    only: names of EXHIBITS; None for all. The same seed gives the same page on a machine.
    """
    seed = seed_of(seed)
    chosen = [name for name in EXHIBITS if only is None or name in only]
    exhibits = []
    for name in chosen:
        exhibits.append(EXHIBITS[name](seed))
        print(f"{name}: {len(exhibits[-1].pieces)} clips", flush=True)
    page = Path(out) / "index.html"
    with atomic_write(page) as path:
        path.write_text(page_of(exhibits, seed, __version__), encoding="utf-8")
    print(f"gallery: {page}")
    return page
