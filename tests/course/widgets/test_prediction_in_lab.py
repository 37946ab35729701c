"""A prediction in a real JupyterLab: by keyboard, revealed, kept in the record and the notebook.
And a whole session: predict, train, play, solve, quiz, and the progress page of that record."""

import json
import re

import nbformat
import pytest

from tests.course.widgets.conftest import (
    open_notebook,
    run_all,
    run_cell,
    running_lab,
    write_notebook,
)
from workbench import cli
from workbench.course.question import MIME
from workbench.course.quizzes import items

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


LESSON_OF = {"light": "04", "dark": "06"}
SESSION = (  # LESSON: each colour scheme has its own, because they share a record
    "from workbench import load, plots, predict, quiz, reveal, start\n"
    "run = start('LESSON', profile='smoke', dataset='builtin')\n"
    "predict('LESSON.1', [0.25, 0.5], unit='of the loss')",
    "import torch\n"
    "from workbench.models.mrlstm import AutoencoderConfig, DrumAutoencoder\n"
    "from workbench.datasets import cut_loops\n"
    "from workbench.representations.drum_roll import rolls_of\n"
    "loops = cut_loops(load('builtin', limit=8), bars=1)[:16]\n"
    "rolls, live = torch.from_numpy(rolls_of(loops)), plots.LivePlot()\n"
    "net = DrumAutoencoder(AutoencoderConfig(latent=8, hidden=8, width=16))\n"
    "optimizer, losses = torch.optim.Adam(net.parameters(), lr=0.01), []\n"
    "for step in range(1, 13):\n"
    "    loss = sum(net.loss(rolls).values())\n"
    "    optimizer.zero_grad()\n"
    "    loss.backward()\n"
    "    optimizer.step()\n"
    "    losses.append(loss.item())\n"
    "    live({'step': step, 'loss': losses[-1]})\n"
    "print('falls', losses[-1] < losses[0])\n"
    "reveal('LESSON.1', losses[-1] / losses[0])",
    "loops[0].with_(caption='a loop')",
    "from workbench.course.teaching import check_density\n"
    "check_density(lambda hits: hits.sum() / len(hits))",
    "check_density(lambda hits: hits.sum() / (len(hits) / 4))",
    "quiz('LESSON')",
    "run.finish()",
)
READABLE = """(node) => {
  const parts = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((part) => {
      const c = part / 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  let ground = [];
  for (let at = node; at && !ground.length; at = at.parentElement) {
    const colour = parts(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] > 0.9) ground = colour;
  }
  if (!ground.length) {  // the browser's own ground
    ground = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
  }
  const text = light(parts(getComputedStyle(node).color));
  const [low, high] = [text, light(ground)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "work"
    work.mkdir()
    write_notebook(work / "predict.ipynb", *CELLS)
    write_notebook(work / "again.ipynb", *CELLS)
    for scheme, lesson in LESSON_OF.items():
        cells = (source.replace("LESSON", lesson) for source in SESSION)
        write_notebook(work / f"session-{scheme}.ipynb", *cells)
    with running_lab(folder, work) as (address, token):
        yield address, token, folder


def opened(lab, chromium, name, space, cells=5, scheme="light"):
    address, token, _ = lab
    view = {"width": 1280, "height": 1400}
    page = chromium.new_context(viewport=view, color_scheme=scheme).new_page()
    page.set_default_timeout(30_000)
    url = f"{address}/lab/workspaces/{space}/tree/{name}?token={token}"
    open_notebook(page, url, cells)
    return page


def run_by_keys(page, cell):
    """Run a cell without the mouse, and wait for its end."""
    cell.locator(".cm-content").focus()
    page.keyboard.press("Control+Enter")
    prompt = cell.locator(".jp-InputPrompt")
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=120_000)


def readable(place, *selectors):
    for selector in selectors:
        found = place.locator(selector)
        assert found.count(), selector
        assert found.first.evaluate(READABLE) >= 4.5, selector


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_session_by_keyboard_and_the_progress_page_after_it(
    lab, chromium, scheme, monkeypatch, tmp_path
):
    """Predict, train a network, hear a clip, solve an exercise, answer the quiz: with the keyboard
    alone and readable in both themes. Then `workbench progress` of that record."""
    lesson = LESSON_OF[scheme]
    name = f"session-{scheme}.ipynb"
    page = opened(lab, chromium, name, f"session-{scheme}", len(SESSION), scheme)
    light = str(scheme == "light").lower()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", light)
    cells = page.locator(".jp-CodeCell")

    run_by_keys(page, cells.nth(0))
    box = page.locator(".wb-prediction")
    box.get_by_role("radio", name="below 0.25 of the loss").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(box.get_by_role("status")).to_contain_text("0.5 of the loss or more")
    readable(box, "label", "[role='status']")

    run_by_keys(page, cells.nth(1))
    training = cells.nth(1)
    expect(training.locator("img").first).to_have_attribute("alt", re.compile("loss over step"))
    expect(training).to_contain_text("falls True")
    readable(training, ".wb-reveal")

    run_by_keys(page, cells.nth(2))
    button = cells.nth(2).get_by_role("button", name="Play a loop")
    button.focus()
    page.keyboard.press("Enter")
    pause = cells.nth(2).get_by_role("button", name="Pause a loop")
    pause.wait_for()
    assert pause.evaluate(READABLE) >= 4.5
    page.keyboard.press("Enter")
    button.wait_for()

    run_by_keys(page, cells.nth(3))
    expect(cells.nth(3)).to_contain_text("that is hits per step; a beat has four steps")
    cells.nth(3).locator("summary").focus()
    page.keyboard.press("Enter")
    expect(cells.nth(3)).to_contain_text("A row is a step, and a beat has four steps")
    readable(cells.nth(3), "[role='status']", "summary")
    run_by_keys(page, cells.nth(4))
    expect(cells.nth(4)).to_contain_text("✓ correct")

    run_by_keys(page, cells.nth(5))
    first = items(lesson)[0]
    group = page.get_by_role("group", name="Quiz", exact=True)
    radios = group.get_by_role("group", name=f"1. {first.ask}").get_by_role("radio")
    radios.nth(first.right).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(group.get_by_role("status")).to_contain_text("Question 1: right.")
    readable(group, "label", "[role='status']")
    run_by_keys(page, cells.nth(6))
    expect(cells.nth(6)).to_contain_text(f"lesson {lesson} finished")
    page.context.close()

    monkeypatch.setenv("WORKBENCH_RECORD", str(lab[2] / "record.json"))
    assert cli.main(["progress", "--out", str(tmp_path / "p.html")]) == 0
    page = chromium.new_context(offline=True, color_scheme=scheme).new_page()
    page.goto((tmp_path / "p.html").as_uri())
    row = page.get_by_role("row", name=re.compile(f"^{lesson} ")).first
    expect(row).to_contain_text("1 of")  # the prediction, the quiz
    expect(page.get_by_role("row", name=re.compile("^00 ")).first).to_contain_text("1 of 3")
    readable(page, "h1", "h2", "th", "td", "p")
    kinds = "a[href], button, input, select, summary, [tabindex='0']"
    for number in range(page.locator(kinds).count()):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert focused.count() == 1, number
        assert focused.evaluate(READABLE) >= 4.5
    page.context.close()
