"""Training from prepared data: the same weights, with PyTorch, NumPy and safetensors only."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from workbench import train_command
from workbench.cli import main
from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.files import umask
from workbench.models.gpt import GPTConfig
from workbench.systems.midigpt.training import stages
from workbench.systems.prepared import load_prepared, save_prepared
from workbench.systems.registry import SYSTEMS, runs
from workbench.systems.stages import Recipe

ROOT = Path(__file__).parents[2]
# Of the packages that the workbench itself imports, only those in `allowed` are there.
ALONE = """
import sys
from importlib.abc import MetaPathFinder

allowed = {"workbench", "torch", "numpy", "safetensors", *sys.stdlib_module_names}

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        frame = sys._getframe(1)
        while "importlib" in frame.f_code.co_filename:
            frame = frame.f_back
        importer = frame.f_globals.get("__name__", "").partition(".")[0]
        if importer in ("workbench", "__main__") and name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from workbench.cli import main
status = main(sys.argv[1:])
assert "lightning_fabric" not in sys.modules and "symusic" not in sys.modules
sys.exit(status)
"""


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """A folder with a copy of the package, where nothing is installed."""
    folder = tmp_path_factory.mktemp("bare")
    shutil.copytree(
        ROOT / "workbench", folder / "workbench", ignore=shutil.ignore_patterns("checkpoints")
    )
    return folder


def alone(bare: Path, *argv: str | Path) -> str:
    """Run a command of the copied package without any other package; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *map(str, argv)],
        cwd=bare,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("key", SYSTEMS)
def test_training_from_prepared_data_gives_the_same_weights(key, audio, bare, tmp_path):
    entry = SYSTEMS[key]
    dataset = audio if "seconds" in entry.system.settings() else entry.built_in
    direct, prepared, apart = (tmp_path / name for name in ("direct", "prepared", "apart"))
    entry.system.train(dataset, "smoke", out=direct, seed=3)
    entry.system.prepare(dataset, "smoke", out=prepared, seed=3)
    said = alone(bare, "train", key, "--prepared", prepared, "--out", apart)
    assert re.search(r": step \d+ of \d+, loss ", said)
    ours, theirs = (load_file(run / "model.safetensors") for run in (apart, direct))
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert torch.equal(ours[name], value), name
    assert (apart / "config.json").read_text() == (direct / "config.json").read_text()
    cards = [(run / "README.md").read_text().partition("## Training")[0] for run in (apart, direct)]
    assert cards[0] == cards[1]  # the minutes below differ
    records = [json.loads((run / "training.json").read_text()) for run in (apart, direct)]
    for record in records:
        record["stages"] = {name: stage["best"] for name, stage in record["stages"].items()}
    assert records[0] == records[1]
    assert not any(str(path).endswith((".pt", ".pkl", ".pickle")) for path in prepared.rglob("*"))


# --- the folder ---------------------------------------------------------------------------------


def a_recipe(**more):
    rows = torch.arange(4000, dtype=torch.int16).reshape(40, 100)
    known = {
        "rows": rows,
        "plain": torch.full((9000,), 0.5, dtype=torch.float64),
        "holes": torch.zeros(0, 3, dtype=torch.bool),
        "size": GPTConfig(vocab=7),
    }
    config = {"a": (1, 2.5, None), "b": [np.float32(0.1), {"ä": True}], "c": np.arange(3.0)}
    return Recipe(config, {"seed": 2**64 - 1, **more}, partial(stages, **known))


def same(a, b):
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a, b)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return a == b


def test_values_come_back_as_they_were(tmp_path):
    recipe = a_recipe()
    folder = save_prepared(tmp_path / "a" / "b", "MidiGPT", recipe)
    found = load_prepared(folder, "MidiGPT")
    assert found.stages.func is stages
    assert same(found.stages.keywords, recipe.stages.keywords)
    assert same(found.config, recipe.config)
    assert same(found.about, recipe.about)
    raw = sum(
        tensor.nbytes for tensor in recipe.stages.keywords.values() if hasattr(tensor, "nbytes")
    )
    assert (folder / "prepared.safetensors").stat().st_size < raw / 3
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o666 & ~umask()}


