"""`workbench experiment NAME`: measure all points of an experiment's grid, and write one table.

Each point is a run of the notebook with papermill, in its own process (`tools/report/runner.py`).
A point that passed is stored in OUT/points and not measured again. One that failed is listed, does
not stop the others, and is tried again by the next call. `workbench.course.experiments` describes
the form of an experiment.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import platform
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

from workbench.course.experiments import Experiment, Point, Table, measured, read, read_table
from workbench.course.lesson import present
from workbench.course.notebooks import ROOT, text_of
from workbench.errors import WorkbenchError
from workbench.evaluation.intervals import t_interval
from workbench.evaluation.table import json_value
from workbench.extras import require
from workbench.files import UNREADABLE, atomic_write, load_json
from workbench.tools.report.build import machine
from workbench.tools.report.runner import run_notebook
from workbench.version import __version__


def run_experiment(
    name: str,
    out: Path,
    *,
    profile: str = "laptop",
    dataset: str | None = None,
    given: dict[str, list[Any]] | None = None,
    jobs: int = 1,
    timeout: float = 1800,
    fresh: bool = False,
    record: bool = False,
    root: Path = ROOT,
) -> Table:
    """Measure the points that are not stored yet, and write `out`/NAME.json.

    Args:
        name: Of the experiment.
        out: Folder for the table and the stored points.
        profile: Size.
        dataset: Default: the experiment's own.
        given: Values that replace those of the grid, by variable.
        jobs: Points at a time.
        timeout: Seconds per point.
        fresh: Whether to measure stored points again.
        record: Whether to write the table beside the notebooks, too, where `committed` finds it.
        root: Folder of the notebooks.

    Returns:
        The table.

    Raises:
        WorkbenchError: if no point passed.
    """
    require("papermill")
    experiment = read(name, root)
    if experiment.edited:
        print(f"{experiment.script}: differs from its script; the notebook is run", flush=True)
    points = experiment.points(profile, given)
    asked = dataset or experiment.parameters["dataset"]
    fixed = {"profile": profile, "dataset": present(asked)}
    source = out / "source" / f"{name}.ipynb"
    with atomic_write(source) as path:
        path.write_text(text_of(_measurement(experiment)), encoding="utf-8")
    results = _run_all(experiment, source, points, fixed, out / "points", jobs, timeout, fresh)
    if not any(result["status"] == "passed" for result in results):
        raise WorkbenchError(f"{name}: no point passed; the first: {results[0]['reason']}")
    table = make_table(
        results,
        {
            "experiment": name,
            "title": experiment.title,
            "command": _command(name, profile, dataset, given, jobs),
            **fixed,
            "machine": machine(),
            "versions": _versions(),
            "code": experiment.code,
            "interval": "95 %, Student's t over seeds",
        },
    )
    folders = [out, root / "experiments" / "results"] if record else [out]
    for folder in folders:
        with atomic_write(folder / f"{name}.json") as path:
            text = json.dumps(json_value(table.about | {"rows": table.rows}), indent=1)
            path.write_text(text + "\n", encoding="utf-8")
    return read_table(out / f"{name}.json")


def _measurement(experiment: Experiment) -> Any:
    """The notebook up to `run.finish()`; the cells after it read the table."""
    notebook = copy.copy(experiment.notebook)
    notebook.cells = list(measured(notebook.cells))
    return notebook


def _run_all(
    experiment: Experiment,
    source: Path,
    points: Sequence[Point],
    fixed: Point,
    folder: Path,
    jobs: int,
    timeout: float,
    fresh: bool,
) -> list[dict[str, Any]]:
    """The result of each point, in the order of the points."""
    cores = os.cpu_count() or 1
    threads = int(os.environ.get("OMP_NUM_THREADS") or max(1, cores // jobs))
    stop, done = threading.Event(), count(1)
    folder.mkdir(parents=True, exist_ok=True)

    def one(point: Point) -> dict[str, Any]:
        kept = folder / f"{_key(experiment.code, fixed | point)}.json"
        result = None if fresh else _kept(kept)
        if result is None:
            kept.unlink(missing_ok=True)
            target = kept.with_suffix(".ipynb")
            outcome = run_notebook(
                source, target, fixed | point, timeout=timeout, threads=threads, stop=stop
            )
            result = {"parameters": point, **asdict(outcome)}
            if outcome.status == "passed":
                with atomic_write(kept) as path:
                    path.write_text(json.dumps(result, indent=1), encoding="utf-8")
        said = ", ".join(f"{k}={v}" for k, v in point.items())
        where = "" if result["cell"] is None else f"cell [{result['cell']}]: "
        took = f", {result['seconds']:.0f} s"
        why = f" — {where}{result['reason']}" if result["reason"] else took
        print(f"{next(done)}/{len(points)} {result['status']}: {said}{why}", flush=True)
        return result

    with ThreadPoolExecutor(jobs) as pool:
        try:
            return list(pool.map(one, points))
        except BaseException:  # Ctrl-C: end the workers, because leaving the pool waits for them
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _kept(path: Path) -> dict[str, Any] | None:
    """The result that an earlier call stored; None if there is no readable one."""
    with suppress(OSError, *UNREADABLE):
        result = load_json(path)
        if isinstance(result, dict) and result.keys() >= {"parameters", "status", "figures"}:
            return result
    return None


def _key(code: str, parameters: Point) -> str:
    text = json.dumps([code, parameters], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def make_table(results: Sequence[dict[str, Any]], about: dict[str, Any]) -> Table:
    """One row for each combination of the variables except the seed, in the order of the points."""
    groups: dict[str, list[dict[str, Any]]] = {}
    passed = [result for result in results if result["status"] == "passed"]
    for result in passed:
        variables = {k: v for k, v in result["parameters"].items() if k != "seed"}
        groups.setdefault(json.dumps(variables), []).append(result)
    failed = [
        {"parameters": result["parameters"], "reason": result["reason"]}
        for result in results
        if result["status"] != "passed"
    ]
    seconds = sum(result["seconds"] for result in passed) / max(1, len(passed))
    rows = [
        {
            "parameters": json.loads(variables),
            "seeds": [run["parameters"].get("seed", 0) for run in runs],
            "figures": _figures(runs),
        }
        for variables, runs in groups.items()
    ]
    return Table(about | {"seconds per point": round(seconds, 1), "failed": failed}, rows)


def _figures(runs: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Each figure over the runs of one row: mean, interval, and the values of all runs."""
    found: dict[str, dict[str, Any]] = {}
    for figure in runs[0]["figures"]:
        same = [f for run in runs for f in run["figures"] if f["name"] == figure["name"]]
        values = [f["value"] for f in same]
        low, high = t_interval(values)
        found[figure["name"]] = {
            "mean": sum(values) / len(values),
            "low": low,
            "high": high,
            "values": values,
            "unit": figure["unit"],
        }
        floors = [f["floor"] for f in same]
        if all(isinstance(floor, int | float) for floor in floors):
            found[figure["name"]]["floor"] = sum(floors) / len(floors)
    return found


def _command(
    name: str, profile: str, dataset: str | None, given: dict[str, list[Any]] | None, jobs: int
) -> str:
    words = ["workbench experiment", name, f"--profile {profile}"]
    words += [f"--dataset {dataset}"] if dataset else []
    words += ["--set"] if given else []
    words += [f"{k}={','.join(map(str, values))}" for k, values in (given or {}).items()]
    return " ".join([*words, f"--jobs {jobs}"])


def _versions() -> dict[str, str]:
    return {
        "workbench": __version__,
        "python": platform.python_version(),
        **{package: version(package) for package in ("torch", "numpy", "scipy")},
    }
