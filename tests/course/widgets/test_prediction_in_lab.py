"""A prediction in a real JupyterLab: by keyboard, revealed, kept in the record and the notebook."""

import json

import nbformat
import pytest

from tests.course.widgets.conftest import (
    open_notebook,
    run_all,
    run_cell,
    running_lab,
    write_notebook,
)
from workbench.course.question import MIME

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
expect.set_options(timeout=30_000)

CELLS = (
    "from workbench import predict, reveal, start\n"
    "run = start('05', profile='smoke', dataset='builtin')",
    "predict('05.1', [0.25, 0.5], unit='of noise')",
    "reveal('05.1', 0.6, 'measured on one loop')",
    "run.finish()",
    "from workbench.course.teaching import check_entropy\ncheck_entropy(lambda counts: counts)",
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "work"
    work.mkdir()
    write_notebook(work / "predict.ipynb", *CELLS)
    write_notebook(work / "again.ipynb", *CELLS)
    with running_lab(folder, work) as (address, token):
        yield address, token, folder


def opened(lab, chromium, name, space):
    address, token, _ = lab
    page = chromium.new_context(viewport={"width": 1280, "height": 1400}).new_page()
    page.set_default_timeout(30_000)
    url = f"{address}/lab/workspaces/{space}/tree/{name}?token={token}"
    open_notebook(page, url, len(CELLS))
    return page


def test_a_prediction_by_keyboard_is_revealed_and_kept(lab, chromium):
    page = opened(lab, chromium, "predict.ipynb", "one")
    cells = page.locator(".jp-CodeCell")
    for number in (0, 1):
        run_cell(page, cells.nth(number))
    box = page.locator(".wb-prediction")
    button = box.get_by_role("button", name="Predict")
    expect(button).to_be_disabled()
    box.get_by_role("radio", name="below 0.25 of noise").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(box.get_by_role("radio", name="0.25 to 0.5 of noise")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(box.get_by_role("radio", name="80 %")).to_be_checked()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(box.get_by_role("status")).to_contain_text("0.25 to 0.5 of noise”, 80 % sure")
    expect(page.locator(".wb-fallback")).to_be_hidden()
    expect(box.get_by_role("button", name="Change my prediction")).to_be_enabled()

    run_cell(page, cells.nth(2))
    line = cells.nth(2).locator(".wb-reveal")
    expect(line).to_contain_text("the run gives 0.6 of noise: “0.5 of noise or more”")
    expect(line).to_contain_text("not what the run gave. measured on one loop")
    expect(box.locator("label.wb-right")).to_contain_text("✓ what the run gave")
    expect(box.locator("label.wb-right")).to_contain_text("0.5 of noise or more")
    expect(box.get_by_role("radio").first).to_be_disabled()

    run_cell(page, cells.nth(3))
    expect(cells.nth(3)).to_contain_text("0 of 1 predictions correct (0 %), mean confidence 80 %")
    expect(cells.nth(3).locator("svg.wb-calibration")).to_be_visible()
    run_cell(page, cells.nth(4))
    expect(cells.nth(4)).to_contain_text("not yet")

    page.keyboard.press("Control+s")
    record = json.loads((lab[2] / "record.json").read_text())
    assert record["predictions"]["05.1"]["choice"] == 1
    assert record["predictions"]["05.1"]["confidence"] == 80
    assert record["predictions"]["05.1"]["right"] == 2
    assert record["exercises"]["01.1"] == {"solved": False, "tries": 1, "hints": 1}
    about = {}
    for _ in range(50):
        saved = nbformat.read(lab[2] / "work" / "predict.ipynb", as_version=4)
        held = [o.data[MIME] for o in saved.cells[1].outputs if MIME in o.get("data", {})]
        about = held[0] if held else {}
        if about.get("right", -1) >= 0:
            break
        page.wait_for_timeout(100)
    assert (about["choice"], about["confidence"], about["right"]) == (1, 80, 2)
    page.context.close()


def test_another_kernel_knows_the_answer_and_it_stays_decided(lab, chromium):
    page = opened(lab, chromium, "again.ipynb", "two")
    run_all(page)
    box = page.locator(".wb-prediction")
    box.wait_for(timeout=60_000)
    expect(box.get_by_role("radio", name="0.25 to 0.5 of noise")).to_be_checked()
    expect(box.get_by_role("radio", name="80 %")).to_be_checked()
    expect(box.get_by_role("button")).to_be_disabled()
    expect(box.get_by_role("status")).to_contain_text("80 % sure")
    page.context.close()
