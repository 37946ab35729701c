"""Figures that one explores: what each point, choice and area shows."""

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pytest

from workbench.course import plots

TABLES = {
    "metre": {"ours": {"4/4": 0.9, "3/4": 0.1}, "theirs": {"6/8": 1.0}},
    "mean": {"theirs": {"1": 3.0, "2": 2.0}},
}


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_the_cloud_keeps_words_with_points():
    figure = plots.cloud(np.eye(3, 2), ["funk", "rock", "funk"], ["a", "b", "c"])
    assert {trace.name: list(trace.text) for trace in figure.data} == {
        "funk": ["a", "c"],
        "rock": ["b"],
    }


def test_the_cloud_tells_more_than_seven_names_apart():
    figure = plots.cloud(np.zeros((30, 2)), range(30), range(30))
    looks = {(trace.marker.color, trace.marker.symbol) for trace in figure.data}
    assert len(looks) == 30


def test_a_menu_shows_one_property_at_a_time(monkeypatch):
    monkeypatch.setattr("workbench.course.widgets.sliders.attended", lambda: True)
    shown = plots.menu(TABLES, "Songs", {"mean": "notes"})
    (control,) = shown.controls
    assert (control.description, control.options) == ("property", ("metre", "mean"))
    assert "metre (share)" in shown.figure.page
    control.value = "mean"
    assert "Songs. mean (notes): theirs 1 3, 2 2." in shown.figure.page


def test_a_menu_on_a_page_without_kernel_unfolds_each_property():
    from bs4 import BeautifulSoup

    shown = plots.menu(TABLES, "Songs", {"mean": "notes"})
    assert shown.widget is None
    page = BeautifulSoup(shown.still_html(), "html.parser")
    folds = page.find_all("details")
    assert [fold.summary.text for fold in folds] == ["property metre", "property mean"]
    assert [fold.has_attr("open") for fold in folds] == [True, False]
    assert "theirs 1 3" in folds[1].img["alt"]


def test_a_tree_has_two_levels_and_says_so_in_words():
    figure = plots.tree({"Rock": {"Punk": 3, "Metal": 4}, "Pop": {"Rock": 2}, "none": {}}, "Genres")
    (shown,) = figure.data
    assert shown.ids == ("Rock", "Rock/Punk", "Rock/Metal", "Pop", "Pop/Rock")
    assert shown.parents == ("", "Rock", "Rock", "", "Pop")
    assert shown.values == (7, 3, 4, 2, 2)
    assert figure.layout.meta["alt"] == "Genres: Rock 7 (Metal 4, Punk 3); Pop 2 (Rock 2)."
