"""Experiments: notebooks that ask one question, and the tables of their answers.

`notebooks/src/experiments/NAME.py`, a percent script, becomes `notebooks/experiments/NAME.ipynb`
(`workbench notebooks`). Run in Jupyter, it measures one point of its grid. The command

    workbench experiment NAME --profile laptop --jobs 2 --record

(see `workbench.tools.experiment_runs`) measures all points and stores their table in
`notebooks/experiments/results/NAME.json`. This is how to write one (NAME: letters, digits and _):

1. A markdown cell with `# Experiment: TITLE` and the lines `**For** lesson NN. **In short:** …?
   *Predicted:* …`, which `workbench notebooks` puts at the end of that lesson. Then, each as `## …`
   or `**…**`: **Question**, **Prediction** (written before the run and never changed, even if it
   was wrong), **Method** (data, fixed settings, cost of a point, floor).
2. A cell tagged `parameters`: `profile`, `dataset`, `seed` and a plain literal for each variable of
   the grid. Running the notebook measures the point with these values.
3. A cell tagged `grid`: one literal, which is read without running it. For each profile, all
   combinations of the values are points. Intervals are computed over `seed`: with the same seed,
   all variants should get the same data and the same noise.

       grid = {
           "smoke": {"noise": [0.5], "seed": [0]},
           "laptop": {"noise": [0.0, 0.5, 1.0], "seed": [0, 1, 2, 3, 4]},
       }

4. The measurement of one point: `run = start("NAME", profile=…, dataset=…, seed=…)`, then
   `run.note("F1 of hits", value, floor=…, unit=…)` for each result, then `run.finish()`. A figure
   has the same name at all points. At `smoke` a point takes seconds: `run.size(20, 300)`.
5. A section `## Result at laptop size` after `run.finish()`. It does not run at each point, and is
   written when the table exists: show `table = committed("NAME")`, plot it with its intervals
   (`plots.intervals(ax, *table.series("F1 of hits", "noise"), …)`), and explain in plain words
   whether the prediction was right, and what else could explain the result. Compare variants seed
   by seed: `table.difference("F1 of hits", {"noise": 0}, {"noise": 1})`.
6. A section `## What a gpu run would add`.

Measured points are reused as long as their parameters and the notebook's code up to `run.finish()`
stay the same (text, comments and the grid itself do not matter). Changes of the library are not
noticed: `--fresh` measures everything again. A test checks the form of every experiment, runs it at
`smoke`, and checks that the present code made the committed table.
"""

from __future__ import annotations

import ast
import hashlib
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.arguments import seed_of
from workbench.course.lesson import PROFILES
from workbench.course.notebooks import (
    ROOT,
    build,
    differs,
    experiment_scripts,
    read_notebook,
    target_of,
)
from workbench.errors import BrokenFileError, MissingDataError, PromptError
from workbench.evaluation.intervals import t_interval
from workbench.evaluation.table import render
from workbench.files import UNREADABLE, load_json

Point = dict[str, Any]
Series = tuple[list[Any], list[float], list[float], list[float]]


@dataclass(frozen=True)
class Experiment:
    """An experiment, read from its notebook without running it.

    parameters: names and defaults; grid: profile → variable → values; code: fingerprint of the
    measured code; notebook: the one to run, the .ipynb if there is one; edited: whether it differs
    from its script.
    """

    name: str
    title: str
    script: Path
    parameters: dict[str, Any]
    grid: dict[str, dict[str, list[Any]]]
    code: str
    notebook: Any
    edited: bool = False

    def points(self, profile: str, given: dict[str, list[Any]] | None = None) -> list[Point]:
        """All combinations of the grid's values; `given` replaces the values of some variables.

        Raises PromptError for a profile or a variable that the experiment does not have.
        """
        if profile not in self.grid:
            raise PromptError(f"{self.name}: no grid for {profile}; has {', '.join(self.grid)}")
        given = given or {}
        _check_variables(self.name, given, self.parameters)
        values = self.grid[profile] | {
            variable: [self._like(variable, value) for value in several]
            for variable, several in given.items()
        }
        return [dict(zip(values, one, strict=True)) for one in itertools.product(*values.values())]

    def _like(self, variable: str, value: Any) -> Any:
        """A value with the type of the notebook's own values of this variable: a seed, a text (also
        one that looks like a number), a whole number, or a number."""
        if variable == "seed":
            return seed_of(value)
        own = [self.parameters[variable]]
        own += [one for grid in self.grid.values() for one in grid.get(variable, [])]
        if isinstance(own[0], str):
            return str(value)
        kinds = (*map(type, own), int) if {*map(type, own)} <= {int, float} else (type(own[0]),)
        fits = type(value) in kinds and (isinstance(value, bool) or math.isfinite(value))
        if not fits or value < min(0, *own):
            raise PromptError(f"{self.name}: {variable}={value!r}: give a value like {own[0]!r}")
        return value


