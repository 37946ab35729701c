"""Audio with known beats, key, tempo and caption: scores rendered with the SoundFont.

    render_set(load("pop909", "train").clips, "pop909-audio", bars=8, each=2, seed=0)
    items = find_audio("pop909-audio")

The result is a folder of audio with captions.csv (see `audio.py`). Its columns `beats` and
`downbeats` contain their exact times in seconds, because every excerpt begins at a bar line.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import MissingDataError, PromptError
from workbench.files import atomic_write
from workbench.music.audio import write_audio
from workbench.music.notes import without_drums
from workbench.processes import worker_pool

if TYPE_CHECKING:
    from workbench.music.clip import Clip

RATE = 44100  # Hz; the rate of recordings, so that later resampling filters both alike
LEVEL = 0.5  # peak of every excerpt
COLUMNS = (
    "file",
    "caption",
    "split",
    "style",
    "key",
    "tempo",
    "meter",
    "set",
    "song",
    "beats",
    "downbeats",
)


def render_set(
    clips: Sequence[Clip],
    out: str | os.PathLike[str],
    *,
    bars: int = 4,
    each: int = 1,
    seed: int = 0,
    workers: int | None = None,
    quiet: bool = False,
) -> Path:
    """Render excerpts of every clip as stereo FLAC files, and write captions.csv.

    Existing files are kept, so an interrupted run continues.

    Args:
        clips: Clips with scores.
        out: The folder to write.
        bars: Length of an excerpt; a shorter clip is rendered whole.
        each: Excerpts per clip.
        seed: Of their positions.
        workers: Number of processes; None for one per core.
        quiet: Whether to show no progress.

    Returns:
        The folder.

    Raises:
        PromptError: If a number is out of range.
        MissingDataError: If there are no clips.
    """
    if bars < 1 or each < 1:
        raise PromptError(f"bars, each: must be at least 1, got {bars} and {each}")
    if not clips:
        raise MissingDataError("clips: none to render; load a data set first")
    top = Path(out)
    top.mkdir(parents=True, exist_ok=True)
    jobs = [(clip, top, bars, each, seed, number) for number, clip in enumerate(clips)]
    write_captions(top, in_parallel(_render, jobs, workers, quiet))
    return top


def in_parallel(
    render: Callable[[Any], list[dict[str, Any]]],
    jobs: Sequence[Any],
    workers: int | None,
    quiet: bool,
) -> list[dict[str, Any]]:
    """Return the rows of all jobs, in order; they are rendered by several processes."""
    from tqdm.auto import tqdm

    with worker_pool(workers) as pool:
        done = pool.map(render, jobs, chunksize=4)
        found = list(tqdm(done, total=len(jobs), desc="rendering", disable=quiet))
    return [row for some in found for row in some]


def write_captions(top: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write captions.csv."""
    with (
        atomic_write(top / "captions.csv") as beside,
        beside.open("w", encoding="utf-8", newline="") as lines,
    ):
        writer = csv.DictWriter(lines, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def _render(job: tuple[Clip, Path, int, int, int, int]) -> list[dict[str, Any]]:
    """Write the excerpts of one clip and return their rows; an excerpt without notes is omitted."""
    clip, top, bars, each, seed, number = job
    lines = clip.bar_lines
    whole = len(lines) - 1
    random = np.random.default_rng([seed, number])
    starts = random.permutation(max(1, whole - bars + 1))[:each]
    name = hashlib.sha256(f"{clip.source} {clip.caption} {number}".encode()).hexdigest()[:12]
    rows = []
    for start in sorted(int(s) for s in starts):
        end = min(start + bars, whole)
        part = clip.excerpt(float(lines[start]), float(lines[end] - lines[start]))
        if not len(part.notes):
            continue
        file = f"{name[:2]}/{name}-{start}-{end}.flac"
        if not (top / file).is_file():
            (top / file).parent.mkdir(exist_ok=True)
            sound = part.waveform(RATE, loop=False)
            peak = float(np.abs(sound).max())
            write_audio(top / file, sound * (LEVEL / peak if peak else 1.0), RATE)
        rows.append({"file": file, "caption": caption_of(part), **beat_labels(part)})
    return rows


def caption_of(clip: Clip) -> str:
    """Describe the sound: caption, instruments, tempo and key."""
    words = [clip.caption] if clip.caption else []
    heard = instruments(clip)
    if heard and not clip.is_drums:
        words.append("for " + ", ".join(heard))
    if clip.tempo_known and "bpm" not in clip.caption.lower():
        words.append(f"{clip.tempo:.0f} bpm")
    key = clip.labels.get("key")
    if key and key not in clip.caption:
        words.append(f"in {key}")
    return ", ".join(words)


def instruments(clip: Clip) -> list[str]:
    """Return the General MIDI names of the instruments, those with the most notes first."""
    import pretty_midi

    notes = clip.notes
    drums = ["drums"] if notes["is_drum"].any() else []
    programs, counts = np.unique(without_drums(notes)["program"], return_counts=True)
    order = programs[np.argsort(-counts, kind="stable")]
    names = [pretty_midi.program_to_instrument_name(int(p)).lower() for p in order]
    return [*dict.fromkeys(names), *drums]


def beat_labels(clip: Clip) -> dict[str, Any]:
    """Return the columns of an excerpt besides file and caption; it begins at a bar line."""
    beats = np.arange(0, clip.beats, 4 / clip.meter[1])
    lines = clip.bar_lines[:-1]
    return {
        "split": clip.labels.get("split", ""),
        "style": clip.labels.get("style", ""),
        "key": clip.labels.get("key", ""),
        "tempo": round(clip.tempo, 3),
        "meter": f"{clip.meter[0]}/{clip.meter[1]}",
        "set": clip.labels.get("set", ""),
        "song": clip.labels.get("song", clip.labels.get("performance", "")),
        "beats": _seconds(clip, beats),
        "downbeats": _seconds(clip, lines),
    }


def _seconds(clip: Clip, beats: np.ndarray) -> str:
    return " ".join(f"{s:.4f}" for s in clip.seconds_at(beats))
