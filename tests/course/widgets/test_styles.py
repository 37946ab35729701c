"""The widgets' style sheets stand side by side on a page: none may dress another's parts."""

import re
from itertools import combinations
from pathlib import Path

import workbench.course.widgets

FOLDER = Path(workbench.course.widgets.__file__).parent
MEANT = {"wb-box"}  # each widget's root, by design


def first_classes(sheet: Path) -> set[str]:
    """The class that each selector of a style sheet begins with."""
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
    selectors = re.findall(r"([^{}]+)\{", text)
    found = (re.match(r"\s*\.([\w-]+)", part) for rule in selectors for part in rule.split(","))
    return {match[1] for match in found if match} - MEANT


def test_no_two_sheets_dress_the_same_class():
    own = {sheet.name: first_classes(sheet) for sheet in FOLDER.glob("*.css")}
    assert "wb-row" in own["drum_grid.css"]
    assert "wb-inpainting" in own["inpainting.css"]
    for (one, a), (other, b) in combinations(own.items(), 2):
        assert not a & b, f"{one} and {other}"
