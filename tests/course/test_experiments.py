"""The experiments' form, their runs over a grid, and those of the repository."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from workbench import cli
from workbench.course import experiments, notebooks
from workbench.errors import MissingDataError, WorkbenchError
from workbench.evaluation.intervals import t_interval
from workbench.tools import experiment_runs

TINY = """# %% [markdown]
# # Experiment: a coin

# %% tags=["parameters"]
profile = "laptop"
dataset = "PLACE"
seed = 0
bias = 0.5

# %% tags=["grid"]
grid = {
    "smoke": {"bias": [0.1, 0.9], "seed": [0, 1]},
    "laptop": {"bias": [0.5], "seed": [0]},
}

# %%
import time
from pathlib import Path

from workbench.course.lesson import Run

run = Run("coin", profile, dataset, seed, False, "CPU", time.monotonic())
place = Path("PLACE")
if bias == 0.9 and seed == 1 and (place / "fails").exists():
    raise RuntimeError("the coin stands on its edge")
if bias == 0.9 and seed == 1 and (place / "waits").exists():
    time.sleep(600)
(place / f"{bias} {seed} {time.monotonic_ns()}").touch()
run.note("heads", bias + 0.01 * seed, floor=0.5, unit="share")
run.finish()

# %%
raise RuntimeError("after run.finish() comes what reads the table, which is not there yet")
"""
NAMES = [script.stem for script in notebooks.experiment_scripts()]


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder of notebooks with one experiment, which leaves a file for each run."""
    folder = tmp_path / "notebooks" / "src" / "experiments"
    folder.mkdir(parents=True)
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "some.wav").touch()  # a data set of recordings, which is not read
    text = TINY.replace("PLACE", str(tmp_path / "place"))
    (folder / "coin.py").write_text(text, encoding="utf-8")
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path / "notebooks"


def runs(root: Path) -> list[str]:
    """bias and seed of all runs so far."""
    found = (root.parent / "place").iterdir()
    return sorted(path.name.rpartition(" ")[0] for path in found if path.name[0].isdigit())


def change(root: Path, old: str, new: str) -> None:
    script = root / "src" / "experiments" / "coin.py"
    assert old in script.read_text()
    script.write_text(script.read_text().replace(old, new))


def measure(root: Path, **more):
    return experiment_runs.run_experiment(
        "coin", root.parent / "out", profile="smoke", root=root, jobs=2, timeout=120, **more
    )


# --- the form -----------------------------------------------------------------------------------


