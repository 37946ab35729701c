"""Run the entries of a contest in the sandbox that grading uses, and score what they predict.

An entry is a folder with `entry.py` and, if it needs them, files such as weights, together at most
8 MB. `entry.py` defines

    predict(loops, given, seed) → probabilities

loops: hits of training loops, (n, 64, 9); given: the first three bars of the test loops,
(m, 48, 9); the answer: probability of a hit at each step and drum of the fourth bar, (m, 16, 9).
Training and prediction share one budget of processor time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from workbench.errors import PromptError, WorkbenchError
from workbench.evaluation.intervals import mean_interval
from workbench.evaluation.paired import holm, sign_flip_test
from workbench.files import cache_dir
from workbench.tools.contest.task import Task, baseline, checked, nats_of
from workbench.tools.grading import tree
from workbench.tools.grading.sandbox import Limits, Question, Sandbox

SCRIPT, FUNCTION = "entry.py", "predict"
MOST_BYTES = 8_000_000  # of all files of an entry
BASELINE = "baseline"


@dataclass
class Result:
    """What one entry reached.

    problem: why it has no score; nats: per test loop, mean over seeds, (m,); by_seed: mean nats per
    bar of each seed; predicted: probabilities of the first seed, (m, 16, 9); seconds: processor
    time of the slowest seed; size: bytes of its files; interval: of the mean, 95 %; gain: nats per
    bar less than the baseline; gain_interval: 95 %; p: two-sided, corrected for the number of
    entries.
    """

    name: str
    problem: str = ""
    nats: np.ndarray = field(default_factory=lambda: np.empty(0))
    by_seed: list[float] = field(default_factory=list)
    predicted: np.ndarray = field(default_factory=lambda: np.empty(0))
    seconds: float = 0.0
    size: int = 0
    interval: tuple[float, float] = (np.nan, np.nan)
    gain: float = np.nan
    gain_interval: tuple[float, float] = (np.nan, np.nan)
    p: float = np.nan

    @property
    def score(self) -> float:
        """Mean nats per bar; infinite without a score."""
        return float(self.nats.mean()) if len(self.nats) else np.inf


def folders_of(entries: Path) -> list[Path]:
    """The folders of all entries, by name.

    Raises:
        WorkbenchError: if there are none, or if one is called "baseline".
    """
    found = sorted(p for p in entries.iterdir() if p.is_dir()) if entries.is_dir() else []
    found = [path for path in found if not path.name.startswith((".", "__"))]
    if not found:
        raise WorkbenchError(f"{entries}: has no entries; give a folder with one folder per entry")
    if any(path.name == BASELINE for path in found):
        raise WorkbenchError(f"{entries / BASELINE}: this name is taken; rename the entry's folder")
    return found


def run_contest(
    entries: Path, task: Task, *, seeds: Sequence[int], minutes: float, memory_mb: int = 4096
) -> list[Result]:
    """Run every entry once per seed.

    Args:
        entries: Folder with one folder per entry.
        task: What is predicted.
        seeds: Given to the entries, one run each.
        minutes: Processor time per run, in minutes.
        memory_mb: Memory per run in MB.

    Returns:
        The results, the best first, the baseline among them. Entries without a score come last.
    """
    entries = entries.absolute()
    limits = Limits(60 * minutes, memory_mb)
    # other entries, and data sets that contain the hidden bars, cannot be read
    sandbox = Sandbox(limits, closed=[entries, cache_dir().absolute()])
    p = baseline(task)
    first = Result(BASELINE, predicted=p, nats=nats_of(p, task.hidden))
    first.by_seed = [first.score]
    results = [_run(folder, task, seeds, sandbox) for folder in folders_of(entries)]
    compare(first, results)
    return sorted([first, *results], key=lambda one: (one.score, one.name))


def _run(folder: Path, task: Task, seeds: Sequence[int], sandbox: Sandbox) -> Result:
    """One entry with all seeds; the first problem ends it."""
    result = Result(folder.name)
    rows: list[np.ndarray] = []
    try:
        source, result.size = _read(folder)
        for seed in seeds:
            case = (task.training, task.given, seed)
            reply = sandbox.ask(Question([source], FUNCTION, [case], files=folder))
            result.seconds = max(result.seconds, reply.seconds)
            problem = reply.stopped or reply.missing or reply.problem or reply.answers[0].error
            if problem:
                raise PromptError(problem)
            p = checked(reply.answers[0].value, task)
            result.predicted = result.predicted if len(rows) else p
            rows.append(nats_of(p, task.hidden))
    except PromptError as error:
        result.problem = str(error)
        return result
    result.nats = np.mean(rows, axis=0)
    result.by_seed = [float(row.mean()) for row in rows]
    return result


def _read(folder: Path) -> tuple[str, int]:
    """The text of entry.py, and the bytes of all files."""
    size, source = 0, None
    for name, data in tree.contents(folder, MOST_BYTES):
        if data is None:
            raise PromptError(
                f"{tree.named(name)}: cannot be read, or all files together exceed "
                f"{MOST_BYTES / 1e6:g} MB"
            )
        size += len(data)
        if name == SCRIPT:
            source = data
    if source is None:
        raise PromptError(f"{SCRIPT}: there is no such file in the entry's folder")
    try:
        return source.decode("utf-8"), size
    except UnicodeDecodeError:
        raise PromptError(f"{SCRIPT}: is not a text in UTF-8") from None


def compare(first: Result, results: Iterable[Result]) -> None:
    """Fill in the intervals, and each entry's gain over `first` with its p value.

    Each test loop is a pair: the same bar, predicted by both. p is that of a permutation test
    (random sign flips), corrected by Holm's method for the number of entries with a score.
    """
    scored = [one for one in results if len(one.nats)]
    for one in [first, *scored]:
        one.interval = mean_interval(one.nats, times=2000)
    gains = [first.nats - one.nats for one in scored]
    values = holm([sign_flip_test(gain) for gain in gains])
    for one, gain, p in zip(scored, gains, values, strict=True):
        one.gain, one.p = float(gain.mean()), float(p)
        one.gain_interval = mean_interval(gain, times=2000)
