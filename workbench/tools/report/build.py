"""`workbench report`: run every notebook with papermill and summarise them on one page.

It runs the .ipynb files and reports where one differs from its script. With solved exercises it
runs notebooks made from the scripts, because only these contain the solutions.

The page (`page.py`) lists status, time, memory and figures with those of the papers and the floors,
shows plots, plays sounds and links the executed notebooks. It needs no network. The figures are
also written as JSON. On request, page and notebooks are combined in one file.
"""

from __future__ import annotations

import json
import os
import platform
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.arguments import number, seed_of, whole
from workbench.course.lesson import ANSWERS, TIMES
from workbench.course.notebooks import (
    ROOT,
    build,
    differs,
    read_notebook,
    scripts,
    target_of,
    text_of,
)
from workbench.datasets.load import names_of
from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.extras import require
from workbench.files import UNREADABLE, load_json, write_text
from workbench.tools.pages import copy_plotly, export
from workbench.tools.report.companions import add_companions, linked, titled
from workbench.tools.report.page import file_of, page_of
from workbench.tools.report.runner import Outcome, run_notebook
from workbench.tools.report.single_file import single_file
from workbench.version import __version__


def run_report(
    out: Path,
    *,
    profile: str = "smoke",
    dataset: str | None = None,
    seed: int = 0,
    only: Sequence[str] | None = None,
    jobs: int | None = None,
    solutions: bool = False,
    timeout: float = 1800,
    record: bool = False,
    one_file: bool = False,
    root: Path = ROOT,
) -> int:
    """Run the notebooks under `root` and write `out`/index.html and report.json. A failing notebook
    does not stop the others.

    Args:
        out: Folder.
        profile: "smoke", "laptop", "gpu" or "paper".
        dataset: For all notebooks; default: the notebook's own.
        seed: Of every notebook.
        only: Numbers of lessons; None for all.
        jobs: Notebooks at a time; default: two, or the number of cores if that is less.
        solutions: Whether to run with solved exercises.
        timeout: Seconds per notebook.
        record: Whether to store times and memory for the notebooks' first lines, and at laptop size
            the answers to the predictions, which the instructors' guide is held against.
        one_file: Whether to write `out`/report.html with the index and all notebooks.
        root: Folder of the notebooks.

    Returns:
        0 if all passed, else 1.

    Raises:
        MissingDataError: for data or a notebook that does not exist, before any notebook runs.
    """
    require("papermill", "nbconvert")
    if dataset is not None:
        names_of(dataset)
    sources, edited = _sources(Path(out), root, only, solutions)
    cores = os.cpu_count() or 1
    jobs = min(2, cores) if jobs is None else whole(jobs, "jobs", 1)
    jobs, seed, timeout = min(jobs, len(sources)), seed_of(seed), number(timeout, "timeout", 1)
    parameters: dict[str, Any] = {"profile": profile, "seed": seed}
    if dataset is not None:
        parameters["dataset"] = dataset
    stop = threading.Event()
    began = time.monotonic()

    def one(source: Path) -> Outcome:
        target = Path(out) / f"{source.stem}.ipynb"
        target.with_suffix(".html").unlink(missing_ok=True)
        outcome = run_notebook(
            source, target, parameters, timeout=timeout, threads=max(1, cores // jobs), stop=stop
        )
        if source.stem in edited:
            outcome.note = f"the notebook differs from src/{source.stem}.py; the notebook was run"
        print(
            f"{outcome.status}: {source.stem}, {outcome.seconds:.0f} s, "
            f"{outcome.memory_mb / 1024:.1f} GiB"
            + f" — {outcome.trouble}" * bool(outcome.reason)
            + f" ({outcome.note})" * bool(outcome.note),
            flush=True,
        )
        return outcome

    with ThreadPoolExecutor(jobs) as pool:
        try:
            outcomes = list(pool.map(one, sources))
        except BaseException:  # Ctrl-C: end the workers, because leaving the pool waits for them
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    about = {
        "profile": profile,
        "seed": seed,
        "version": __version__,
        "machine": machine(),
        "minutes": round((time.monotonic() - began) / 60, 1),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    ran = [path for path in (file_of(Path(out), o, "ipynb") for o in outcomes) if path]
    troubles = add_companions(Path(out), ran, root, stop, timeout)
    print(*troubles, sep="\n", end="\n" if troubles else "", flush=True)
    write_pages(Path(out), outcomes, about)
    if record:
        _record(outcomes, profile)
    print(f"report: {Path(out) / 'index.html'}")
    if one_file:
        single = write_single_file(Path(out), outcomes)
        print(f"one file: {single} ({single.stat().st_size / 1e6:.1f} MB)")
    passed = all(outcome.status == "passed" for outcome in outcomes)
    return 0 if passed and not troubles else 1


def _sources(
    out: Path, root: Path, only: Sequence[str] | None, solutions: bool
) -> tuple[list[Path], set[str]]:
    """Copies of the notebooks to run, in `out`/source, and the names of those that differ from
    their script. If there is only a script, or with `solutions`, a notebook is built from it."""
    chosen = [s for s in scripts(root) if only is None or s.stem[:2] in only]
    missing = sorted(set(only or ()) - {script.stem[:2] for script in chosen})
    if missing:
        have = ", ".join(script.stem[:2] for script in scripts(root))
        raise MissingDataError(f"no notebook {missing[0]}; there are: {have}")
    sources, edited = [], set()
    for script in chosen:
        notebook = build(script, solutions=solutions)
        there = target_of(script)
        if there.exists():
            own = read_notebook(there)
            if differs(own, notebook if not solutions else build(script)):
                edited.add(script.stem)
                if solutions:
                    raise WorkbenchError(
                        f"{there}: differs from {script}, which contains the solutions; run "
                        "`workbench notebooks` first, or omit --solutions"
                    )
            if not solutions:
                notebook = own
        source = out / "source" / f"{script.stem}.ipynb"
        write_text(source, text_of(notebook))
        sources.append(source.resolve())
    return sources, edited


def machine() -> str:
    """A short description of this machine."""
    import torch

    graphics = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{os.cpu_count()} CPU cores ({platform.machine()}){graphics}"


def write_pages(out: Path, outcomes: list[Outcome], about: dict[str, Any]) -> None:
    """Write a page per executed notebook, pages of the companions that they link to, index.html and
    report.json."""
    lessons = [path for path in (file_of(out, o, "ipynb") for o in outcomes) if path is not None]
    plotly = set()
    for notebook in [*lessons, *companions_of(out, lessons)]:
        if export(notebook, notebook.with_suffix(".html")):
            plotly.add(notebook.parent)
    for folder in plotly:
        copy_plotly(folder)
    results = {**about, "notebooks": [asdict(outcome) for outcome in outcomes]}
    write_text(out / "report.json", json.dumps(results, indent=1) + "\n")
    write_text(out / "index.html", page_of(out, outcomes, about))


def companions_of(out: Path, lessons: Sequence[Path]) -> list[Path]:
    """The notebooks in folders of `out` to which these lessons link."""
    there = (out / f"{name}.ipynb" for name in linked(lessons))
    return [path for path in there if path.exists()]


def read_report(
    folder: Path, only: Sequence[str] | None = None
) -> tuple[list[Outcome], dict[str, Any]]:
    """Read the report.json that `run_report` wrote.

    Args:
        folder: Of the report.
        only: Numbers of lessons; None for all.

    Returns:
        The outcomes of the notebooks, and the facts about the run.

    Raises:
        MissingDataError: for a missing file or notebook.
        BrokenFileError: for a file that is not a report.
    """
    path = Path(folder) / "report.json"
    if not path.is_file():
        raise MissingDataError(f"{path}: does not exist; run: workbench report --out {folder}")
    try:
        about = load_json(path)
        outcomes = [Outcome(**each) for each in about.pop("notebooks")]
    except (*UNREADABLE, TypeError, KeyError, AttributeError) as error:
        raise BrokenFileError(f"{path}: is not a report ({error}); run it again") from error
    missing = sorted(set(only or ()) - {outcome.number for outcome in outcomes})
    if missing:
        raise MissingDataError(f"{path}: has no notebook {missing[0]}")
    return [o for o in outcomes if only is None or o.number in only], about


def write_single_file(out: Path, outcomes: list[Outcome]) -> Path:
    """Combine the pages of `write_pages`, index, executed notebooks and what they link to, in
    `out`/report.html."""
    pages, lessons = {}, []
    for outcome in outcomes:
        page = file_of(out, outcome, "html")
        if page is not None:
            title = f"{outcome.number} {outcome.name}"
            pages[page.stem] = title, page.read_text(encoding="utf-8")
            lessons.append(page.with_suffix(".ipynb"))
    for notebook in companions_of(out, lessons):
        text = notebook.with_suffix(".html").read_text(encoding="utf-8")
        pages[f"{notebook.parent.name}/{notebook.stem}"] = titled(notebook), text
    plotly = next(iter(sorted(out.rglob("plotly.min.js"))), out / "plotly.min.js")
    text = single_file(
        (out / "index.html").read_text(encoding="utf-8"),
        pages,
        plotly.read_text(encoding="utf-8") if plotly.exists() else "",
    )
    write_text(out / "report.html", text)
    return out / "report.html"


def _record(outcomes: list[Outcome], profile: str) -> None:
    """Store times and memory for the notebooks' first lines, and at laptop size the answers."""
    times, answers = _stored(TIMES), _stored(ANSWERS)
    for outcome in outcomes:
        if outcome.status == "passed":
            times.setdefault(outcome.number, {})[profile] = {
                "seconds": outcome.seconds,
                "memory_mb": outcome.memory_mb,
                "machine": machine(),
            }
            answers[outcome.number] = {"dataset": outcome.dataset, "answers": outcome.answers}
    _store(TIMES, times)
    if profile == "laptop":
        _store(ANSWERS, answers)


def _stored(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _store(path: Path, known: dict[str, Any]) -> None:
    write_text(path, json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
