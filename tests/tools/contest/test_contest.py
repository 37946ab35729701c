"""The contest: a proper score, hidden bars that stay hidden, budgets that hold, fair p values."""

import csv
import json

import numpy as np
import pytest

from workbench import cli
from workbench.datasets.builtin import sample
from workbench.errors import PromptError, WorkbenchError
from workbench.tools.contest import entries, page
from workbench.tools.contest import task as tasks
from workbench.tools.contest.entries import Result, compare, run_contest

GOOD = """import numpy as np

def predict(loops, given, seed):
    last = given[:, -16:]
    return np.clip(0.9 * last + 0.03 + 1e-6 * np.load("noise.npy")[seed], 0, 1)
"""
SLOW = "def predict(loops, given, seed):\n    while True:\n        pass\n"
BROKEN = """import numpy as np

def predict(loops, given, seed):
    return np.load("weights.npz")["p"]
"""
SHAPE = "def predict(loops, given, seed):\n    return given[:, :8] * 0.5\n"
SPY = """import os

def predict(loops, given, seed):
    seen = [path for path in {paths} if os.path.isdir(path) and os.listdir(path)]
    raise ValueError(f"seen: {{seen}}")
"""


@pytest.fixture(scope="module")
def task():
    return tasks.task_of("builtin", 7, training=40, test=24)


def entry(folder, name, source, **files):
    (folder / name).mkdir(parents=True)
    (folder / name / "entry.py").write_text(source, encoding="utf-8")
    for file, data in files.items():
        (folder / name / file.replace("_", ".")).write_bytes(data)


def test_the_task_hides_the_fourth_bar_of_new_loops(task):
    assert task.training.shape[1:] == (64, 9)
    assert task.given.shape == (24, 48, 9)
    assert task.hidden.shape == (24, 16, 9)
    whole = np.concatenate([task.given, task.hidden], axis=1)
    assert (whole == tasks.hits_of(task.clips)).all()
    known = {loop.tobytes() for loop in task.training}
    assert not any(loop.tobytes() in known for loop in whole)
    again = tasks.task_of("builtin", 7, training=40, test=24)
    assert (again.hidden == task.hidden).all()
    other = tasks.task_of("builtin", 8, training=40, test=24)
    assert (other.training == task.training).all()
    assert not (other.given == task.given).all()


def test_the_score_is_the_surprise_and_honest_probabilities_are_best():
    random = np.random.default_rng(0)
    true = random.uniform(0.05, 0.95, (16, 9))
    played = (random.random((4000, 16, 9)) < true).astype(np.uint8)
    entropy = -(true * np.log(true) + (1 - true) * np.log(1 - true)).sum()
    honest = tasks.nats_of(np.broadcast_to(true, played.shape), played)
    assert abs(honest.mean() - entropy) < 4 * honest.std() / np.sqrt(4000)
    for other in (np.sqrt(true), true**2, np.full_like(true, 0.5)):
        assert tasks.nats_of(np.broadcast_to(other, played.shape), played).mean() > honest.mean()
    sure = tasks.nats_of(np.zeros((1, 16, 9)), np.ones((1, 16, 9)))
    assert sure[0] == pytest.approx(-144 * np.log(1e-3))


def test_the_baseline_uses_the_bar_before(task):
    bars = task.training.reshape(-1, 16, 9)
    shares = np.broadcast_to(bars.mean((0, 1)), task.hidden.shape)
    base = tasks.nats_of(tasks.baseline(task), task.hidden).mean()
    assert base < 0.9 * tasks.nats_of(shares, task.hidden).mean()


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (None, "array"),
        (np.zeros((2, 16, 9)), "shape"),
        ("nan", "probabilities"),
        ("large", "probabilities"),
    ],
)
def test_answers_that_are_no_probabilities(task, answer, named):
    if isinstance(answer, str):
        answer = np.full(task.hidden.shape, np.nan if answer == "nan" else 1.5)
    with pytest.raises(PromptError, match=named):
        tasks.checked(answer, task)


