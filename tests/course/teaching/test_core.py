"""Judging: what is told apart, what does not fool it, hints in steps, values as plain data."""

import inspect
import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workbench.course import teaching
from workbench.course.teaching.core import EXERCISES, Exercise, Task, exercise
from workbench.course.teaching.values import Other, as_data, decode, encode, same
from workbench.errors import PromptError


def squares(random):
    return Task(
        lambda x: x**2,
        [(random.normal(size=(2, 3)),) for _ in range(3)],
        [("that is the double, not the square", lambda x: 2 * x)],
    )


class Wordless(Exception):
    def __str__(self):
        raise RuntimeError


def raises(error):
    raise error


def without_return(x):
    x**2


def stub(x):
    """To be completed."""
    return None  # your line here


def passes(x): ...


def says_so(x):
    raise NotImplementedError


def says_why(x):
    raise NotImplementedError("to do")


def for_some(x):
    if x[0, 0] > 1e9:
        return x**2
    raise NotImplementedError


@pytest.mark.parametrize("attempt", [stub, passes, says_so, says_why, lambda x: None])
def test_an_empty_answer_is_not_a_wrong_one(check, attempt):
    result = check(attempt)
    assert (result.state, result.message, result.hints) == ("not attempted", "", ())
    assert check(for_some).state == "not yet"
    for constant in (lambda x: 3.0, lambda: 3.0, lambda x: "text"):
        assert check(constant).state == "not yet", "a constant is an answer"


@pytest.fixture
def check():
    return Exercise("check_squares", ("98.1",), 2, ("multiply", "by itself"), squares)


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda x: 2 * x, "the double"),
        (lambda x: (x**2).T, "shape (3, 2), expected (2, 3): are two axes"),
        (lambda x: (x**2)[:1], "shape (1, 3), expected (2, 3)"),
        (lambda x: x / 0, "not finite"),
        (lambda x: -(x**2), "sign"),
        (lambda x: 0.5 * x**2, "0.5 times"),
        (lambda x: np.ones((2, 3)), "for every input"),
        (lambda x: x.no_such_thing, "raises AttributeError"),
        (lambda x: exit(), "raises SystemExit"),
        (lambda x: raises(Wordless()), "raises Wordless: its text cannot be had"),
        (lambda x: print(x**2), "prints its answer"),
        (lambda x: x**2 if x[0, 0] > 100 else "a", "not numbers"),
        (lambda x: x**2 + 1j, "not real numbers"),
        (lambda x: x**3, "for one input it gives"),
        (lambda x, y: x**2, "raises TypeError"),
        (without_return, "it returns nothing: does it end in a line with return"),
        (3, "the function itself"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_wrong_is_said(check, attempt, words):
    result = check(attempt)
    assert words in result.message
    assert (result.state, result.points, result.of) == ("not yet", 0, 2)


def test_none_for_some_inputs_is_not_an_empty_stub(check):
    calls = []

    def attempt(x):
        calls.append(1)
        return x**2 if len(calls) > 1 else None

    assert "for some inputs it returns nothing" in check(attempt).message


def test_the_line_that_raises_is_shown(check):
    def attempt(x):
        y = x.sum()
        return x[int(y) + 1000]

    assert "in the line `return x[int(y) + 1000]`" in check(attempt).message


def test_an_answer_that_differs_for_the_same_case_is_random():
    twice = Exercise(
        "check_twice",
        ("98.2",),
        1,
        (),
        lambda random: Task(lambda x: x + 1, [(x := random.normal(size=3),), (x.copy(),)]),
    )
    own = np.random.default_rng(0)
    assert "its own random numbers" in twice(lambda x: x + own.normal(size=3)).message
    assert "its own random numbers" not in twice(lambda x: x + 2).message
    assert twice(lambda x: x + 1).passed


def test_hints_come_one_by_one(check):
    def wrong(x):
        return x

    shown = [check(wrong).hint for _ in range(3)]
    assert shown == ["multiply", "by itself", "by itself"]
    page = check(wrong)._repr_html_()
    assert page.count("<details") == 2
    assert "Hint 2 of 2" in page
    assert "hint 1 of 2: multiply" in str(check(wrong))
    assert check(lambda x: x**2).hints == ()
    assert check(wrong).hint == "multiply"  # from the first step again
    assert check.hint(2) == "by itself"
    with pytest.raises(PromptError, match="there are 2 hints"):
        check.hint(3)


def test_the_hint_that_fits_a_mistake_comes_first():
    two = Exercise(
        "check_two",
        ("98.3",),
        1,
        ("of the sum", "of the sign", "of the root"),
        lambda random: Task(
            lambda x: x**2,
            [(random.normal(size=4),)],
            [("the sign", lambda x: -(x**2), 2), ("the root", lambda x: abs(x), 3)],
        ),
    )
    assert two(lambda x: -(x**2)).hints == ("of the sign",)
    assert two(lambda x: -(x**2)).hints == ("of the sign", "of the sum"), "it is shown already"
    assert two(abs).hint == "of the root"
    assert "hint 3 of 3: of the root" in str(two(abs))
    assert two(lambda x: x**2).hints == ()
    assert two(abs).hints == ("of the root",)
    assert two(lambda x: x).hints == ("of the root", "of the sum"), "an unknown mistake"


def test_words_of_a_student_are_text_on_the_page(check):
    def attempt(x):
        raise ValueError("<script>alert(1)</script>")

    assert "<script" not in check(attempt)._repr_html_()


def test_who_changes_the_input_passes_and_is_told(check):
    def attempt(x):
        answer = x**2
        x[:] = 0
        return answer

    result = check(attempt)
    assert result.passed
    assert "changes its arguments" in result.message


class Liar(np.ndarray):
    def __eq__(self, other):
        return True

    def __array_function__(self, *args, **kwargs):
        return True


class Late:
    """Becomes numbers when it is looked at, from whatever lies about then."""

    def __array__(self, dtype=None, copy=None):
        for frame in inspect.stack():
            for value in frame.frame.f_locals.values():
                if isinstance(value, Task):
                    return np.asarray(value.answer(*value.cases[0]))
        return np.zeros((2, 3))


def test_what_pretends_to_be_equal_is_not(check):
    assert not check(lambda x: np.zeros((2, 3)).view(Liar)).passed
    assert not check(lambda x: Late()).passed


def test_the_stack_holds_no_answer(check):
    def attempt(x):
        for frame in inspect.stack():
            for value in frame.frame.f_locals.values():
                if isinstance(value, Task):
                    return value.answer(x)
        return 0

    assert not check(attempt).passed


def test_a_list_kept_and_filled_later_does_not_help(check):
    kept = np.zeros((2, 3))

    def attempt(x):
        kept[:] = x**2
        return kept

    assert check(attempt).passed  # every answer is copied at once


def test_whole_numbers_must_be_exact():
    def ids(random):
        return Task(lambda n: [n, 20_000], [(5,), (7,)])

    check = Exercise("check_ids", ("98.2",), 1, (), ids)
    assert check(lambda n: [n, 20_000.0]).passed
    assert not check(lambda n: [n, 20_001]).passed


def test_words_and_dicts():
    def words(random):
        return Task(lambda n: {"names": ["a"] * n, "count": n}, [(2,), (3,)])

    check = Exercise("check_words", ("98.3",), 1, (), words)
    assert check(lambda n: {"names": ("a",) * n, "count": n}).passed
    assert "names: for one input it gives 1 words" in str(
        check(lambda n: {"names": ["a"], "count": n})
    )
    assert "word 2 is b, expected a" in str(
        check(lambda n: {"names": ["a", "b", "a"][:n], "count": n})
    )
    assert "its keys are n" in str(check(lambda n: {"n": 1}))
    assert "not a dict" in str(check(lambda n: [1]))


def test_a_number_is_given_once():
    try:
        exercise("99.9")(squares)

        def other(random):
            return squares(random)

        with pytest.raises(ValueError, match=r"99\.9"):
            exercise("99.9")(other)
    finally:
        del EXERCISES["99.9"]


def test_unknown_names_are_refused():
    with pytest.raises(ImportError):
        from workbench.course.teaching import check_nonsense  # noqa: F401


numbers = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.int64, np.bool_]), hnp.array_shapes(max_dims=3)
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text() | numbers,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=8,
)


