"""`workbench gallery`: clips of every shipped system, on one page that opens from disk."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from workbench.arguments import seed_of
from workbench.files import write_text
from workbench.systems.registry import SYSTEMS, resolve
from workbench.tools.gallery.clips import default_exhibit
from workbench.tools.gallery.page import page_of
from workbench.version import __version__


def make(out: str | Path, *, only: Sequence[str] | None = None, seed: int = 1) -> Path:
    """Generate the clips and write `out`/index.html.

    Args:
        out: Folder.
        only: Keys of the registry; None for all.
        seed: The same seed gives the same page on the same machine.

    Returns:
        Path of the page.
    """
    seed = seed_of(seed)
    exhibits = []
    for key, entry in SYSTEMS.items():
        if only is None or key in only:
            own = resolve(entry.gallery) if entry.gallery else partial(default_exhibit, entry)
            exhibits.append(own(seed))
            print(f"{key}: {len(exhibits[-1].pieces)} clips", flush=True)
    page = Path(out) / "index.html"
    write_text(page, page_of(exhibits, seed, __version__))
    print(f"gallery: {page}")
    return page
