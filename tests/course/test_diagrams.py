"""Diagrams: valid SVG within its frame, every arrow in words, colours of the page."""

import re
import xml.etree.ElementTree as ET

import pytest

from workbench.course.diagrams import ACCENT, PARTS, Arrow, diagram, pipeline
from workbench.errors import PromptError

SVG = "{http://www.w3.org/2000/svg}"


def boxes_of(svg):
    """Borders of the boxes by the first line of their text, in the order of drawing."""
    root = ET.fromstring(svg)
    found, border = {}, None
    for element in root:
        if element.tag == f"{SVG}rect":
            border = element
        elif element.tag == f"{SVG}text" and border is not None:
            found.setdefault(element.text, border)
            border = None
    return found


@pytest.mark.parametrize("key", PARTS)
def test_only_the_named_part_of_the_pipeline_is_highlighted(key):
    picture = pipeline(key)
    name = PARTS[key][0].partition("\n")[0]
    marked = [text for text, box in boxes_of(picture.svg).items() if box.get("stroke") == ACCENT]
    assert marked == [name]
    assert picture.alt.endswith(f"Highlighted: {name}.")


def test_everything_lies_within_the_frame():
    places = {"a": ("first\nwith 2 lines", 0, 0), "b": ("second", 2, 0), "c": ("third", 1, 1.5)}
    arrows = [
        Arrow("a", "b", "skip", over=True),
        Arrow("a", "c", dashed=True),
        Arrow("c", "b", both=True),
        Arrow("a", "c", beside=True),
    ]
    root = ET.fromstring(diagram("All kinds", places, arrows).svg)
    left, top, width, height = map(float, root.get("viewBox").split())
    points = []
    for element in root.iter():
        if element.tag == f"{SVG}rect":
            x, y, w, h = (float(element.get(key)) for key in ("x", "y", "width", "height"))
            points += [(x, y), (x + w, y + h)]
        if element.tag == f"{SVG}text":
            points.append((float(element.get("x")), float(element.get("y"))))
        drawn = element.get("points") or element.get("d") or ""
        points += [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+),(-?[\d.]+)", drawn)]
    assert len(points) > 20
    assert all(left <= x <= left + width and top <= y <= top + height for x, y in points)


def test_an_arrow_ends_at_the_borders_of_its_boxes():
    places = {"a": ("a", 0, 0), "b": ("b", 1, 0), "c": ("c", 1, 1), "d": ("d", 3, 1)}
    for start, end in ("ab", "ba", "bc", "cb", "ac", "ca", "bd", "db"):
        svg = diagram("t", places, [Arrow(start, end)]).svg
        path = re.search(r'<path d="([^"]+)"', svg)[1]
        ends = [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]
        for (x, y), key in ((ends[0], start), (ends[-1], end)):
            box = boxes_of(svg)[key]
            left, top, width, height = (float(box.get(k)) for k in ("x", "y", "width", "height"))
            assert x in (left, left + width, left + width / 2)
            assert y in (top, top + height, top + height / 2)
            assert (x in (left, left + width)) != (y in (top, top + height)), "in mid-side"


def test_the_text_alternative_names_every_arrow_and_is_escaped():
    places = {"x": ("x < y\nof <b>", 0, 0), "y": ("y & z", 1, 0)}
    picture = diagram("Two", places, [Arrow("x", "y", "a > b"), Arrow("y", "x", both=True)])
    assert "x < y → y & z (a > b)" in picture.alt
    assert "y & z ↔ x < y" in picture.alt
    assert "x < y, of <b>" in picture.alt
    assert str(picture) == picture.alt
    root = ET.fromstring(picture._repr_html_())
    assert root.get("aria-label") == picture.alt
    assert root.get("role") == "img"


def test_lines_and_text_have_the_colour_of_the_page():
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', pipeline("denoiser").svg))
    assert colours == {"currentColor", "none", ACCENT}


def test_an_unknown_box_is_named():
    with pytest.raises(PromptError, match=r"'drum'.*encoder"):
        pipeline("drum")
    with pytest.raises(PromptError, match="'b'"):
        diagram("t", {"a": ("a", 0, 0)}, [Arrow("a", "b")])
