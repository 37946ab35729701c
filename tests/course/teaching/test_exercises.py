"""Every exercise: an answer that was not written from its own, the stub, each mistake, nonsense."""

import ast
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.course import notebooks, teaching
from workbench.evaluation.rhythm import positions

FILES = sorted(Path(__file__).parent.glob("answers_*.py"))
PARTS = [import_module(f"tests.course.teaching.{file.stem}") for file in FILES]
ANSWERS = {name: answer for part in PARTS for name, answer in part.ANSWERS.items()}
MISTAKES = [mistake for part in PARTS for mistake in part.MISTAKES]
CHECKS = {check.name: check for check in teaching.exercises().values()}
SEEDS = range(5)


def test_every_exercise_is_tested():
    assert CHECKS.keys() == ANSWERS.keys() == {name for name, _, _ in MISTAKES}
    assert all(len(check.hints) >= 2 for check in CHECKS.values()), "hints come in steps"


def test_every_exercise_of_a_notebook_has_its_number():
    """ "Exercise N" of notebook NN calls a check that is registered as NN.N, and none is left."""
    found = {}
    for script in notebooks.scripts():
        text = script.read_text(encoding="utf-8")
        for part in re.split(r"(?m)^# ## Exercise (?=\d)", text)[1:]:
            number = f"{script.stem[:2]}.{int(part.split()[0])}"
            calls = re.findall(r"(?m)^(check_\w+)\((\w+)\)", part)
            assert len(calls) <= 1, number
            if calls:
                found[number] = calls[0][0]
    assert found == {number: check.name for number, check in teaching.exercises().items()}


@pytest.mark.parametrize("name", CHECKS)
def test_an_independent_answer_is_correct(name):
    for seed in SEEDS:
        result = CHECKS[name](ANSWERS[name], seed=seed)
        assert result.passed, result
        assert result.points == result.of == CHECKS[name].points > 0
        assert not result.message
    assert CHECKS[name](ANSWERS[name]).passed


@pytest.mark.parametrize("name", CHECKS)
def test_the_stub_is_not_attempted(name):
    result = CHECKS[name](lambda *args: None)
    assert (result.state, result.points) == ("not attempted", 0)


@pytest.mark.parametrize(("name", "mistake", "hint"), MISTAKES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_typical_mistake_is_named(name, mistake, hint):
    result = CHECKS[name](mistake)
    assert (result.state, result.points) == ("not yet", 0)
    assert hint in result.message


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_mistake_that_an_exercise_knows_is_told_from_the_others(name):
    for seed in SEEDS:
        for words, mistake, *_ in CHECKS[name].draw(seed).mistakes:
            assert CHECKS[name](mistake, seed=seed).message == words


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_first_hint_fits_the_mistake(name):
    """A mistake that names a hint shows it first, whatever its place; the others follow."""
    check = CHECKS[name]
    for _, mistake, *fitting in check.draw(0).mistakes:
        check(ANSWERS[name])  # hides earlier hints
        first, then = (check(mistake, seed=0).hints for _ in range(2))
        assert first == (check.hint(*fitting),)
        assert len(then) == 2
        assert set(then) < set(check.hints) or set(then) == set(check.hints)


def test_nearly_every_exercise_has_a_hint_for_a_mistake():
    fitting = [any(len(m) == 3 for m in check.draw(0).mistakes) for check in CHECKS.values()]
    assert np.mean(fitting) > 0.9


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize(
    "broken",
    [
        lambda *args: 1 / 0,
        lambda *args: "words",
        lambda *args: np.full(3, np.nan),
        lambda *args: torch.zeros(7, 7, 7),
        lambda: 0,
        lambda *args: [[1, 2], [3]],
        lambda *args: {"a": 1},
        lambda *args: (x for x in args),
        lambda *args: [None, None],
        lambda *args: 0.0,
        lambda *args: args[0],
        5,
    ],
)
def test_no_answer_makes_a_check_raise_or_passes(name, broken):
    result = CHECKS[name](broken)
    assert (result.state, result.points) == ("not yet", 0)
    assert result.message
    assert result.state in result._repr_html_()


@pytest.mark.parametrize("name", CHECKS)
def test_inputs_are_drawn_afresh_or_from_a_seed(name):
    def seen(seed):
        out = []
        CHECKS[name](lambda *case: out.append(repr(case)), seed=seed)
        return out

    assert seen(3) == seen(3)
    assert seen(3) != seen(4)
    assert seen(None) != seen(None)


def test_histogram_agrees_with_the_library():
    hits = np.random.default_rng(0).random((32, 9)) < 0.3
    rolls = np.concatenate([hits, hits, hits], axis=1)[None].astype(np.float32)
    ours = ANSWERS["check_onset_histogram"](hits, 2)
    assert np.allclose(positions(rolls)[0].reshape(9, 16)[2], ours)


def test_notebooks_take_their_checks_from_one_place():
    for script in notebooks.scripts():
        for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and "teaching" in (node.module or ""):
                assert node.module == "workbench.course.teaching", script
