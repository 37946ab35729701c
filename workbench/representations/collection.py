"""Preparing a large collection of MIDI files: to tokens in parallel, into one memory-mapped file.

    collection = prepare("lakh", "lakh-tokens", workers=8)
    collection[17]  # the ids of a song, read from disk only now

Stop it at any moment; the same call goes on. Broken files are listed with the reason and left out,
and of songs that are the same note for note the first in the order of names is kept, whatever the
number of workers. The result does not depend on how often it was interrupted.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from workbench.errors import BrokenFileError, MissingDataError, PromptError
from workbench.files import atomic_write

SHARD = 256  # files a shard; a shard is what an interruption loses at most
SECONDS = 60  # a file that takes longer is left out
Encode = Callable[[Any], np.ndarray]


class Collection:
    """Songs as ids. names: their paths in the folder; skipped: (path, reason); duplicates: (path,
    the path that was kept)."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        try:
            about = json.loads((self.folder / "collection.json").read_text(encoding="utf-8"))
            self.offsets = np.load(self.folder / "offsets.npy", mmap_mode="r")
            self.ids = np.load(self.folder / "ids.npy", mmap_mode="r")
        except (OSError, ValueError) as error:
            raise MissingDataError(
                f"{folder}: holds no prepared collection ({error}); run prepare again"
            ) from None
        self.names: list[str] = about["names"]
        self.skipped = [(path, reason) for path, reason in about["skipped"]]
        self.duplicates = [(path, kept) for path, kept in about["duplicates"]]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> np.ndarray:
        if not -len(self) <= number < len(self):
            raise IndexError(f"song {number} of {len(self)}")
        number %= len(self)
        return self.ids[self.offsets[number] : self.offsets[number + 1]]

    def __repr__(self) -> str:
        return (
            f"<Collection {self.folder.name}: {len(self)} songs, {len(self.ids):,} tokens, "
            f"{len(self.skipped)} files left out, {len(self.duplicates)} duplicates>"
        )


def prepare(
    source: str | Path | Sequence[Path],
    out: str | Path,
    *,
    encode: Encode | None = None,
    workers: int | None = None,
    quiet: bool = False,
) -> Collection:
    """Encode every MIDI file under a folder (or of a list); see the module.

    encode: a picklable function from a symusic score to ids; default: the workbench's REMI ids.
    workers: processes, by default one a core.
    """
    from tqdm.auto import tqdm

    out = Path(out)
    files, base = _files(source)
    shards = [files[i : i + SHARD] for i in range(0, len(files), SHARD)]
    todo = [i for i in range(len(shards)) if not _is_done(out, i, shards[i], base)]
    count = len(files) - sum(len(shards[i]) for i in todo)
    if workers is not None and workers < 1:
        raise PromptError(f"workers: {workers}; give 1 or more")
    with tqdm(total=len(files), initial=count, desc="encoding", disable=quiet) as bar:
        for number, rows in _encoded(shards, todo, base, encode, workers or os.cpu_count() or 1):
            _write_shard(out, number, shards[number], base, rows)
            bar.update(len(rows))
    return _join(out, shards, base)


def _files(source: str | Path | Sequence[Path]) -> tuple[list[Path], Path]:
    from workbench.datasets.folder import midi_files

    if isinstance(source, str | Path):
        base = Path(source)
        files = midi_files(base)
    else:
        files = sorted(Path(path) for path in source)
        base = Path(os.path.commonpath([file.parent for file in files])) if files else Path()
    if not files:
        raise MissingDataError(f"{source}: holds no MIDI files (.mid, .midi)")
    return files, base


Row = tuple[np.ndarray | None, str]  # ids and the digest of the music, or None and a reason


def _encoded(
    shards: list[list[Path]], todo: list[int], base: Path, encode: Encode | None, workers: int
) -> Iterator[tuple[int, list[Row]]]:
    """Shards as they are encoded, in order. A worker that dies takes only its own file with it:
    the shard is then gone through file by file, each in a process of its own."""
    pool = ProcessPoolExecutor(workers)
    try:
        pending = {i: pool.submit(encode_files, shards[i], encode) for i in todo[: 2 * workers]}
        for place, number in enumerate(todo):
            try:
                rows = pending.pop(number).result()
            except BrokenProcessPool:
                pool.shutdown(cancel_futures=True)
                rows = [_alone(file, encode) for file in shards[number]]
                pool = ProcessPoolExecutor(workers)
                pending = {i: pool.submit(encode_files, shards[i], encode) for i in pending}
            following = place + 2 * workers
            if following < len(todo):
                then = todo[following]
                pending[then] = pool.submit(encode_files, shards[then], encode)
            yield number, rows
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _alone(file: Path, encode: Encode | None) -> Row:
    with ProcessPoolExecutor(1) as pool:
        try:
            return pool.submit(encode_files, [file], encode).result()[0]
        except BrokenProcessPool:
            return None, "the reader died on it"