def read(name: str, root: Path = ROOT) -> Experiment:
    """An experiment by its name, from its .ipynb if there is one, otherwise from its script. Raises
    MissingDataError for an unknown name, BrokenFileError for an .ipynb that is not a notebook,
    PromptError if parameters or grid are not plain literals."""
    scripts = {script.stem: script for script in experiment_scripts(root)}
    if name not in scripts:
        raise MissingDataError(f"no experiment {name!r}; there are: {', '.join(scripts) or 'none'}")
    notebook, there = build(scripts[name]), target_of(scripts[name])
    edited = False
    if there.exists():
        own = read_notebook(there)
        edited = differs(own, notebook)
        # ids follow from the script; an editor may have removed some
        notebook = own if edited else notebook
    cells, source = notebook.cells, there if edited else scripts[name]
    tagged = {tag: cell.source for cell in cells for tag in cell.metadata.get("tags", [])}
    for tag in ("parameters", "grid"):
        if tag not in tagged:
            raise PromptError(f"{source}: no cell tagged {tag}")
    grid: Any = _literals(source, tagged["grid"]).get("grid")
    title = next((cell.source for cell in cells if cell.cell_type == "markdown"), "").split("\n")[0]
    made = Experiment(
        name,
        title.lstrip("# ").removeprefix("Experiment: "),
        source,
        _literals(source, tagged["parameters"]),
        grid,
        _fingerprint(cells),
        notebook,
        edited,
    )
    _check_grid(made)
    return made


def _literals(script: Path, source: str) -> dict[str, Any]:
    """Names and values that a cell assigns."""
    found = {}
    for node in _parsed(source, script).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                raise PromptError(
                    f"{script}: {node.targets[0].id} is not a plain literal, so it cannot be read "
                    "without running the notebook"
                ) from None
    return found


def _parsed(code: str, where: object = "the experiment") -> ast.Module:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise PromptError(
            f"{where}: contains a cell that is not Python ({error}); write it without magics"
        ) from None


def _check_grid(experiment: Experiment) -> None:
    if not isinstance(experiment.grid, dict) or not experiment.grid:
        raise PromptError(f"{experiment.script}: the cell tagged grid assigns no dict to `grid`")
    odd = [profile for profile in experiment.grid if profile not in PROFILES]
    if odd:
        raise PromptError(
            f"{experiment.script}: grid for {odd[0]!r}; profiles are {', '.join(PROFILES)}"
        )
    for profile in experiment.grid:
        _check_variables(
            f"{experiment.script}: grid of {profile}",
            experiment.grid[profile],
            experiment.parameters,
        )


def _check_variables(where: str, values: dict[str, list[Any]], known: dict[str, Any]) -> None:
    free = [name for name in known if name not in ("profile", "dataset")]
    for variable, several in values.items():
        if variable not in free:
            raise PromptError(f"{where}: unknown variable {variable!r}; has {', '.join(free)}")
        if not isinstance(several, list) or not several:
            raise PromptError(f"{where}: {variable} must be a list of values, not {several!r}")


def _fingerprint(cells: Sequence[Any]) -> str:
    """Hash of the code up to `run.finish()` without the grid, on which a point's result depends."""
    digest = hashlib.sha256()
    for cell in measured(cells):
        if cell.cell_type == "code" and "grid" not in cell.metadata.get("tags", []):
            digest.update(ast.dump(_parsed(cell.source)).encode())
    return digest.hexdigest()[:16]


def measured(cells: Sequence[Any]) -> Sequence[Any]:
    """The cells up to the one that calls `run.finish()`."""
    for i, cell in enumerate(cells):
        calls = ast.walk(_parsed(cell.source)) if cell.cell_type == "code" else ()
        if any(isinstance(c, ast.Call) and ast.unparse(c.func) == "run.finish" for c in calls):
            return cells[: i + 1]
    raise PromptError("an experiment measures one point and then calls run.finish()")