FULL = """
import resource, sys
import torch
from workbench.errors import WorkbenchError
from workbench.systems.prepared import save_prepared
from workbench.systems.stages import Recipe
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    save_prepared(sys.argv[1], "MidiGPT", Recipe({"a": torch.randn(500)}, {}, None))
except WorkbenchError as error:
    print(error)
"""


def test_a_full_disk_is_one_line_and_leaves_no_folder(tmp_path):
    argv = [sys.executable, "-c", FULL, str(tmp_path / "data")]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert "data: larger than files may be" in done.stdout, done.stderr
    assert not list(tmp_path.iterdir())


def test_a_new_folder_replaces_the_old_one_when_it_is_complete(tmp_path):
    folder = save_prepared(tmp_path / "data", "MidiGPT", a_recipe(n=1))
    with pytest.raises(TypeError, match="object"):
        save_prepared(folder, "MidiGPT", a_recipe(n=object()))
    assert load_prepared(folder, "MidiGPT").about["n"] == 1
    save_prepared(folder, "MidiGPT", a_recipe(n=2))
    assert load_prepared(folder, "MidiGPT").about["n"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    other = tmp_path / "mine"
    other.mkdir()
    (other / "diary.txt").write_text("today")
    with pytest.raises(WorkbenchError, match="mine: holds other files"):
        save_prepared(other, "MidiGPT", a_recipe())
    assert (other / "diary.txt").read_text() == "today"


@dataclass
class Foreign:
    """A class that is not the workbench's."""

    n: int = 1


def shorter(folder):
    path = folder / "prepared.safetensors"
    path.write_bytes(path.read_bytes()[:-50])


def changed(folder):
    path = folder / "prepared.safetensors"
    data = bytearray(path.read_bytes())
    data[-200:] = bytes(200)
    path.write_bytes(data)


def edited(old, new):
    def damage(folder):
        path = folder / "prepared.json"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        shorter,
        changed,
        edited('{"', "{"),
        edited('"config"', '"other"'),
        edited("workbench.systems.midigpt.training:stages", "os:system"),
        edited("workbench.systems.midigpt.training:stages", "workbench.files:clear_dead"),
        edited("workbench.models.gpt:GPTConfig", "tests.systems.test_prepared:Foreign"),
        edited('"vocab"', '"words"'),
        edited('"prepared": 1', '"prepared": 999'),
        edited('"MidiGPT"', '"LDMG"'),
        edited('"name": "0"', '"name": "99"'),
    ],
)
def test_a_damaged_folder_is_named_in_one_line(damage, tmp_path):
    folder = save_prepared(tmp_path / "data", "MidiGPT", a_recipe())
    damage(folder)
    with pytest.raises(BrokenFileError, match="data") as error:
        load_prepared(folder, "MidiGPT")
    assert "\n" not in str(error.value)


def test_folders_without_prepared_data_are_named(tmp_path, capsys):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(MissingDataError, match=f"{folder.name}: holds no prepared data"):
            load_prepared(folder, "MidiGPT")
    assert main(["train", "songs", "--prepared", str(tmp_path), "--out", str(tmp_path / "x")]) == 2
    assert "holds no prepared data" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_foreign_value_is_refused(tmp_path):
    with pytest.raises(TypeError, match="Foreign"):
        save_prepared(tmp_path / "data", "MidiGPT", a_recipe(n=Foreign()))
    assert not list(tmp_path.iterdir())


# --- the commands -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Prepared data of songs whose training takes a second."""
    folder = tmp_path_factory.mktemp("small")
    SYSTEMS["songs"].system.prepare("builtin-songs", "smoke", out=folder / "songs", seed=1)
    recipe = load_prepared(folder / "songs", "MidiGPT")
    size = recipe.stages.keywords["size"]
    quick = replace(size, plan=replace(size.plan, steps=4, every=2))
    values = {**recipe.stages.keywords, "size": quick}
    save_prepared(folder / "songs", "MidiGPT", replace(recipe, stages=partial(stages, **values)))
    return folder


