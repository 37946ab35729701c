"""Audio collections: a folder of audio with a table of captions, prepared for training.

    items = find_audio("my-music")                       # paths, captions, labels; reads no audio
    collection = prepare_audio(items, "my-music-16k", rate=16000)
    batch = collection.crops(32, 16384, seed=0)          # (32, channels, 16384) float32

The table is called captions, manifest or metadata (.csv, .tsv or .txt, see `workbench.tables`). It
has a column of paths (file, file_name, path, clip or audio) and may have a column of texts
(caption, text, text_hint or description); all other columns become labels. The split is that of the
column `split` (train, validation, test and synonyms). If that is empty, a hash of the artist
decides, and without an artist the sub-folder, as for MIDI folders. Decoding is parallel and
resumable. Broken, silent and badly clipped files are listed and omitted. The result is
memory-mapped 16-bit sound.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

import numpy as np

from workbench.arguments import path_of
from workbench.datasets.captions import caption_from_path
from workbench.datasets.dataset import SPLITS, check_split
from workbench.datasets.folder import files_under, split_of_name, split_of_path, split_of_word
from workbench.datasets.shards import Shards, prepare_shards, write_joined
from workbench.errors import BrokenFileError, MissingDataError, PromptError
from workbench.files import AUDIO_SUFFIXES, UNREADABLE, load_json, write_text
from workbench.music.audio import SILENT, read_audio, resample, to_stereo
from workbench.music.clip import Clip
from workbench.tables import Row, read_table, spelled

PREPARED = "audio.json"  # file in each folder that `prepare_audio` writes
TABLES = ("captions", "manifest", "metadata")
ENDINGS = (".csv", ".tsv", ".txt")
SPREADSHEETS = (".xlsx", ".xls", ".ods")
PATHS = ("file", "file_name", "path", "clip", "audio")
TEXTS = ("caption", "text", "text_hint", "description")
SHARD = 64  # files per shard
FULL = 32767.0  # full scale of 16-bit samples
CLIPPED = 0.25  # largest share of samples at full scale


@dataclass(frozen=True)
class AudioItem:
    """An audio file that has not been read yet.

    Args:
        path: The file.
        caption: Text that describes it.
        split: "train", "validation" or "test".
        labels: Values of the further columns of the table.
    """

    path: Path
    caption: str = ""
    split: str = "train"
    labels: dict[str, Any] = field(default_factory=dict)

    def clip(self) -> Clip:
        """Read the file as a clip. Raises BrokenFileError that names the file."""
        return Clip.read_audio(self.path, caption=self.caption, labels=dict(self.labels))


def genre_of(labels: dict[str, Any]) -> str:
    """Return the genre in a piece's labels, "" if there is none."""
    return str(labels.get("genre") or labels.get("style") or "")


def find_audio(
    folder: str | os.PathLike[str], split: str | None = None, *, licences: Sequence[str] = ()
) -> list[AudioItem]:
    """Return the audio files of a folder with captions and labels from its table; without a table,
    the words of the path are the caption.

    licences: prefixes of the licences to keep, such as ("CC0", "CC-BY-4"); other files, and files
    without a licence, are omitted. A warning states how many files of the table are missing.

    Raises:
        MissingDataError: If there is no audio, or none of the files in the table exists.
        BrokenFileError: If the table is not valid; the message names line and column.
    """
    top = Path(path_of(folder, "folder", "the path of a folder")).expanduser()
    check_split(split)
    files = files_under(top, AUDIO_SUFFIXES)
    if not files:
        known = " ".join(AUDIO_SUFFIXES)
        raise MissingDataError(f"{top}: holds no audio ({known}); name another folder")
    table = _table_of(top)
    items = _from_table(top, table, files) if table else [_from_path(top, f) for f in files]
    if licences:
        items = [i for i in items if str(i.labels.get("licence", "")).startswith(tuple(licences))]
    chosen = [item for item in items if split in (None, item.split)]
    if not chosen:
        raise MissingDataError(
            f"{top}: none of its {len(files)} audio files is left (split {split!r}, licences "
            f"{tuple(licences) or 'any'}); see {table.name if table else 'its folders'}"
        )
    return chosen


