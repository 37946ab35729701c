"""The student version of a notebook in a real JupyterLab: solved wrongly, then rightly."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.course.widgets.conftest import open_notebook, run_cell, running_lab
from workbench.tools.grading.assign import assign

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

WRONG = "def density(hits):\n    return hits.sum() / len(hits)"
RIGHT = "def density(hits):\n    return hits.sum() / (len(hits) / 4)"


@pytest.fixture(scope="module")
def lesson(chromium, tmp_path_factory) -> Iterator[Any]:
    """Lesson 00 as students get it, open, nothing run yet."""
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    folder = tmp_path_factory.mktemp("lab")
    assign(["00"], folder / "work")
    place = folder / "settings" / "@jupyterlab" / "notebook-extension"
    place.mkdir(parents=True)  # all cells are on the page, not only those in view
    (place / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    with running_lab(folder, folder / "work") as (address, token):
        page = chromium.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(60_000)
        open_notebook(page, f"{address}/lab/tree/00_start_here.ipynb?token={token}")
        yield page
        page.close()


def cell(page, text: str):
    return page.locator(".jp-CodeCell").filter(
        has=page.locator(".cm-content", has_text=re.compile(text))
    )


def answer(page, code: str):
    """Write the function, run it and its check; returns what the check shows."""
    stub = cell(page, r"^def density")
    stub.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)
    run_cell(page, stub)
    check = cell(page, r"check_density\(density\)")
    run_cell(page, check)
    return check.locator("[role='status']")


def test_an_exercise_solved_wrongly_and_then_rightly(lesson):
    assert lesson.get_by_text("Solution", exact=True).count() == 0
    shown = answer(lesson, "def density(hits):\n    return None")
    expect(shown).to_contain_text("not attempted")
    shown = answer(lesson, WRONG)
    expect(shown).to_contain_text("✗ not yet — that is hits per step; a beat has four steps")
    hint = shown.locator("details")
    expect(hint).to_have_count(1)
    expect(hint).not_to_contain_text("Hint 2")
    expect(hint).to_have_js_property("open", False)
    hint.locator("summary").focus()
    lesson.keyboard.press("Enter")  # by keyboard
    expect(hint).to_have_js_property("open", True)
    shown = answer(lesson, WRONG)
    expect(shown.locator("summary")).to_have_text(["Hint 1 of 2", "Hint 2 of 2"])
    shown = answer(lesson, RIGHT)
    expect(shown).to_have_text("✓ correct")


def test_the_check_cannot_be_edited(lesson):
    check = cell(lesson, r"check_density\(density\)")
    expect(check.locator(".cm-content")).to_have_attribute("aria-readonly", "true")
