"""A slider and its figure in a real JupyterLab: keyboard, names, dark theme, the exported page."""

import nbformat
import pytest

from tests.course.widgets.conftest import open_notebook, run_cell, running_lab, write_notebook

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
expect.set_options(timeout=30_000)

CELL = (
    "import numpy as np\n"
    "from workbench.course import plots\n"
    "from workbench.course.widgets import Slider, explore\n"
    "def draw(level):\n"
    "    ax = plots.axes(width=5, height=2)\n"
    "    return plots.lines(ax, [0, 1], {'curve': [0, level]}, xlabel='x', ylabel='y')\n"
    "explore(draw, Slider('noise level', np.linspace(0, 1, 11), 0.3), still=(0.3, 0.9))"
)

MENU = (
    "from workbench.course import plots\n"
    "plots.menu({'metre': {'songs': {'4/4': 0.9, '3/4': 0.1}}, "
    "'key': {'songs': {'C': 0.6, 'G': 0.4}}}, 'Songs')"
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "work"
    work.mkdir()
    write_notebook(work / "slide.ipynb", CELL)
    write_notebook(work / "menu.ipynb", MENU)
    with running_lab(folder, work) as (address, token):
        yield address, token, work


def explored(lab, chromium, name):
    """A notebook that was run, in a workspace of its own: the page, the widget and its figure."""
    address, token, _ = lab
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(30_000)
    open_notebook(page, f"{address}/lab/workspaces/{name}/tree/{name}.ipynb?token={token}")
    run_cell(page, page.locator(".jp-CodeCell").first)
    box = page.locator(".wb-explore")
    return page, box, box.locator("img.wb-figure")


def test_a_slider_by_keyboard(lab, chromium, tmp_path):
    page, box, figure = explored(lab, chromium, "slide")
    expect(figure).to_have_attribute("alt", "y over x: 1 curve (curve from 0 to 0.3).")
    slider = box.get_by_role("slider", name="noise level")
    expect(slider).to_have_attribute("aria-valuetext", "0.3")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "0.4")
    expect(figure).to_have_attribute("alt", "y over x: 1 curve (curve from 0 to 0.4).")
    page.keyboard.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "1")
    expect(figure).to_have_attribute("alt", "y over x: 1 curve (curve from 0 to 1).")
    expect(page.locator(".wb-fallback")).to_be_hidden()
    assert figure.evaluate("(image) => getComputedStyle(image).filter") == "none"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    assert "invert" in figure.evaluate("(image) => getComputedStyle(image).filter")
    page.keyboard.press("Control+s")
    stored = []
    for _ in range(50):
        saved = nbformat.read(lab[2] / "slide.ipynb", as_version=4)
        stored = [o for o in saved.cells[0].outputs if "wb-still" in o["data"].get("text/html", "")]
        if stored:
            break
        page.wait_for_timeout(100)
    assert stored[0]["data"]["text/html"].count("<img") == 2
    page.context.close()

    exporter = pytest.importorskip("nbconvert").HTMLExporter()
    html, _ = exporter.from_notebook_node(saved)
    (tmp_path / "page.html").write_text(html, "utf-8")
    offline = chromium.new_context(offline=True).new_page()
    offline.goto((tmp_path / "page.html").as_uri(), wait_until="domcontentloaded")
    expect(offline.locator(".wb-still")).to_be_visible()
    expect(offline.locator(".wb-still img")).to_have_count(2)
    expect(offline.get_by_role("slider")).to_have_count(0)
    offline.context.close()


def test_a_choice_by_keyboard(lab, chromium):
    page, box, figure = explored(lab, chromium, "menu")
    expect(figure).to_have_attribute("alt", "Songs. metre (share): songs 4/4 0.9, 3/4 0.1.")
    choice = box.get_by_role("slider", name="property")
    expect(choice).to_have_attribute("aria-valuetext", "metre")
    choice.focus()
    page.keyboard.press("ArrowRight")
    expect(choice).to_have_attribute("aria-valuetext", "key")
    expect(figure).to_have_attribute("alt", "Songs. key (share): songs C 0.6, G 0.4.")
    expect(page.locator(".wb-fallback")).to_be_hidden()
    page.context.close()