def _from_path(top: Path, file: Path) -> AudioItem:
    relative = file.relative_to(top)
    return AudioItem(file, caption_from_path(relative), split_of_path(relative, top.resolve()))


def _table_of(top: Path) -> Path | None:
    """Return the folder's table if it has one; raise BrokenFileError for a spreadsheet."""
    there = {path.name.lower(): path for path in sorted(top.iterdir(), reverse=True)}
    for endings in (ENDINGS, SPREADSHEETS):
        names = [stem + ending for stem in TABLES for ending in endings]
        found = next((there[name] for name in names if name in there), None)
        if found and endings == SPREADSHEETS:
            raise BrokenFileError(f"{found}: is a spreadsheet; save it as CSV, UTF-8, beside it")
        if found:
            return found
    return None


def _from_table(top: Path, path: Path, files: Sequence[Path]) -> list[AudioItem]:
    table = read_table(path, [*PATHS, *TEXTS, "split", "artist"])
    where, text, licence = (table.column(*names) for names in (PATHS, TEXTS, ("license",)))
    if where is None:
        raise MissingDataError(f"{path}: has no column of paths; name one of {', '.join(PATHS)}")
    exact = {spelled(file.relative_to(top)): file for file in files}
    folded: dict[str, list[Path]] = {}
    for name, file in exact.items():
        folded.setdefault(name.casefold(), []).append(file)
    found: dict[Path, tuple[AudioItem, Row]] = {}
    absent: list[Row] = []
    for row in table.rows:
        name = row.inside(where)
        alike = folded.get(name.casefold(), [])
        if name not in exact and len(alike) != 1:
            absent.append(row)  # such as clips that could not be downloaded
            continue
        file = exact.get(name) or alike[0]
        labels: dict[str, Any] = {k: v for k, v in row.items() if k not in (where, text) and v}
        if licence in labels:
            labels.setdefault("licence", labels.pop(licence))
        split = _split(row, labels.pop("split", ""), labels.get("artist", ""), top, file)
        caption = " ".join(row[text].split()) if text else ""
        item = AudioItem(file, caption, split, labels)
        before = found.setdefault(file, (item, row))
        if before[0] != item:
            raise row.error(
                where,
                f"{name[:200]!r} is in line {before[1].line} already, with other values; "
                "keep one row for each file",
            )
    if not found:
        raise MissingDataError(f"{path}: none of the {len(table.rows)} files that it names exists")
    if absent:
        warnings.warn(
            f"{path}: {len(absent)} of {len(table.rows)} files that it names do not exist, the "
            f"first in line {absent[0].line}: {absent[0][where][:200]!r}",
            stacklevel=3,
        )
    return [item for _, (item, _) in sorted(found.items())]


def _split(row: Row, word: str, artist: str, top: Path, file: Path) -> str:
    if not word:
        return (
            split_of_name(artist) if artist else split_of_path(file.relative_to(top), top.resolve())
        )
    split = split_of_word(word)
    if split is None:
        raise row.error("split", f"{word[:60]!r} is unknown; write {', '.join(SPLITS)}, or nothing")
    return split


# --- decoding ---------------------------------------------------------------------------------


def decode(path: Path, rate: int, channels: int = 1) -> np.ndarray:
    """Decode a file at a sample rate and number of channels (1 or 2): int16 (samples, channels).

    Extra channels are averaged; mono is doubled for stereo. Raises BrokenFileError for a file that
    cannot be read, is silent, or is badly clipped.
    """
    samples, own = read_audio(path)
    loudest = np.abs(samples)
    if not loudest.max() > SILENT:
        raise BrokenFileError(f"{path} is silent from beginning to end; omit it")
    if (clipped := float((loudest > 0.999).mean())) > CLIPPED:
        raise BrokenFileError(
            f"{path} is clipped: {clipped:.0%} of its samples are at full scale; record or export "
            "it at a lower level"
        )
    samples = samples.mean(0, keepdims=True) if channels == 1 else to_stereo(samples)
    if not np.abs(samples).max() > SILENT:
        raise BrokenFileError(
            f"{path} is silent in mono, because its channels cancel; prepare it in stereo"
        )
    samples = resample(samples, own, rate)
    return np.round(samples.T * FULL).astype(np.int16)


