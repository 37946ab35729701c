"""Processing many files in parallel: resumable, and robust against single faulty files.

`prepare_shards` calls a function with every file in a worker process and writes the returned arrays
to shards on disk. If it is stopped, the same call continues. A file that cannot be read, takes too
long or kills its process is listed with the reason. `write_joined` then concatenates all arrays
into one memory-mapped file. The result depends neither on the number of workers nor on how often
the run was interrupted.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from workbench.errors import BrokenFileError, PromptError
from workbench.files import atomic_write
from workbench.processes import worker_pool

SECONDS = 60  # a file that takes longer is omitted
Work = Callable[[Path], np.ndarray]
Row = tuple[np.ndarray | None, str]  # an array (time, …) and its digest, or None and a reason


@dataclass(frozen=True)
class Shards:
    """The division of files into shards.

    Args:
        files: All files.
        base: The folder to which names are relative.
        out: The folder of the result.
        recipe: What the arrays depend on besides the files; a shard with another recipe is
            processed again.
        size: Files per shard, the most work that an interruption loses.
    """

    files: Sequence[Path]
    base: Path
    out: Path
    recipe: str
    size: int = 256

    def __len__(self) -> int:
        return -(-len(self.files) // self.size)

    def part(self, number: int) -> Sequence[Path]:
        """The files of a shard."""
        return self.files[number * self.size : (number + 1) * self.size]

    def path(self, number: int) -> Path:
        return self.out / "shards" / f"{number:06d}.npz"

    def fingerprint(self, number: int) -> str:
        """A hash of what a shard is made from: recipe, and names, sizes and times of its files."""
        facts: list[Any] = [self.recipe]
        for file in self.part(number):
            stat = file.stat()
            facts.append((str(file.relative_to(self.base)), stat.st_size, stat.st_mtime_ns))
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def is_done(self, number: int) -> bool:
        path = self.path(number)
        if not path.is_file():
            return False
        try:
            with np.load(path) as data:
                return str(data["fingerprint"]) == self.fingerprint(number)
        except (OSError, ValueError, KeyError, BadZipFile):  # cut short
            return False

    def write(self, number: int, rows: Sequence[Row]) -> None:
        path = self.path(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays = [row[0] for row in rows if row[0] is not None]
        with atomic_write(path) as beside, beside.open("wb") as file:
            np.savez(
                file,
                values=np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int16),
                sizes=np.array([0 if row[0] is None else len(row[0]) for row in rows]),
                details=np.array([row[1] for row in rows]),
                fingerprint=np.array(self.fingerprint(number)),
            )

    def rows(self) -> Iterator[tuple[str, np.ndarray, str]]:
        """(name, array, digest) of each file in order; if it was omitted, an empty array and the
        reason."""
        for number in range(len(self)):
            with np.load(self.path(number)) as data:
                pieces = np.split(data["values"], np.cumsum(data["sizes"])[:-1])
                details = data["details"].tolist()
            for file, piece, words in zip(self.part(number), pieces, details, strict=True):
                yield file.relative_to(self.base).as_posix(), piece, words


def prepare_shards(
    shards: Shards, work: Work, *, workers: int | None = None, quiet: bool = False, title: str = ""
) -> None:
    """Write all missing shards to disk.

    Args:
        shards: The files.
        work: A picklable function from a path to an array (time, …) of one dtype; it may raise.
        workers: Number of processes; None for one per core.
        quiet: Whether to show no progress.
        title: Of the progress bar.
    """
    from tqdm.auto import tqdm

    if workers is not None and workers < 1:
        raise PromptError(f"workers must be at least 1, got {workers}")
    todo = [i for i in range(len(shards)) if not shards.is_done(i)]
    count = len(shards.files) - sum(len(shards.part(i)) for i in todo)
    with tqdm(total=len(shards.files), initial=count, desc=title, disable=quiet) as bar:
        for number, rows in _worked(shards, todo, work, workers or os.cpu_count() or 1):
            shards.write(number, rows)
            bar.update(len(rows))


def _worked(
    shards: Shards, todo: list[int], work: Work, workers: int
) -> Iterator[tuple[int, list[Row]]]:
    """Yield finished shards in order. If a worker process dies, the shard is processed file by file
    in separate processes, so that only one file is lost."""
    pool = worker_pool(workers)
    try:
        pending = {i: pool.submit(run_files, shards.part(i), work) for i in todo[: 2 * workers]}
        for place, number in enumerate(todo):
            try:
                rows = pending.pop(number).result()
            except BrokenProcessPool:
                pool.shutdown(cancel_futures=True)
                rows = [_alone(file, work) for file in shards.part(number)]
                pool = worker_pool(workers)
                pending = {i: pool.submit(run_files, shards.part(i), work) for i in pending}
            following = place + 2 * workers
            if following < len(todo):
                then = todo[following]
                pending[then] = pool.submit(run_files, shards.part(then), work)
            yield number, rows
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _alone(file: Path, work: Work) -> Row:
    with worker_pool(1) as pool:
        try:
            return pool.submit(run_files, [file], work).result()[0]
        except BrokenProcessPool:
            return None, "its process died"


def run_files(files: Sequence[Path], work: Work) -> list[Row]:
    """Process a shard in a worker."""
    import warnings

    warnings.simplefilter("ignore")  # about single files
    return [_run_file(file, work) for file in files]


def _run_file(file: Path, work: Work) -> Row:
    def late(number: int, frame: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late) if hasattr(signal, "SIGALRM") else None
    try:
        if before is not None:
            signal.alarm(SECONDS)
        found = np.ascontiguousarray(work(file))
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
    if not len(found):
        return None, "holds nothing"
    return found, hashlib.sha256(found.tobytes()).hexdigest()


@dataclass(frozen=True)
class Joined:
    """The result of `write_joined`: names in order; (path, reason) of omitted files; and (path,
    kept path) of duplicates."""

    names: list[str]
    skipped: list[tuple[str, str]]
    duplicates: list[tuple[str, str]]


def write_joined(shards: Shards, name: str, dtype: type[np.generic] | None = None) -> Joined:
    """Concatenate all arrays into `<name>.npy`, and write `offsets.npy` (n + 1,) beside it.

    Of equal arrays, the first by name is kept. Only one shard at a time is in memory.

    Args:
        shards: Prepared shards; their folder receives both files.
        name: Of the file.
        dtype: Of the file; None for that of the arrays.

    Returns:
        Names, omitted files and duplicates.
    """
    kept: dict[str, str] = {}
    names, lengths = [], []
    skipped: list[tuple[str, str]] = []
    duplicates: list[tuple[str, str]] = []
    shape: tuple[int, ...] = ()
    for path, values, words in shards.rows():
        if not len(values):
            skipped.append((path, words))
        elif words in kept:
            duplicates.append((path, kept[words]))
        else:
            kept[words] = path
            names.append(path)
            lengths.append(len(values))
            shape, dtype = values.shape[1:], dtype or values.dtype.type
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    if names:
        with atomic_write(shards.out / f"{name}.npy") as beside:
            target = np.lib.format.open_memmap(
                beside, mode="w+", dtype=dtype, shape=(int(offsets[-1]), *shape)
            )
            place = {path: i for i, path in enumerate(names)}
            for path, values, _ in shards.rows():
                if path in place:
                    target[offsets[place[path]] : offsets[place[path] + 1]] = values
            target.flush()
        with atomic_write(shards.out / "offsets.npy") as beside, beside.open("wb") as handle:
            np.save(handle, offsets)
    return Joined(names, skipped, duplicates)