# --- tables -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """The table of an experiment, which displays itself in a notebook.

    about: command, machine, data, versions and so on; rows: one for each combination of the
    variables except the seed, {"parameters", "seeds", "figures": {name: {"mean", "low", "high",
    "values", "unit", …}}}.
    """

    about: dict[str, Any]
    rows: list[dict[str, Any]]

    def series(self, figure: str, over: str, **fixed: Any) -> Series:
        """(values of `over`, means, lower and upper ends of the 95 % intervals) of one figure, in
        the rows whose other variables are `fixed`."""
        rows = self._rows(fixed)
        return [row["parameters"][over] for row in rows], *_ends(
            [row["figures"][figure] for row in rows]
        )

    def across(self, figures: Sequence[str], **fixed: Any) -> Series:
        """The same for several figures of the row with `fixed`, over the figures' names."""
        row = self._row(fixed)
        return list(figures), *_ends([row["figures"][figure] for figure in figures])

    def only(self, *figures: str) -> Table:
        """The table with these figures only, if all of them are too wide to show."""
        rows = [
            row | {"figures": {name: row["figures"][name] for name in figures}} for row in self.rows
        ]
        return Table(self.about, rows)

    def floor(self, figure: str, **fixed: Any) -> float:
        """The mean floor of a figure over these rows."""
        floors = [row["figures"][figure]["floor"] for row in self._rows(fixed)]
        return sum(floors) / len(floors)

    def difference(
        self, figure: str, first: dict[str, Any], second: dict[str, Any]
    ) -> tuple[float, float, float]:
        """Mean of second − first, seed by seed, and its 95 % interval. Each must match one row."""
        runs = []
        for row in (self._row(first), self._row(second)):
            runs.append(dict(zip(row["seeds"], row["figures"][figure]["values"], strict=True)))
        gaps = [_number(runs[1][s]) - _number(runs[0][s]) for s in runs[0] if s in runs[1]]
        return sum(gaps) / max(1, len(gaps)), *t_interval(gaps)

    def _rows(self, fixed: dict[str, Any]) -> list[dict[str, Any]]:
        rows = [r for r in self.rows if fixed.items() <= r["parameters"].items()]
        if not rows:
            raise PromptError(f"{self.about.get('experiment')}: no row of the table has {fixed}")
        return rows

    def _row(self, fixed: dict[str, Any]) -> dict[str, Any]:
        rows = self._rows(fixed)
        if len(rows) != 1:
            raise PromptError(f"{fixed}: {len(rows)} rows of the table, not one")
        return rows[0]

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows as text: the variables, the number of seeds, mean (low to high)."""
        names = list(dict.fromkeys(name for row in self.rows for name in row["figures"]))
        units = {n: f["unit"] for row in self.rows for n, f in row["figures"].items()}
        variables = list(self.rows[0]["parameters"]) if self.rows else []
        head = [*variables, "seeds", *(n + f" ({units[n]})" * bool(units[n]) for n in names)]
        body = [
            [
                *(str(row["parameters"][v]) for v in variables),
                str(len(row["seeds"])),
                *(_cell(row["figures"].get(name)) for name in names),
            ]
            for row in self.rows
        ]
        return head, body

    def title(self) -> str:
        a = self.about
        return (
            f"{a['experiment']} at {a['profile']} size, {a['dataset']} data, on {a['machine']}; "
            "mean over seeds (95 % interval)"
        )

    def __str__(self) -> str:
        lost = [f"failed: {one['parameters']}: {one['reason']}" for one in self.about["failed"]]
        return "\n".join([render(self.title(), *self.cells()), f"  {self.about['command']}", *lost])

    def _repr_html_(self) -> str:
        from html import escape

        head, body = self.cells()
        top = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body
        )
        return (
            f"<table><caption>{escape(self.title())}<br><code>{escape(self.about['command'])}"
            f"</code></caption><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table>"
        )


def committed(name: str, root: Path = ROOT) -> Table:
    """The table beside the notebook, from a complete run at laptop size."""
    path = root / "experiments" / "results" / f"{name}.json"
    if not path.is_file():
        raise MissingDataError(
            f"{path}: does not exist; run: workbench experiment {name} --profile laptop --record"
        )
    return read_table(path)


def read_table(path: Path) -> Table:
    """Read a table that `run_experiment` wrote. Raises BrokenFileError."""
    try:
        about = load_json(path)
        return Table(about, about.pop("rows"))
    except (OSError, AttributeError, KeyError, TypeError, *UNREADABLE) as error:
        raise BrokenFileError(
            f"{path}: is not a table of an experiment ({error}); measure it again"
        ) from None


def _ends(figures: Sequence[dict[str, Any]]) -> tuple[list[float], list[float], list[float]]:
    mean, low, high = ([_number(one[key]) for one in figures] for key in ("mean", "low", "high"))
    return mean, low, high


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _cell(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return "–"
    mean, low, high = (_number(figure[key]) for key in ("mean", "low", "high"))
    if math.isnan(mean):
        return "–"
    return f"{mean:.4g}" + (f" ({low:.3g} to {high:.3g})" if math.isfinite(low) else "")