class AudioCollection:
    """Decoded sound on disk.

    Args:
        folder: A folder that `prepare_audio` wrote.

    Attributes:
        items: Path, caption and labels of each piece.
        rate: Sample rate in Hz.
        skipped: (path, reason) of each omitted file.
        duplicates: (path, path of the file that was kept) of each duplicate.

    Raises:
        MissingDataError: If the folder holds no prepared audio.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        try:
            about = load_json(self.folder / PREPARED)
            self.offsets = np.load(self.folder / "offsets.npy", mmap_mode="r")
            self.samples = np.load(self.folder / "samples.npy", mmap_mode="r")
            self.rate: int = about["rate"]
            self.items = [AudioItem(**{**row, "path": Path(row["path"])}) for row in about["items"]]
            self.skipped = [(path, reason) for path, reason in about["skipped"]]
            self.duplicates = [(path, kept) for path, kept in about["duplicates"]]
        except (OSError, EOFError, KeyError, TypeError, *UNREADABLE) as error:
            raise MissingDataError(
                f"{folder}: holds no prepared audio ({error}); run prepare_audio again"
            ) from None

    def __len__(self) -> int:
        return len(self.items)

    @property
    def channels(self) -> int:
        return int(self.samples.shape[1])

    @cached_property
    def lengths(self) -> np.ndarray:
        """Number of samples of each piece (pieces,), without decoding."""
        return np.diff(np.asarray(self.offsets))

    @property
    def seconds(self) -> float:
        """Total length in seconds."""
        return len(self.samples) / self.rate

    def __getitem__(self, number: int) -> np.ndarray:
        """Return a whole piece: float32 (channels, samples) in [−1, 1]."""
        if not -len(self) <= number < len(self):
            raise IndexError(f"piece {number} of {len(self)}")
        begin, end = self.offsets[number % len(self)], self.offsets[number % len(self) + 1]
        return _sound(self.samples[begin:end])

    def crop_positions(
        self, n: int, length: int, *, seed: int, rows: Sequence[int] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of random crops. Pieces are sampled in proportion to their length.

        Args:
            n: Number of crops.
            length: Samples per crop.
            seed: Seed of the sampling.
            rows: Indices of the pieces to sample from; None for all.

        Returns:
            The piece (n,) and the first sample (n,) of each crop.
        """
        random = np.random.default_rng(seed)
        pieces = np.arange(len(self)) if rows is None else np.asarray(rows, dtype=int)
        if not len(pieces):
            raise MissingDataError(
                f"{self.folder}: no piece to sample from; check its captions and splits"
            )
        sizes = self.lengths[pieces]
        chosen = random.choice(len(pieces), n, p=sizes / sizes.sum())
        starts = [int(random.integers(max(1, sizes[i] - length + 1))) for i in chosen]
        return pieces[chosen], np.array(starts, dtype=int)

    def cut(self, pieces: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
        """Return crops, float32 (n, channels, length), zero-padded at the end of a piece."""
        out = np.zeros((len(pieces), length, self.channels), dtype=np.int16)
        for row, (piece, start) in enumerate(zip(pieces, starts, strict=True)):
            begin = int(self.offsets[piece]) + int(start)
            end = min(begin + length, int(self.offsets[piece + 1]))
            out[row, : end - begin] = self.samples[begin:end]
        return np.ascontiguousarray(out.transpose(0, 2, 1), dtype=np.float32) / FULL

    def crops(
        self, n: int, length: int, *, seed: int, rows: Sequence[int] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return `n` random crops, float32 (n, channels, length), and the piece of each (n,); see
        `crop_positions` and `cut`."""
        pieces, starts = self.crop_positions(n, length, seed=seed, rows=rows)
        return self.cut(pieces, starts, length), pieces

    def windows(
        self, length: int, *, rows: Sequence[int] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return all consecutive whole windows, float32 (n, channels, length), and the piece of
        each."""
        out, which = [], []
        for number in range(len(self)) if rows is None else rows:
            begin, end = int(self.offsets[number]), int(self.offsets[number + 1])
            for start in range(begin, end - length + 1, length):
                out.append(_sound(self.samples[start : start + length]))
                which.append(number)
        empty = np.empty((0, self.channels, length), dtype=np.float32)
        return (np.stack(out) if out else empty), np.array(which, dtype=int)

    def split(self, name: str) -> list[int]:
        """Return the indices of the pieces of a split."""
        return [i for i, item in enumerate(self.items) if item.split == name]

    def check_enough(self, rows: Sequence[int], seconds: float) -> None:
        """Raise MissingDataError if the pieces together are shorter than one training window."""
        there = int(self.lengths[list(rows)].sum()) / self.rate
        if there < seconds:
            raise MissingDataError(
                f"{self.folder}: {there:.2f} s of sound to train on, a window lasts {seconds:.2f} "
                "s; add files"
            )

    def labelled(self, labels: Mapping[int, Mapping[str, Any]]) -> Self:
        """Return the same collection with further labels of some pieces, by their index."""
        other = copy(self)
        other.items = [
            replace(item, labels={**item.labels, **labels.get(i, {})})
            for i, item in enumerate(self.items)
        ]
        return other

    def copy_to(self, folder: str | os.PathLike[str]) -> None:
        """Write the collection into a new folder, without the paths of its files."""
        folder = Path(folder)
        folder.mkdir(parents=True)
        np.save(folder / "samples.npy", self.samples)
        np.save(folder / "offsets.npy", np.asarray(self.offsets))
        items = [{**asdict(item), "path": item.path.name} for item in self.items]
        about = {"rate": self.rate, "items": items, "skipped": [], "duplicates": []}
        write_text(folder / PREPARED, json.dumps(about, indent=0) + "\n")

    def __repr__(self) -> str:
        return (
            f"<AudioCollection {self.folder.name}: {len(self)} pieces, {self.seconds / 60:.1f} "
            f"minutes at {self.rate} Hz, {len(self.skipped)} files left out, "
            f"{len(self.duplicates)} duplicates>"
        )


def _sound(rows: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rows.T, dtype=np.float32) / FULL


def prepare_audio(
    items: Sequence[AudioItem],
    out: str | os.PathLike[str],
    *,
    rate: int,
    channels: int = 1,
    workers: int | None = None,
    quiet: bool = False,
) -> AudioCollection:
    """Decode all items into one memory-mapped file under `out`. If it is interrupted, the same call
    continues."""
    if not items:
        raise MissingDataError("items is empty; give what find_audio returns")
    if rate <= 0 or channels not in (1, 2):
        raise PromptError(
            f"rate must be above 0 Hz, channels 1 or 2; got rate {rate}, channels {channels}"
        )
    known = {item.path.resolve(): item for item in items}
    files = sorted(known)
    base = Path(os.path.commonpath([file.parent for file in files]))
    shards = Shards(files, base, Path(out), f"audio 2 {rate} {channels}", SHARD)
    work = partial(decode, rate=rate, channels=channels)
    prepare_shards(shards, work, workers=workers, quiet=quiet, title="decoding")
    joined = write_joined(shards, "samples")
    if not joined.names:
        raise MissingDataError(f"{base}: no file can be used; {_left_out(joined.skipped)}")
    if joined.skipped and not quiet:
        print(_left_out(joined.skipped))
    kept = [{**asdict(known[base / name]), "path": str(base / name)} for name in joined.names]
    about = {
        "rate": rate,
        "items": kept,
        "skipped": joined.skipped,
        "duplicates": joined.duplicates,
    }
    write_text(Path(out) / PREPARED, json.dumps(about, indent=0) + "\n")
    return AudioCollection(out)


def _left_out(skipped: Sequence[tuple[str, str]]) -> str:
    """Describe how many files could not be used, and why the first one."""
    path, reason = skipped[0]
    number = f"{len(skipped)} files are" if len(skipped) > 1 else "1 file is"
    return f"{number} left out, the first: {reason if path in reason else f'{path}: {reason}'}"