def test_grid_and_parameters_are_read_without_running(root):
    coin = experiments.read("coin", root)
    assert coin.title == "a coin"
    assert coin.parameters["bias"] == 0.5
    points = coin.points("smoke")
    assert len(points) == 4
    assert points[1] == {"bias": 0.1, "seed": 1}
    assert coin.points("laptop", {"seed": [3, 4]}) == [
        {"bias": 0.5, "seed": 3},
        {"bias": 0.5, "seed": 4},
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"smoke": {"bias"', '"smoke": {"bais"', r"unknown variable 'bais'; has seed, bias"),
        ('"bias": [0.5]', '"bias": 0.5', "bias must be a list of values, not 0.5"),
        ('"bias": [0.5]', '"bias": []', "must be a list"),
        ('"laptop": {', '"lapdog": {', "grid for 'lapdog'; profiles are smoke"),
        ('"bias": [0.5]', '"bias": list(range(3))', "grid .* plain literal"),
        ('tags=["grid"]', "", "no cell tagged grid"),
        ("run.finish()\n", "pass\n", r"run\.finish\(\)"),
    ],
)
def test_mistakes_of_form_are_told(root, old, new, words):
    change(root, old, new)
    with pytest.raises(WorkbenchError, match=words):
        experiments.read("coin", root)


def test_the_notebook_that_is_there_is_the_experiment(root, capsys):
    """Edited, as in JupyterLab: its grid and its code hold, not the script's."""
    script = root / "src" / "experiments" / "coin.py"
    there = notebooks.target_of(script)
    there.parent.mkdir()
    there.write_text(notebooks.text_of(notebooks.build(script)), encoding="utf-8")
    plain = experiments.read("coin", root)
    assert (plain.edited, plain.script) == (False, script)
    edited = notebooks.read_notebook(there)
    for cell in edited.cells:
        if "grid" in cell.metadata.get("tags", []):
            cell.source = 'grid = {"smoke": {"bias": [0.75], "seed": [8]}}'
    there.write_text(notebooks.text_of(edited), encoding="utf-8")
    other = experiments.read("coin", root)
    assert (other.edited, other.script, other.code) == (True, there, plain.code)
    measure(root)
    assert runs(root) == ["0.75 8"]
    assert f"{there}: differs from its script" in capsys.readouterr().out
    for cell in edited.cells:
        cell.source = cell.source.replace("run.finish()", "%time run.finish()")
    there.write_text(notebooks.text_of(edited), encoding="utf-8")
    with pytest.raises(WorkbenchError, match="not Python"):
        experiments.read("coin", root)
    there.write_text("{", encoding="utf-8")
    with pytest.raises(WorkbenchError, match=r"coin\.ipynb: is not a valid notebook"):
        experiments.read("coin", root)


def test_unknown_names_profiles_and_variables_are_told(root):
    with pytest.raises(MissingDataError, match="no experiment 'dice'; there are: coin"):
        experiments.read("dice", root)
    coin = experiments.read("coin", root)
    with pytest.raises(WorkbenchError, match="no grid for paper; has smoke, laptop"):
        coin.points("paper")
    with pytest.raises(WorkbenchError, match="unknown variable 'side'"):
        coin.points("smoke", {"side": [1]})


def test_only_code_that_is_measured_changes_the_fingerprint(root):
    before = experiments.read("coin", root).code
    change(root, "# # Experiment: a coin", "# # Experiment: two coins")
    change(root, '"bias": [0.1, 0.9]', '"bias": [0.2]')
    change(root, "reads the table", "shows the table")
    change(root, "import time", "import time  # of day")
    assert experiments.read("coin", root).code == before
    change(root, "* seed", "* seed**2")
    assert experiments.read("coin", root).code != before


# --- runs ---------------------------------------------------------------------------------------


def test_a_grid_becomes_one_table_and_what_failed_is_tried_again(root, capsys):
    fails = root.parent / "place" / "fails"
    fails.touch()
    table = measure(root)
    assert runs(root) == ["0.1 0", "0.1 1", "0.9 0"]
    [failed] = table.about["failed"]
    assert failed["parameters"] == {"bias": 0.9, "seed": 1}
    assert "failed: {'bias': 0.9, 'seed': 1}: RuntimeError: the coin stands" in str(table)
    assert [row["seeds"] for row in table.rows] == [[0, 1], [0]]
    with pytest.raises(WorkbenchError, match="no point passed; the first: RuntimeError"):
        measure(root, given={"bias": [0.9], "seed": [1]})

    fails.unlink()
    table = measure(root, record=True)
    assert runs(root) == ["0.1 0", "0.1 1", "0.9 0", "0.9 1"]  # the first three are kept
    assert "4/4 passed" in capsys.readouterr().out
    assert [row["parameters"] for row in table.rows] == [{"bias": 0.1}, {"bias": 0.9}]
    heads = table.rows[0]["figures"]["heads"]
    assert (heads["values"], heads["floor"], heads["unit"]) == ([0.1, 0.11], 0.5, "share")
    assert heads["mean"] == pytest.approx(0.105)
    low, high = stats.t.interval(0.95, 1, loc=0.105, scale=stats.sem([0.1, 0.11]))
    assert (heads["low"], heads["high"]) == pytest.approx((low, high))
    x, mean, *_ = table.series("heads", "bias")
    assert (x, mean) == ([0.1, 0.9], pytest.approx([0.105, 0.905]))
    assert table.difference("heads", {"bias": 0.1}, {"bias": 0.9}) == pytest.approx([0.8] * 3)
    assert "0.105 (0.0415 to 0.169)" in str(table)
    assert "heads (share)" in table._repr_html_()

    kept = json.loads((root / "experiments" / "results" / "coin.json").read_text())
    assert kept["command"] == "workbench experiment coin --profile smoke --jobs 2"
    assert (kept["dataset"], kept["failed"]) == (str(root.parent / "place"), [])
    assert kept["code"] == experiments.read("coin", root).code
    assert experiments.committed("coin", root).rows == table.rows


def test_an_interrupted_grid_goes_on_where_it_was(root):
    waits, points = root.parent / "place" / "waits", root.parent / "out" / "points"
    waits.touch()
    code = (
        "import signal; from pathlib import Path\n"
        "from workbench.tools.experiment_runs import run_experiment\n"
        "signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
        f"run_experiment('coin', Path({str(root.parent / 'out')!r}), profile='smoke', jobs=2, "
        f"given={{'bias': [0.9]}}, root=Path({str(root)!r}))"
    )
    running = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    while running.poll() is None and not list(points.glob("*.json")):
        time.sleep(0.1)
    running.terminate()
    assert running.wait(240)
    assert runs(root) == ["0.9 0"]
    waits.unlink()
    table = measure(root, given={"bias": [0.9]})
    assert table.rows[0]["seeds"] == [0, 1]
    assert runs(root) == ["0.9 0", "0.9 1"]


def test_a_point_is_kept_by_parameters_and_code():
    first = experiment_runs._key("abc", {"seed": 0, "bias": 0.1})
    assert first == experiment_runs._key("abc", {"bias": 0.1, "seed": 0})
    others = {("abd", 0.1, 0), ("abc", 0.2, 0), ("abc", 0.1, 1)}
    keys = {experiment_runs._key(code, {"seed": s, "bias": b}) for code, b, s in others}
    assert len(keys - {first}) == 3


def test_the_command_lists_and_names_what_is_wrong(capsys):
    assert cli.main(["experiment"]) == 0
    assert "drum_noise: noise on the drum latent (points: smoke 1, laptop" in (
        capsys.readouterr().out
    )
    for words, said in (
        (["dice"], "no experiment 'dice'"),
        (["drum_noise", "--set", "nose=1"], "unknown variable 'nose'"),
        (["drum_noise", "--set", "noise"], "give VARIABLE=VALUE"),
    ):
        assert cli.main(["experiment", *words]) == 2
        assert said in capsys.readouterr().err


# --- tables -------------------------------------------------------------------------------------


def results(values: dict[tuple[str, int], float]) -> list[dict]:
    return [
        {
            "parameters": {"kind": kind, "seed": seed},
            "status": "passed",
            "seconds": 1.0,
            "figures": [{"name": "F1", "value": v, "floor": None, "paper": None, "unit": ""}],
        }
        for (kind, seed), v in values.items()
    ]


def test_differences_are_taken_seed_by_seed():
    random = np.random.default_rng(0)
    luck, a = random.normal(size=5), random.normal(size=5) / 100
    values = {("a", i): luck[i] for i in range(5)} | {("b", i): luck[i] + a[i] for i in range(5)}
    table = experiment_runs.make_table(results(values), {"experiment": "x"})
    mean, low, high = table.difference("F1", {"kind": "a"}, {"kind": "b"})
    wanted = stats.ttest_rel(luck + a, luck).confidence_interval(0.95)
    assert (mean, low, high) == pytest.approx((a.mean(), wanted.low, wanted.high))
    assert table.across(["F1"], kind="a")[1] == pytest.approx([luck.mean()])
    with pytest.raises(WorkbenchError, match="2 rows of the table, not one"):
        table.across(["F1"])
    with pytest.raises(WorkbenchError, match="no row"):
        table.series("F1", "kind", kind="c")


def test_a_wide_table_can_be_narrowed():
    both = results({("a", 0): 1.0, ("a", 1): 3.0})
    for result in both:
        result["figures"].append(result["figures"][0] | {"name": "loss"})
    table = experiment_runs.make_table(both, {})
    assert table.cells()[0] == ["kind", "seeds", "F1", "loss"]
    assert table.only("loss").cells()[0] == ["kind", "seeds", "loss"]


def test_one_seed_has_no_interval_and_a_missing_value_none_either():
    assert all(math.isnan(end) for end in t_interval([1.0]))
    table = experiment_runs.make_table(results({("a", 0): 1.0, ("b", 0): math.nan}), {})
    assert table.cells()[1] == [["a", "1", "1"], ["b", "1", "–"]]


def test_the_interval_holds_the_mean_as_often_as_it_says():
    random = np.random.default_rng(1)
    inside = 0
    for _ in range(1000):
        low, high = t_interval(random.normal(3, 2, size=3).tolist())
        inside += low < 3 < high
    assert 930 < inside < 970


# --- the repository's ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_each_experiment_has_the_form(name):
    one = experiments.read(name)
    text = one.script.read_text(encoding="utf-8")
    for part in (
        "# # Experiment: ",
        "**Question",
        "**Prediction",
        "**Method",
        "## Result at laptop size",
        "## What a gpu run would add",
    ):
        assert part in text, f"{name}: lacks {part!r}"
    assert {"smoke", "laptop"} <= one.grid.keys()
    assert len(one.grid["laptop"]["seed"]) >= 3
    assert f'start("{name}"' in text


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_links_to_each_experiment(name):
    """Once, with its question and its prediction; every lesson on a system or a measure has one."""
    title, lesson, question, prediction = notebooks.in_short(experiments.read(name).script)
    assert question.endswith("?")
    assert prediction.endswith(".")
    links = f"[{title}](experiments/{name}.ipynb): {question} *Predicted:* {prediction}"
    found = {}
    for script in notebooks.scripts():
        cells = [c.source for c in notebooks.build(script).cells if c.cell_type == "markdown"]
        found[script.stem[:2]] = sum(text.count(links) for text in cells)
    assert {number for number, times in found.items() if times} == {lesson}
    assert found[lesson] == 1


def test_every_lesson_from_03_to_13_has_an_experiment():
    lessons = {notebooks.in_short(experiments.read(name).script)[1] for name in NAMES}
    assert lessons == {f"{number:02}" for number in range(3, 14)}


@pytest.mark.parametrize("name", NAMES)
def test_each_committed_table_was_made_by_the_present_code(name):
    one, table = experiments.read(name), experiments.committed(name)
    again = f"workbench experiment {name} --profile laptop --record"
    assert table.about["code"] == one.code, f"its code has changed; run: {again}"
    assert (table.about["profile"], table.about["failed"]) == ("laptop", []), f"run: {again}"
    measured = sum(len(row["seeds"]) for row in table.rows)
    assert measured == len(one.points("laptop")), f"its grid has changed; run: {again}"


@pytest.mark.parametrize("name", NAMES)
def test_each_experiment_runs_from_top_to_bottom_at_smoke(name, monkeypatch, tmp_path):
    """All its cells in this very process, its committed table drawn too."""
    import matplotlib

    matplotlib.use("agg")
    monkeypatch.setenv("WORKBENCH_RUN_FILE", str(tmp_path / "run.json"))
    monkeypatch.chdir(tmp_path)
    one = experiments.read(name)
    names: dict[str, object] = {}
    for cell in notebooks.build(one.script).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, name, "exec"), names)
        if "parameters" in cell.metadata.get("tags", []):
            names |= {"profile": "smoke"} | one.points("smoke")[0]
    assert json.loads((tmp_path / "run.json").read_text())["figures"]
    matplotlib.pyplot.close("all")
