"""The map: land, places that lie on or near it, and its alternative text."""

import numpy as np
from matplotlib.path import Path

from workbench.course import plots
from workbench.course.world import LAND, STYLE_PLACES
from workbench.datasets.builtin import STYLES


def on_land(longitude, latitude, within=5.0):
    """Whether a point lies on a piece of land, or within so many degrees of a corner of one."""
    corners = np.concatenate([np.array(piece) for piece in LAND])
    near = np.hypot(*(corners - (longitude, latitude)).T).min() < within
    inside = any(Path(np.array(piece)).contains_point((longitude, latitude)) for piece in LAND)
    return near or inside


def test_places_lie_on_the_land_and_oceans_do_not():
    for style, (name, latitude, longitude) in STYLE_PLACES.items():
        assert on_land(longitude, latitude), (style, name)
    for longitude, latitude in ((-30, 30), (-140, 10), (75, -25), (-20, -30), (170, 20)):
        assert not on_land(longitude, latitude), (longitude, latitude)


def test_most_styles_of_the_grammar_have_a_place():
    assert len(set(STYLES) & set(STYLE_PLACES)) >= 14


def test_the_map_says_its_places_in_words():
    ax = plots.world(
        plots.axes(), {"Havana": (23.1, -82.4), "Lagos": (6.5, 3.4)}, {"Havana": 1, "Lagos": 5}, "M"
    )
    assert plots.describe(ax.figure) == "M: Lagos 5, Havana 1"
    [small, large] = [dots.get_sizes()[0] for dots in ax.collections[1:]]
    assert small < large