def test_equal_entries_have_no_gain_and_better_ones_a_small_p():
    random = np.random.default_rng(1)
    nats = random.gamma(4, 5, 60)
    first = Result("baseline", nats=nats)
    same = Result("same", nats=nats.copy())
    better = Result("better", nats=nats - random.normal(2, 3, 60))
    failed = Result("failed", problem="it failed")
    compare(first, [same, better, failed])
    assert (same.gain, same.p) == (0.0, 1.0)
    assert better.gain_interval[0] > 0
    assert better.p < 0.01
    assert np.isnan(failed.p)
    assert first.interval[0] < nats.mean() < first.interval[1]


def test_the_sampled_bar_follows_three_given_ones(task):
    clip = tasks.heard(task, 0, task.hidden[0].astype(float))
    assert (tasks.hits_of([clip]) == tasks.hits_of(task.clips[:1])).all()
    silent = tasks.hits_of([tasks.heard(task, 0, np.zeros((16, 9)))])[0]
    assert not silent[48:].any()
    assert (silent[:48] == task.given[0]).all()


def test_a_contest_ranks_valid_entries_and_names_what_is_wrong_with_others(
    tmp_path, task, monkeypatch
):
    cache = tmp_path / "data"
    cache.mkdir()
    (cache / "hidden.mid").write_bytes(b"notes")
    monkeypatch.setenv("WORKBENCH_CACHE", str(cache))
    folder = tmp_path / "entries"
    noise = np.random.default_rng(0).random((2, *task.hidden.shape))
    np.save(tmp_path / "noise.npy", noise)
    entry(folder, "good", GOOD, noise_npy=(tmp_path / "noise.npy").read_bytes())
    entry(folder, "slow", SLOW)
    entry(folder, "broken", BROKEN, weights_npz=b"nonsense")
    entry(folder, "shape", SHAPE)
    entry(folder, "large", GOOD, weights_bin=bytes(entries.MOST_BYTES))
    entry(folder, "spy", SPY.format(paths=[str(folder), str(cache)]))
    (folder / "empty").mkdir()
    results = run_contest(folder, task, seeds=[0, 1], minutes=0.05)
    found = {one.name: one for one in results}
    assert [one.name for one in results if not one.problem] in (
        ["good", "baseline"],
        ["baseline", "good"],
    )
    assert {"slow": "longer than 3 s", "broken": "np.load", "shape": "shape"}.items() <= {
        name: next((w for w in ("longer than 3 s", "np.load", "shape") if w in one.problem), "")
        for name, one in found.items()
    }.items()
    assert "8 MB" in found["large"].problem
    assert "entry.py" in found["empty"].problem
    assert "seen: []" in found["spy"].problem, "other entries and the data are hidden"
    good = found["good"]
    assert len(good.by_seed) == 2
    assert good.by_seed[0] != good.by_seed[1]
    assert good.nats.mean() == pytest.approx(np.mean(good.by_seed))
    paths = page.write(results, task, tmp_path / "out", {"minutes": 0.05}, clips=1)
    shown = paths[0].read_text(encoding="utf-8")
    assert shown.count("<audio") >= 3  # as played, the baseline, the good entry
    rows = list(csv.reader(paths[1].open(encoding="utf-8")))
    assert [row[1] for row in rows[1:]] == [one.name for one in results]
    kept = json.loads(paths[2].read_text(encoding="utf-8"))
    assert kept["hidden_seed"] == 7


def test_folders_without_entries_are_named(tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(WorkbenchError, match="no entries"):
            entries.folders_of(path)
    (tmp_path / "baseline").mkdir()
    with pytest.raises(WorkbenchError, match="baseline"):
        entries.folders_of(tmp_path)


def test_too_few_loops_are_named(monkeypatch):
    monkeypatch.setattr(tasks, "sample", lambda n, seed: sample(4, seed))
    with pytest.raises(WorkbenchError, match=r"builtin: has \d training loops"):
        tasks.task_of("builtin", 0, training=20, test=20)


def test_the_command_prints_the_table(tmp_path, capsys):
    entry(tmp_path / "entries", "wrong", "def other():\n    return 1\n")
    options = ["--loops", "20", "--test", "10", "--seeds", "1", "--minutes", "0.1"]
    out = tmp_path / "out"
    assert cli.main(["contest", str(tmp_path / "entries"), *options, "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "baseline" in shown
    assert "wrong has no score" in shown
    assert (out / "index.html").exists()
