"""Sound of six kinds, in equal parts: drums, piano, strings, orchestra, band, chip.

    audio = collect("sound-classes", rate=16000)

Scores of other sets are arranged for each kind and rendered by every General MIDI SoundFont that is
found, with other tempi, rooms, tone colours and levels. The class is the label `style`. An excerpt
begins at a bar line and has one tempo and one metre, so its beats are exact. A song is in the split
of its data set, whatever it is arranged for. Sets that are not on this machine are left out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from workbench.datasets.arrangements import (
    Arrange,
    band,
    chip,
    drums,
    orchestra,
    piano,
    pop_band,
    quartet,
    strings,
)
from workbench.datasets.audio import AudioItem, find_audio
from workbench.datasets.builtin_songs import BUILTIN_SONGS
from workbench.datasets.dataset import SPLITS
from workbench.datasets.entry import CC_BY, Entry
from workbench.datasets.keywords import at_tempo
from workbench.datasets.rendered import RATE, beat_labels, in_parallel, write_captions
from workbench.datasets.sets.groove import GROOVE
from workbench.datasets.sets.openewld import OPENEWLD
from workbench.datasets.sets.openscore import LIEDER, ORCHESTRA
from workbench.datasets.sets.pop909 import POP909
from workbench.errors import MissingDataError
from workbench.files import cache_dir
from workbench.music.audio import write_audio
from workbench.music.clip import Clip
from workbench.music.drum_kit import find_kit
from workbench.music.fonts import general_fonts, some_synth
from workbench.music.recording import recorded

SECONDS = 13.0  # usual length of an excerpt, rounded to whole bars
SHORTEST = 7.0  # seconds
EXCERPTS = {"train": 260, "validation": 18, "test": 18}  # per class
TEMPI = (50.0, 190.0)  # BPM of quarter notes
FASTER = (0.85, 1.2)  # factor of the tempo
SEED = 0
VERSION = "2"  # of the recipe; sound of another version is rendered again
TRIES, MIN_NOTES = 20, 6
BUILT_IN = 400  # built-in songs at most

SOURCES: dict[str, tuple[tuple[Entry, Arrange], ...]] = {
    "drums": ((GROOVE, drums),),
    "piano": ((POP909, piano), (LIEDER, piano)),
    "strings": ((ORCHESTRA, strings), (LIEDER, quartet)),
    "orchestra": ((ORCHESTRA, orchestra),),
    "band": ((POP909, pop_band), (BUILTIN_SONGS, band)),
    "chip": ((OPENEWLD, chip), (BUILTIN_SONGS, chip), (LIEDER, chip)),
}

SETS = {entry.name: entry for parts in SOURCES.values() for entry, _ in parts}


@dataclass(frozen=True)
class Job:
    """An excerpt to make: its class and arrangement, its song, and its number within the class."""

    kind: str
    arrange: Arrange
    clip: Clip
    number: int

    @property
    def seed(self) -> tuple[int, ...]:
        """Seed of the excerpt, which depends on class, split and number."""
        split = SPLITS.index(self.clip.labels["split"])
        return (SEED, list(SOURCES).index(self.kind), split, self.number)


def jobs(excerpts: dict[str, int] | None = None) -> list[Job]:
    """Return the excerpts to make, the same in every run. excerpts: their number per class, by
    split. Raises MissingDataError if none of the sets but the built-in one is on this machine."""
    songs = {name: _songs(entry) for name, entry in SETS.items()}
    if not any(songs[name] for name in songs if name != BUILTIN_SONGS.name):
        raise MissingDataError(
            f"sound-classes: needs one of the sets {', '.join(songs)}; to get the first: "
            f"{GROOVE.how_to_get}"
        )
    found = []
    for (kind, parts), split in product(SOURCES.items(), SPLITS):
        pools = [
            (arrange, own)
            for entry, arrange in parts
            if (own := [clip for clip in songs[entry.name] if clip.labels["split"] == split])
        ]
        wanted = (excerpts or EXCERPTS)[split]
        for number in range(wanted if pools else 0):
            arrange, own = pools[number % len(pools)]
            step = max(1, len(own) * len(pools) // wanted)  # at even distances over the set
            found.append(Job(kind, arrange, own[number // len(pools) * step % len(own)], number))
    return found


def _songs(entry: Entry) -> list[Clip]:
    """Return the songs of a set that are long enough, none if it is not on this machine."""
    if not _present(entry):
        return []
    clips = entry.load(limit=BUILT_IN if entry.built_in else None).clips
    long = [clip for clip in clips if clip.duration >= SHORTEST and len(clip.notes)]
    for clip in long:
        clip.labels["set"] = entry.name
    return long


def _present(entry: Entry) -> bool:
    """Return whether a set is on this machine, or generated."""
    return entry.finder is None or entry.finder(cache_dir() / entry.name) is not None


def excerpt_of(job: Job) -> Clip | None:
    """Return the arranged excerpt at its tempo, with caption and labels; None if there is no
    passage of the song with one metre, or it is empty in this arrangement."""
    random = np.random.default_rng(job.seed)
    clip, low, high = job.clip, *TEMPI
    usual = clip.tempo * (0.5 if clip.tempo > high else 2.0 if clip.tempo < low else 1.0)
    tempo = float(np.clip(usual * random.uniform(*FASTER), low, high))
    lines = clip.bar_lines
    for _ in range(TRIES):
        start = int(random.integers(len(lines) - 1))
        length = lines[start + 1] - lines[start]
        bars = max(1, round(SECONDS * tempo / 60 / length))
        ends = lines[start : start + bars + 1]
        if len(ends) <= bars and len(lines) > bars:
            continue
        if not np.allclose(np.diff(ends), 4 * clip.meter[0] / clip.meter[1]):
            continue
        if (ends[-1] - ends[0]) * 60 / tempo < SHORTEST:
            continue
        part = clip.excerpt(float(ends[0]), float(ends[-1] - ends[0]))
        made = job.arrange(part, random) if len(part.notes) else None
        if made is not None and len(made[0]) >= MIN_NOTES:
            return _finished(job, part, *made, tempo)
    return None


def _finished(job: Job, part: Clip, notes: np.ndarray, words: str, tempo: float) -> Clip:
    labels = {name: part.labels[name] for name in ("set", "split", "key") if name in part.labels}
    song = part.labels.get("song", part.labels.get("performance", ""))
    clip = Clip.from_notes(
        notes,
        tempo=tempo,
        meter=part.meter,
        beats=part.beats,
        drums=False,
        labels={**labels, "song": song, "style": job.kind},
    )
    clip.caption = at_tempo(words, tempo)
    return clip


def _render(job: Job, top: Path) -> list[dict[str, Any]]:
    """Write the excerpt of a job, and return its row."""
    clip = excerpt_of(job)
    if clip is None:
        return []
    name = "-".join(map(str, job.seed))
    file = f"{job.kind}/{job.clip.labels['split']}-{name}.flac"
    if not (top / file).is_file():
        random = np.random.default_rng((*job.seed, 1))
        sound = some_synth(random, drums=clip.is_drums).render(
            clip.score, RATE, round(clip.duration * RATE), loop=False
        )
        (top / file).parent.mkdir(exist_ok=True)
        write_audio(top / file, recorded(sound, RATE, random), RATE)
    return [{"file": file, "caption": clip.caption, **beat_labels(clip)}]


def render_classes(
    out: Path,
    *,
    excerpts: dict[str, int] | None = None,
    workers: int | None = None,
    quiet: bool = False,
) -> Path:
    """Render all excerpts as stereo FLAC files, and write captions.csv. Existing files are kept."""
    out.mkdir(parents=True, exist_ok=True)
    rows = in_parallel(partial(_render, top=out), jobs(excerpts), workers, quiet)
    write_captions(out, rows)
    return out


def _items(entry: Entry) -> list[AudioItem]:
    """The rendered excerpts; rendered on first use by the fonts and sets that are found."""
    kit = find_kit()
    made_of = [font.name for font in (*general_fonts(), *([kit] if kit else []))]
    made_of += [name for name, part in SETS.items() if _present(part)]
    key = hashlib.sha256(" ".join([VERSION, *made_of]).encode()).hexdigest()[:8]
    out = cache_dir() / "sounds" / f"{entry.name}-{key}"
    if not (out / "captions.csv").is_file():
        render_classes(out)
    return find_audio(out)


SOUND_CLASSES = Entry(
    name="sound-classes",
    title="Sound classes: drums, piano, strings, orchestra, band and chip, rendered from scores",
    licence="CC BY 4.0 (Groove), MIT (POP909), CC0 and public domain (OpenScore, OpenEWLD)",
    licence_url=CC_BY,
    citation="As of the sets groove, pop909, openscore-orchestra, openscore-lieder and openewld.",
    homepage="",
    how_to_get="nothing to download but the sets that it is rendered from",
    size="about 1,750 excerpts of 13 s, 6.2 hours",
    splits="as in the set that a song comes from",
    recordings=_items,
)
