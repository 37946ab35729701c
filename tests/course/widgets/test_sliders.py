"""Sliders and a figure: values, what is kept, the static copy."""

import re

import numpy as np
import pytest

from workbench.course import plots
from workbench.course.widgets import Choice, Slider, explore
from workbench.errors import PromptError


@pytest.fixture
def somebody(monkeypatch):
    monkeypatch.setattr("workbench.course.widgets.sliders.attended", lambda: True)


@pytest.fixture
def drawn():
    """A function that draws, and the values that it was called with."""
    calls = []

    def draw(level, power=1):
        calls.append((level, power))
        ax = plots.axes(width=3, height=2)
        return plots.lines(ax, [0, 1], {"curve": [0, level**power]}, xlabel="x", ylabel="height")

    draw.calls = calls
    return draw


def test_each_figure_is_drawn_once(somebody, drawn):
    shown = explore(drawn, Slider("level", np.linspace(0, 1, 5)), Slider("power", [1, 2, 8], 2))
    assert shown.values == (0.5, 2.0)
    assert drawn.calls == [(0.5, 2.0)]
    first = shown.figure.page
    assert "from 0 to 0.25" in first, "the alternative text names the values"
    shown.controls[0].value = 1.0
    assert "from 0 to 1" in shown.figure.page
    shown.controls[1].value = 8.0
    shown.controls[0].value = 0.5
    shown.controls[1].value = 2.0
    assert shown.figure.page == first
    assert drawn.calls == [(0.5, 2.0), (1.0, 2.0), (1.0, 8.0), (0.5, 8.0)]
    assert [c.description for c in shown.controls] == ["level", "power"]


def test_no_figure_stays_open(somebody, drawn):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    shown = explore(drawn, Slider("level", [0, 0.5, 1]))
    shown.controls[0].value = 1.0
    assert plt.get_fignums() == before


def test_nobody_there_shows_figures_without_sliders(drawn):
    shown = explore(drawn, Slider("level", [0, 0.5, 1]), still=(0, 1))
    assert shown.widget is None
    page = shown.still_html()
    assert re.findall(r"<p>(.*?)</p>", page) == ["level 0:", "level 1:"]
    assert page.count("<img") == 2
    assert page == explore(drawn, Slider("level", [0, 0.5, 1]), still=(0, 1)).still_html()
    assert "level from 0 to 1" in repr(shown)
    alone = explore(drawn, Slider("level", [0, 0.5, 1])).still_html()
    assert re.findall(r"<p>(.*?)</p>", alone) == ["level 0.5:"]


def test_a_list_and_a_slider(somebody):
    calls = []

    def draw(kind, power):
        calls.append((kind, power))
        return plots.axes(width=3, height=2)

    shown = explore(draw, Choice("kind", ["round", "square"]), Slider("power", [1, 2], 1))
    assert shown.values == ("round", 1.0)
    shown.controls[0].value = "square"
    shown.controls[1].value = 2.0
    assert calls == [("round", 1.0), ("square", 1.0), ("square", 2.0)]
    assert "kind of round, square, power from 1 to 2" in repr(shown)


def test_an_error_while_sliding_is_one_line(somebody):
    def draw(level):
        if level > 0.5:
            raise ValueError("too high\nmore")
        return plots.axes()

    shown = explore(draw, Slider("level", [0, 0.5, 1]))
    shown.controls[0].value = 1.0
    assert shown.figure.say == "This failed: ValueError too high"
    shown.controls[0].value = 0.0
    assert shown.figure.say == ""


@pytest.mark.parametrize(
    ("slider", "named"),
    [
        (Slider("", [0, 1]), "label"),
        (Slider("x", [1]), "values"),
        (Slider("x", [1, 1]), "increasing"),
        (Slider("x", [2, 1]), "increasing"),
        (Slider("x", [0, float("nan")]), "values"),
        (Slider("x", [0, 1], 0.4), "start=0.4"),
        (Slider("x", range(500)), "201"),
        (Choice("", ["a"]), "label"),
        (Choice("x", []), "values"),
        (Choice("x", ["a", "a"]), "different"),
        (Choice("x", ["a", "b"], "c"), "start='c'"),
    ],
)
def test_sliders_that_cannot_be(slider, named):
    with pytest.raises(PromptError, match=named):
        explore(lambda x: plots.axes(), slider)


def test_what_cannot_be_drawn(somebody):
    with pytest.raises(PromptError, match="sliders"):
        explore(lambda: plots.axes())
    with pytest.raises(PromptError, match="draw"):
        explore("no function", Slider("x", [0, 1]))
    with pytest.raises(PromptError, match=r"start=0\.7"):
        explore(lambda x: plots.axes(), Slider("x", [0, 1]), still=[0.7])
    with pytest.raises(PromptError, match="draw: returned str"):
        explore(lambda x: "text", Slider("x", [0, 1])).still_html()