def test_all_goes_on_after_a_failure_names_it_and_resumes(small, tmp_path, capsys):
    command = ["train", "all", "--prepared", str(small), "--out", str(tmp_path)]
    assert main(command) == 1
    told = capsys.readouterr().err
    failed = [run.name for run in runs() if run.name != "songs"]
    assert told.strip().endswith(f"failed: {', '.join(failed)}")
    assert all(
        f"workbench: {name}: {small / name}: holds no prepared data" in told for name in failed
    )
    weights = (tmp_path / "songs" / "model.safetensors").stat()
    assert weights.st_size < 16e6
    assert (tmp_path / "songs" / "README.md").exists()
    assert main(command) == 1
    assert (tmp_path / "songs" / "model.safetensors").stat().st_mtime_ns == weights.st_mtime_ns


def test_all_together_is_the_same_training_in_processes_of_their_own(
    small, tmp_path, capsys, monkeypatch
):
    two = [run for run in runs() if run.name in ("songs", "piano")]
    monkeypatch.setattr(train_command, "runs", lambda: two)
    command = ["train", "all", "--prepared", str(small), "--out", str(tmp_path / "together")]
    assert main([*command, "--together"]) == 1
    assert capsys.readouterr().err.strip().endswith("failed: piano")
    assert "holds no prepared data" in (tmp_path / "together" / "piano.log").read_text()
    together = tmp_path / "together" / "songs" / "model.safetensors"
    alone = tmp_path / "alone"
    songs = ["train", "songs", "--prepared", str(small / "songs"), "--out", str(alone)]
    assert main(songs) == 0
    assert (alone / "model.safetensors").read_bytes() == together.read_bytes()
    before = together.stat().st_mtime_ns
    assert main([*command, "--together"]) == 1
    assert together.stat().st_mtime_ns == before
    assert main([*songs, "--together"]) == 2


def test_all_divides_the_minutes_by_share(small, tmp_path, monkeypatch):
    """Minutes that a training does not use, as when it fails, go to those after it."""
    budgets = {}
    for entry in SYSTEMS.values():

        def train(cls, folder, *, out, budget_minutes, key=entry.key):
            budgets[Path(out).name] = budget_minutes
            if key == "piano":
                raise WorkbenchError("no piano")
            out.mkdir(parents=True)
            used = budget_minutes / 2 if key == "songs" else budget_minutes
            record = {"stages": {"one": {"minutes": used}}}
            (out / "training.json").write_text(json.dumps(record))

        monkeypatch.setattr(entry.system, "train_prepared", classmethod(train))
    argv = ["train", "all", "--prepared", str(small), "--out", str(tmp_path)]
    assert main([*argv, "--budget-minutes", "20"]) == 1
    assert list(budgets) == [run.name for run in runs()]
    left, shares, expected = 20.0, sum(run.share for run in runs()), {}
    for run in runs():
        expected[run.name] = left * run.share / shares
        used = {"songs": 0.5, "piano": 0.0}.get(run.name, 1.0)
        left, shares = left - used * expected[run.name], shares - run.share
    assert budgets == pytest.approx(expected)
    assert sum(budgets.values()) > 20
    assert budgets["drums-keywords"] > 20 * runs()[-1].share  # the rest of the others


def test_all_gives_no_time_when_the_minutes_are_used_up(small, tmp_path, monkeypatch):
    """As after a run with more minutes, whose time counts."""
    budgets = []
    for entry in SYSTEMS.values():

        def train(cls, folder, *, out, budget_minutes):
            budgets.append(budget_minutes)
            out.mkdir(parents=True)
            (out / "training.json").write_text('{"stages": {"one": {"minutes": 3.0}}}')

        monkeypatch.setattr(entry.system, "train_prepared", classmethod(train))
    argv = ["train", "all", "--prepared", str(small), "--out", str(tmp_path)]
    assert main([*argv, "--budget-minutes", "2"]) == 0
    assert budgets == [pytest.approx(2 * runs()[0].share)] + [0.0] * (len(runs()) - 1)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["train", "songs", "--seed", "1"], "--seed"),
        (["train", "songs", "--profile", "gpu"], "--profile"),
        (["train", "drums", "--text", "keywords"], "--text"),
        (["train", "all", "--mixup", "bam"], "--mixup"),
        (["train", "songs", "--mixup", "bam"], "--mixup"),
    ],
)
def test_options_that_do_not_belong_are_refused(argv, told, small, tmp_path, capsys):
    assert main([*argv, "--prepared", str(small), "--out", str(tmp_path / "x")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
