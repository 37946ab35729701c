"""A quiz in a real JupyterLab, by keyboard: a wrong answer is explained, the right one ends it."""

import pytest

from tests.course.widgets.conftest import open_notebook, run_cell, running_lab, write_notebook
from workbench.course.quizzes import items

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
expect.set_options(timeout=60_000)

FIRST, SECOND = items("05")[:2]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "work"
    work.mkdir()
    write_notebook(work / "quiz.ipynb", "from workbench import quiz\nquiz('05')")
    with running_lab(folder, work) as (address, token):
        yield f"{address}/lab/workspaces/quiz/tree/quiz.ipynb?token={token}"


def test_a_quiz_by_keyboard(lab, chromium):
    page = chromium.new_context(viewport={"width": 1280, "height": 1800}).new_page()
    page.set_default_timeout(60_000)
    open_notebook(page, lab, 1)
    run_cell(page, page.locator(".jp-CodeCell").nth(0))
    box = page.get_by_role("group", name="Quiz", exact=True)
    question = box.get_by_role("group", name=f"1. {FIRST.ask}")
    radios = question.get_by_role("radio")
    check = box.get_by_role("button", name="Check question 1")
    expect(radios).to_have_count(len(FIRST.choices))
    expect(page.locator(".wb-fallback")).to_be_hidden()
    expect(check).to_be_disabled()
    wrong = 1 if FIRST.right == 0 else FIRST.right - 1
    radios.nth(wrong).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    reason = FIRST.choices[wrong].why
    expect(box.get_by_role("status")).to_have_text(f"Question 1: not right. {reason}")
    expect(radios.nth(wrong)).to_have_accessible_description(reason)
    expect(radios.nth(wrong)).to_be_focused()
    page.keyboard.press("ArrowDown" if FIRST.right > wrong else "ArrowUp")
    expect(radios.nth(FIRST.right)).to_be_checked()
    check.focus()
    page.keyboard.press("Enter")
    expect(box.get_by_role("status")).to_contain_text("Question 1: right.")
    expect(question.get_by_text("✓ right")).to_be_visible()
    expect(radios.nth(0)).to_be_disabled()
    expect(
        box.get_by_role("group", name=f"2. {SECOND.ask}").get_by_role("radio").nth(0)
    ).to_be_enabled()
    page.context.close()