def encode_files(files: Sequence[Path], encode: Encode | None = None) -> list[Row]:
    """What a worker does: read, encode, digest; a file that cannot be read gives its reason."""
    import warnings

    warnings.simplefilter("ignore")  # of metres a tokeniser does not know
    return [_encode_file(file, encode) for file in files]


def _encode_file(file: Path, encode: Encode | None) -> Row:
    from workbench.music.midi import read_score
    from workbench.representations.remi import encode as remi

    def late(number: int, frame: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late) if hasattr(signal, "SIGALRM") else None
    try:
        if before is not None:
            signal.alarm(SECONDS)
        ids = np.asarray((encode or remi)(read_score(file)))
    except BrokenFileError as error:
        return None, str(error)
    except TimeoutError:
        return None, f"took longer than {SECONDS} seconds"
    except Exception as error:  # one odd file must not end a run over 176,000
        return None, f"{type(error).__name__}: {error}"
    finally:
        if before is not None:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
    if not len(ids):
        return None, "has no notes"
    return ids.astype(np.int32), hashlib.sha256(ids.astype(np.int32).tobytes()).hexdigest()


# --- shards -----------------------------------------------------------------------------------


def _shard(out: Path, number: int) -> Path:
    return out / "shards" / f"{number:06d}.npz"


def _said(files: Sequence[Path], base: Path) -> str:
    """What a shard was made from: names, sizes and times of its files."""
    facts = [(str(f.relative_to(base)), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _is_done(out: Path, number: int, files: Sequence[Path], base: Path) -> bool:
    path = _shard(out, number)
    if not path.is_file():
        return False
    try:
        with np.load(path) as data:
            return str(data["said"]) == _said(files, base)
    except (OSError, ValueError, KeyError, BadZipFile):  # cut short
        return False


def _write_shard(
    out: Path, number: int, files: Sequence[Path], base: Path, rows: Sequence[Row]
) -> None:
    path = _shard(out, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = [row[0] if row[0] is not None else np.empty(0, dtype=np.int32) for row in rows]
    with atomic_write(path) as beside, beside.open("wb") as file:
        np.savez(
            file, ids=np.concatenate(ids), sizes=np.array([len(i) for i in ids]),
            told=np.array([row[1] for row in rows]), said=np.array(_said(files, base)),
        )  # fmt: skip


def _join(out: Path, shards: list[list[Path]], base: Path) -> Collection:
    """All shards in one file, duplicates left out."""
    names: list[str] = []
    skipped: list[tuple[str, str]] = []
    duplicates: list[tuple[str, str]] = []
    seen: dict[str, str] = {}
    parts: list[np.ndarray] = []
    for number, files in enumerate(shards):
        with np.load(_shard(out, number)) as data:
            pieces = np.split(data["ids"], np.cumsum(data["sizes"])[:-1])
            told = data["told"].tolist()
        for file, ids, words in zip(files, pieces, told, strict=True):
            name = file.relative_to(base).as_posix()
            if not len(ids):
                skipped.append((name, words))
            elif words in seen:
                duplicates.append((name, seen[words]))
            else:
                seen[words] = name
                names.append(name)
                parts.append(ids)
    if not parts:
        raise MissingDataError(f"{base}: none of its files has notes (the first: {skipped[0]})")
    offsets = np.concatenate([[0], np.cumsum([len(ids) for ids in parts])])
    small = max(int(ids.max()) for ids in parts) < 2**16
    for name, array in (("ids", np.concatenate(parts).astype(np.uint16 if small else np.int32)),
                        ("offsets", offsets)):  # fmt: skip
        with atomic_write(out / f"{name}.npy") as beside, beside.open("wb") as handle:
            np.save(handle, array)
    with atomic_write(out / "collection.json") as beside:
        about = {"names": names, "skipped": skipped, "duplicates": duplicates}
        beside.write_text(json.dumps(about, indent=0) + "\n", encoding="utf-8")
    return Collection(out)
