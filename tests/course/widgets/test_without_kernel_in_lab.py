"""Widgets whose kernel is gone, and notebooks without one, in a real JupyterLab."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.course.widgets.conftest import open_notebook, run_cell, running_lab
from workbench.course.widgets.base import VIEW

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
expect.set_options(timeout=30_000)

CELL = (
    "from workbench.music.clip import Clip\n"
    "from workbench.course.widgets import DrumGrid\n"
    "clip = Clip.from_notes([(0, 0.1, 36, 100), (1, 0.1, 38, 90)], tempo=96, caption='two hits')\n"
    "grid = DrumGrid(clip)\ngrid"
)

# Collects every state that the focused cell shows.
WATCH = """() => {
  const cell = document.activeElement;
  window.shown = [];
  new MutationObserver(() => window.shown.push(cell.getAttribute("aria-pressed")))
    .observe(cell, { attributes: true, attributeFilter: ["aria-pressed"] });
}"""
RESTARTED = "The kernel was restarted: run this cell again."


class Lab:
    """A JupyterLab with one notebook in it."""

    def __init__(self, address: str, token: str, work: Path, chromium: Any) -> None:
        self.address, self.token, self.work, self.chromium = address, token, work, chromium
        self.opened = 0

    def write(self, name: str, *cells: str) -> Path:
        """A notebook of cells that were not run."""
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(made, self.work / name)
        return self.work / name

    def open(self, name: str) -> Any:
        context = self.chromium.new_context(viewport={"width": 1280, "height": 1800})
        page = context.new_page()
        page.set_default_timeout(30_000)
        self.opened += 1  # each in a workspace of its own, with no other notebook in it
        space = f"{self.address}/lab/workspaces/{self.opened}"
        open_notebook(page, f"{space}/tree/{name}?token={self.token}")
        return page

    def end_kernels(self) -> None:
        url = f"{self.address}/api/kernels"
        headers = {"Authorization": f"token {self.token}"}
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            kernels = json.load(answer)
        for kernel in kernels:
            gone = urllib.request.Request(f"{url}/{kernel['id']}", headers=headers, method="DELETE")
            urllib.request.urlopen(gone).close()


@pytest.fixture(scope="module")
def lab(chromium, tmp_path_factory):
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "work"
    work.mkdir()
    with running_lab(folder, work) as (address, token):
        yield Lab(address, token, work, chromium)


@pytest.fixture(scope="module")
def saved(lab):
    """A notebook that was run and saved in JupyterLab: a widget, and a clip below it."""
    file = lab.write("saved.ipynb", CELL, "clip")
    page = lab.open(file.name)
    for number in (0, 1):
        run(page, number)
    page.locator(".wb-drum-grid .wb-cell").first.wait_for()
    page.locator(".jp-CodeCell").nth(1).locator(".wb-clip .wb-play").wait_for()
    page.keyboard.press("Control+s")
    for _ in range(50):
        if all(cell.outputs for cell in nbformat.read(file, as_version=4).cells):
            break
        page.wait_for_timeout(100)
    page.context.close()
    lab.end_kernels()
    return file


def saved_hits(file: Path) -> int:
    """Hits of the still copy that the saved notebook holds."""
    outputs = nbformat.read(file, as_version=4).cells[0].outputs
    page = "".join(output.data.get("text/html", "") for output in outputs if output.get("data"))
    return page.count("<tr><td>")


def run(page: Any, number: int) -> None:
    run_cell(page, page.locator(".jp-CodeCell").nth(number))


def test_a_kernel_that_is_restarted_is_told_and_ctrl_s_saves(lab):
    file = lab.write("grid.ipynb", CELL, "clip")
    page = lab.open(file.name)
    grid = page.locator(".wb-drum-grid")
    run(page, 0)
    grid.locator(".wb-cell").first.wait_for()
    expect(page.locator(".wb-fallback")).to_be_hidden()
    assert not grid.locator(".wb-gone").is_visible()
    cell = grid.get_by_role("button", name="bass drum, bar 1 step 9, count 3", exact=True)
    cell.focus()
    page.evaluate(WATCH)
    for _ in range(3):  # at once, before the kernel has confirmed the hit
        page.keyboard.press("Space")
        page.keyboard.press("Control+z")
        expect(cell).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("window.shown") == ["true", "false"] * 3  # never the state of before
    page.keyboard.press("Space")  # a bare key is the widget's, and edits no cell of the notebook
    page.keyboard.press("d")
    page.keyboard.press("d")
    expect(page.locator(".jp-CodeCell")).to_have_count(2)
    three = grid.get_by_role("button", name="bass drum, bar 1 step 9, count 3, velocity 96")
    expect(three).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Control+z")
    expect(cell).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Control+Shift+z")
    expect(three).to_be_focused()
    expect(three).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".wb-fallback tbody tr")).to_have_count(3)  # the still copy follows
    grid.get_by_role("button", name="snare drum, bar 1 step 3, count 1 &", exact=True).click()
    expect(page.locator(".wb-fallback tbody tr")).to_have_count(4)  # also what is set by hand
    grid.get_by_role("button", name="Clear").click()
    expect(page.locator(".wb-fallback tbody tr")).to_have_count(0)
    grid.get_by_role("button", name="Undo").click()
    grid.get_by_role("button", name="Undo").click()
    expect(page.locator(".wb-fallback tbody tr")).to_have_count(3)
    page.keyboard.press("Control+s")
    for _ in range(50):
        if saved_hits(file) == 3:
            break
        page.wait_for_timeout(100)
    assert saved_hits(file) == 3
    page.locator(".lm-MenuBar-item", has_text="Kernel").click()
    page.locator(".lm-Menu-item[data-command='kernelmenu:restart']").click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    gone = grid.get_by_role("alert")
    expect(gone).to_have_text(RESTARTED)  # nothing was sent
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
    grid.get_by_role("button", name="Clear").click()
    expect(gone).to_have_text(RESTARTED)
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Control+Enter")  # what it says helps
    expect(page.locator(".wb-drum-grid .wb-gone")).to_be_hidden()
    page.locator(".wb-drum-grid").get_by_role("button", name="Clear").click()
    expect(page.locator(".wb-drum-grid .wb-say")).to_contain_text("The grid is empty")
    page.context.close()


def test_a_busy_kernel_is_not_a_restarted_one_and_a_crash_is(lab):
    lab.write(
        "busy.ipynb", CELL, "import time\ntime.sleep(5)", "import os\nos.kill(os.getpid(), 9)"
    )
    page = lab.open("busy.ipynb")
    panel = page.locator(".jp-NotebookPanel")

    def begin(number):
        panel.locator(".jp-CodeCell .cm-content").nth(number).click()
        page.keyboard.press("Control+Enter")

    grid, gone = panel.locator(".wb-drum-grid"), panel.locator(".wb-gone")
    run(page, 0)
    grid.locator(".wb-cell").first.wait_for()
    begin(1)
    expect(panel.locator("[data-status='busy']").first).to_be_visible()
    page.wait_for_timeout(1000)
    expect(gone).to_be_hidden()
    grid.get_by_role("button", name="Clear").click()
    expect(gone).to_contain_text("busy with another cell")
    assert "restart" not in gone.inner_text()
    expect(grid.locator(".wb-say")).to_contain_text("The grid is empty", timeout=10_000)
    expect(gone).to_be_hidden()  # the answer has come
    begin(2)
    expect(gone).to_have_text(RESTARTED)  # Jupyter looks every few seconds
    page.context.close()


def test_a_saved_notebook_shows_the_still_copy(lab, saved):
    page = lab.open(saved.name)
    still = page.locator(".wb-fallback")
    expect(still).to_be_visible()
    expect(still).to_contain_text("run the cell in Jupyter")
    page.wait_for_timeout(3000)  # JupyterLab looks for the widget's model for two seconds
    expect(page.get_by_text("model not found")).to_be_hidden()
    expect(still.locator("svg.wb-svg")).to_be_visible()
    still.get_by_role("button", name="Play two hits").click()
    page.wait_for_function("() => Boolean(window.workbenchClips?.stop)")
    page.context.close()


def test_an_untrusted_copy_shows_pictures_and_no_dead_controls(lab, saved):
    notebook = nbformat.read(saved, as_version=4)
    notebook.cells[1].source += "  # changed by somebody else"
    nbformat.write(notebook, lab.work / "copy.ipynb")
    page = lab.open("copy.ipynb")
    outputs = page.locator(".jp-NotebookPanel .jp-OutputArea")
    pictures = outputs.locator("img")
    expect(pictures).to_have_count(2)  # the still copy and the clip
    for picture in pictures.all():
        expect(picture).to_be_visible()
        assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 100
        assert "hits" in picture.get_attribute("alt")
    expect(outputs.locator("button, input")).to_have_count(0)
    assert outputs.locator("audio:visible").count() == 2
    assert "snare drumbass" not in outputs.last.inner_text()
    page.context.close()


def test_an_exported_page_shows_the_still_copy_offline(saved, chromium, tmp_path):
    """Also where the executing tool stored the widgets' state, as papermill does."""
    nbconvert = pytest.importorskip("nbconvert")
    notebook = nbformat.read(saved, as_version=4)
    view = next(o.data[VIEW] for o in notebook.cells[0].outputs if VIEW in o.get("data", {}))
    state = {"state": {view["model_id"]: {}}, "version_major": 2, "version_minor": 0}
    for stored in (False, True):
        if stored:
            notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
        html, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
        (tmp_path / "page.html").write_text(html, "utf-8")
        context = chromium.new_context(offline=True)
        page = context.new_page()
        page.goto((tmp_path / "page.html").as_uri(), wait_until="domcontentloaded")
        still = page.locator(".wb-fallback")
        expect(still.locator("svg.wb-svg")).to_be_visible()
        still.get_by_role("button", name="Play two hits").click()
        page.wait_for_function("() => Boolean(window.workbenchClips?.stop)")
        context.close()
