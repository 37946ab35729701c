"""`workbench report`: every notebook through papermill, into one page an instructor can read.

The page lists status, time, memory and key figures beside the paper's and the floors, links the
executed notebooks, and plays the first sounds of each. It needs no network. The same as JSON lies
beside it.
"""

from __future__ import annotations

import html
import json
import os
import platform
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.errors import MissingDataError
from workbench.files import atomic_write
from workbench.lesson import TIMES
from workbench.notebooks import ROOT, build, scripts, text_of
from workbench.pages import copy_plotly, export, first_sounds, table
from workbench.runner import Outcome, run_notebook

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; width: 100%; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { border-bottom: 1px solid #8886; padding: .35rem .7rem; text-align: left;
  vertical-align: top; }
td { font-variant-numeric: tabular-nums; }
.failed { font-weight: 700; } .passed::before { content: "✓ "; } .failed::before { content: "✗ "; }
pre { overflow-x: auto; background: #8882; padding: .7rem; font-size: .85em; }
section { border-top: 2px solid #8884; margin-top: 2rem; }
a:focus-visible, summary:focus-visible { outline: 3px solid #f80; }
@media print { a { color: inherit; } section { break-inside: avoid; } }
"""


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
    root: Path = ROOT,
) -> int:
    """Run the notebooks under `root` and write `out`/index.html and report.json.

    dataset: for all of them; None leaves each the one that its parameters cell names.
    Returns 0 if all passed, else 1; a failing notebook does not stop the others.
    """
    sources = _sources(Path(out), root, only, solutions)
    cores = os.cpu_count() or 1
    jobs = min(jobs or min(2, cores), len(sources))
    parameters: dict[str, Any] = {"profile": profile, "seed": seed}
    if dataset is not None:
        parameters["dataset"] = dataset
    stop = threading.Event()

    def one(source: Path) -> Outcome:
        target = Path(out) / f"{source.stem}.ipynb"
        target.with_suffix(".html").unlink(missing_ok=True)
        outcome = run_notebook(
            source, target, parameters, timeout=timeout, threads=max(1, cores // jobs), stop=stop
        )
        print(
            f"{outcome.status}: {source.stem}, {outcome.seconds:.0f} s, "
            f"{outcome.memory_mb / 1024:.1f} GiB" + f" — {outcome.reason}" * bool(outcome.reason),
            flush=True,
        )
        return outcome

    with ThreadPoolExecutor(jobs) as pool:
        try:
            outcomes = list(pool.map(one, sources))
        except BaseException:  # Ctrl-C: end the workers, which leaving the pool waits for
            stop.set()
            raise
    about = {
        "profile": profile, "seed": seed, "version": __version__, "machine": machine(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }  # fmt: skip
    write_pages(Path(out), outcomes, about)
    if record:
        _record(outcomes, profile)
    print(f"report: {Path(out) / 'index.html'}")
    return 0 if all(outcome.status == "passed" for outcome in outcomes) else 1


def _sources(out: Path, root: Path, only: Sequence[str] | None, solutions: bool) -> list[Path]:
    """The notebooks to run, freshly built into `out`/source."""
    chosen = [s for s in scripts(root) if only is None or s.stem[:2] in only]
    missing = sorted(set(only or ()) - {script.stem[:2] for script in chosen})
    if missing:
        have = ", ".join(script.stem[:2] for script in scripts(root))
        raise MissingDataError(f"no notebook {missing[0]}; there are: {have}")
    sources = []
    for script in chosen:
        source = out / "source" / f"{script.stem}.ipynb"
        with atomic_write(source) as path:
            path.write_text(text_of(build(script, solutions=solutions)), encoding="utf-8")
        sources.append(source.resolve())
    return sources


def machine() -> str:
    """This machine in a few words."""
    import torch

    graphics = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{os.cpu_count()} CPU cores ({platform.machine()}){graphics}"


def write_pages(out: Path, outcomes: list[Outcome], about: dict[str, Any]) -> None:
    """A page for each executed notebook, index.html, report.json."""
    plotly = False
    for outcome in outcomes:
        notebook = _file(out, outcome, "ipynb")
        if notebook is not None:
            plotly |= export(notebook, notebook.with_suffix(".html"))
    if plotly:
        copy_plotly(out)
    with atomic_write(out / "report.json") as path:
        results = {**about, "notebooks": [asdict(outcome) for outcome in outcomes]}
        path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    with atomic_write(out / "index.html") as path:
        path.write_text(_index(out, outcomes, about), encoding="utf-8")


def _file(out: Path, outcome: Outcome, suffix: str) -> Path | None:
    found = sorted(out.glob(f"{outcome.number}_*.{suffix}"))
    return found[0] if found else None


def _index(out: Path, outcomes: list[Outcome], about: dict[str, Any]) -> str:
    passed = sum(outcome.status == "passed" for outcome in outcomes)
    rows = []
    for outcome in outcomes:
        page = _file(out, outcome, "html")
        title = html.escape(f"{outcome.number} {outcome.name}")
        link = f"<a href='{page.name}'>{title}</a>" if page else title
        state = f"<span class='{outcome.status}'>{outcome.status}</span>"
        why = html.escape(outcome.reason)
        memory = f"{outcome.memory_mb / 1024:.1f}"
        rows.append([link, state, f"{outcome.seconds:.0f}", memory, outcome.dataset, why])
    head = table(
        ["notebook", "status", "time in s", "peak memory in GiB", "data", "what went wrong"],
        rows, f"{passed} of {len(outcomes)} notebooks passed",
    )  # fmt: skip
    line = ", ".join(f"{key} {value}" for key, value in about.items())
    sections = "".join(_section(out, outcome) for outcome in outcomes)
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>Music workbench: report</title><style>{_STYLE}</style></head><body>"
        f"<main><h1>Music workbench: report</h1><p>{html.escape(line)}</p>{head}{sections}</main>"
        "</body></html>\n"
    )


def _section(out: Path, outcome: Outcome) -> str:
    """Figures, sounds and trouble of one notebook."""
    parts = []
    if outcome.figures:
        rows = [
            [html.escape(f["name"] + (f" ({f['unit']})" if f["unit"] else ""))]
            + [_number(f[key]) for key in ("value", "floor", "paper")]
            for f in outcome.figures
        ]
        parts.append(table(["figure", "this run", "floor", "paper"], rows, "Figures of this run"))
    if outcome.traceback:
        where = "" if outcome.cell is None else f" of cell [{outcome.cell}]"
        parts.append(
            f"<details><summary>Traceback{where}</summary><pre>{html.escape(outcome.traceback)}"
            "</pre></details>"
        )
    notebook = _file(out, outcome, "ipynb")
    if notebook is not None:
        parts += first_sounds(notebook)
    if not parts:
        return ""
    title = html.escape(f"{outcome.number} {outcome.name}")
    return f"<section><h2>{title}</h2>{''.join(parts)}</section>"


def _number(value: float | str | None) -> str:
    if value is None:
        return "–"
    return html.escape(value) if isinstance(value, str) else f"{value:.4g}"


def _record(outcomes: list[Outcome], profile: str) -> None:
    """Keep times and memory for the notebooks' opening lines."""
    known = json.loads(TIMES.read_text(encoding="utf-8")) if TIMES.exists() else {}
    for outcome in outcomes:
        if outcome.status == "passed":
            known.setdefault(outcome.number, {})[profile] = {
                "seconds": outcome.seconds, "memory_mb": outcome.memory_mb, "machine": machine(),
            }  # fmt: skip
    with atomic_write(TIMES) as path:
        path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