@given(values)
def test_values_come_through_a_pipe_unchanged(value):
    assert same(decode(json.loads(json.dumps(encode(value)))), value)
    assert same(as_data(value), value)


def test_tensors_and_functions_come_through():
    tensor = decode(json.loads(json.dumps(encode(torch.arange(3.0)))), trusted=True)
    assert torch.equal(tensor, torch.arange(3.0))
    assert decode(encode(json.dumps), trusted=True) is json.dumps
    for value in (json.dumps, torch.arange(3.0)):  # they import modules
        with pytest.raises(KeyError):
            decode(encode(value))
    with pytest.raises(TypeError, match="only functions of a module"):
        encode(lambda x: x)
    assert decode(encode(Other("set"))) == Other("set")
    assert as_data({1, 2}) == Other("set")
    assert as_data(torch.ones(2, dtype=torch.bfloat16, requires_grad=True)).tolist() == [1, 1]


def test_what_would_run_code_is_refused():
    with pytest.raises(ValueError, match="not a type"):
        decode({"array": ["|O", [1], "AAAAAAAAAAA="]})
    with pytest.raises((KeyError, ValueError)):
        decode({"set": [1]})
    assert isinstance(as_data(np.array([{1}, {2}], dtype=object)), list)
    assert as_data([0] * 3_000_000) == Other("list (OverflowError)")


def test_every_case_of_the_lessons_can_be_sent():
    for check in teaching.exercises().values():
        for case in check.draw(0).cases:
            there = decode(json.loads(json.dumps(encode(case))), trusted=True)
            assert same(as_data(there), as_data(case)), check.name
