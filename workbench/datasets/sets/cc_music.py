"""CC music clips: excerpts of recordings under free licences."""

from __future__ import annotations

from workbench.datasets.audio import AudioItem, find_audio
from workbench.datasets.entry import Entry

FREE = ("CC0", "CC-BY-3", "CC-BY-4", "CC BY 3", "CC BY 4", "Public Domain")


def _free(entry: Entry) -> list[AudioItem]:
    """The clips that may be shared if their artist is named."""
    return find_audio(entry.find(), licences=FREE)


CC_MUSIC_CLIPS = Entry(
    name="cc-music-clips",
    title="CC music clips: 215 excerpts of music from open games and web projects",
    licence="each clip its artist's own, named in manifest.csv; CC0 and CC BY ones are trained on",
    licence_url="https://creativecommons.org/licenses/",
    citation="The musicians named in manifest.csv, Kevin MacLeod and Yubatake among them.",
    homepage="https://creativecommons.org/licenses/",
    how_to_get=(
        "cut 15 s out of the files that manifest.csv names by repository, path and commit, and "
        "put the folder into the cache folder (WORKBENCH_CACHE) under the name cc-music-clips"
    ),
    size="215 clips of up to 15 s, 52 minutes",
    splits="by artist: a hash of the name",
    finder=lambda top: top if top.is_dir() else None,
    recordings=_free,
)
