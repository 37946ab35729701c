"""The Lakh MIDI Dataset: its clean subset, and all of it."""

from __future__ import annotations

import re
from pathlib import Path

from workbench.datasets.entry import CC_BY, Archive, Entry
from workbench.datasets.song_sets import BY_SONG, scores_by, songs_in
from workbench.datasets.songs import Rule

_CITATION = (
    "Colin Raffel: Learning-Based Methods for Comparing Sequences, with Applications to "
    "Audio-to-MIDI Alignment and Matching. PhD thesis, Columbia University, 2016."
)


def _lakh_clean(folder: Path) -> Rule:
    """Artist/Title.2.mid: all versions of a title are one song."""

    def title(relative: Path) -> str:
        return re.sub(r"\.\d+$", "", relative.stem)

    return Rule(
        lambda relative: f"{relative.parent.name}/{title(relative)}".lower(),
        lambda relative: {"artist": relative.parent.name, "title": title(relative)},
    )


def _lakh(folder: Path) -> Rule:
    return Rule(lambda relative: relative.stem)  # its name is the MD5 of the file


LAKH_CLEAN = Entry(
    name="lakh-clean",
    title="Lakh MIDI Dataset, clean subset: files with artist and title",
    licence="CC BY 4.0",
    licence_url=CC_BY,
    citation=_CITATION,
    homepage="https://colinraffel.com/projects/lmd/",
    how_to_get="python data_scripts/lakh.py",
    size="17,256 files; 234 MB packed",
    splits=BY_SONG + "artist and title, all versions of a title together",
    url="http://hog.ee.columbia.edu/craffel/lmd/clean_midi.tar.gz",
    bytes=234_283_029,
    archive=Archive("clean_midi", "*/*.mid"),
    finder=songs_in,
    scores=scores_by(_lakh_clean),
)


LAKH = Entry(
    name="lakh",
    title="Lakh MIDI Dataset, all files (LMD-full)",
    licence="CC BY 4.0",
    licence_url=CC_BY,
    citation=_CITATION,
    homepage="https://colinraffel.com/projects/lmd/",
    how_to_get="python data_scripts/lakh.py --full",
    size="176,581 files; 1.8 GB packed",
    splits=BY_SONG + "the file's name (its MD5); other versions of a song are not recognised",
    url="http://hog.ee.columbia.edu/craffel/lmd/lmd_full.tar.gz",
    bytes=1_768_163_879,
    archive=Archive("lmd_full", "*/*.mid", max_files=400_000, max_bytes=24 << 30),
    finder=songs_in,
    scores=scores_by(_lakh),
)
