"""The widgets with a system of sound in a real JupyterLab: words, waveform, film; a few steps."""

import re
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest

from tests.course.widgets.conftest import open_notebook, run_all, running_lab

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

CELLS = (
    "import torch\ntorch.set_num_threads(1)\n"
    "from workbench.systems.ldmg import LDMG\n"
    "from workbench.course.widgets import FilmWidget, InpaintingWidget, PromptBox\n"
    "system = LDMG.from_pretrained('sound-ldmg')\nclip = system.generate('band', steps=2)[0]",
    "box = PromptBox(system, n=1, steps=2)\nbox",
    "paint = InpaintingWidget(system, clip, n=1, steps=2)\npaint",
    "FilmWidget.of(system, 'band', steps=3)",
    "print([take.source for take in box.takes], paint.versions[0].source, paint.bars)",
)


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory) -> Iterator[Any]:
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "work"
    work.mkdir()
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, work / "sound.ipynb")
    place = folder / "settings" / "@jupyterlab" / "notebook-extension"
    place.mkdir(parents=True)
    (place / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    with running_lab(folder, work) as (address, token):
        page = chromium.new_page(viewport={"width": 1280, "height": 1000})
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        open_notebook(page, f"{address}/lab/tree/sound.ipynb?token={token}", len(CELLS))
        run_all(page)
        page.locator(".wb-film .wb-level").wait_for(timeout=120_000)
        yield page
        page.close()


def play(page, holder) -> None:
    button = holder.locator(".wb-play").first
    button.click()
    expect(button).to_have_text(re.compile("Stop|Pause"))
    button.click()
    expect(button).to_have_text("▶ Play")


def saves_sound(page, button) -> None:
    with page.expect_download() as download:
        button.click()
    assert download.value.path().read_bytes()[:4] == b"RIFF"


def test_words_become_sounds_that_can_be_varied_and_saved(page):
    box = page.locator(".wb-prompt-box")
    box.get_by_label("Describe music").fill("band")
    chip = box.get_by_role("button", name="slow", exact=True)
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    chip.click()
    expect(box.get_by_label("Describe music")).to_have_value("band")
    expect(box.get_by_label("Bars")).to_have_value("")  # the length is in seconds
    box.get_by_label("Seconds").fill("2")
    box.get_by_role("button", name="Generate").click()
    card = box.locator(".wb-card").first
    expect(card.locator(".wb-facts")).to_contain_text("2.0 s")
    expect(card.locator(".wb-svg").first).to_be_visible()
    assert card.get_by_role("button", name=re.compile("as .mid")).count() == 0
    play(page, card)
    saves_sound(page, card.get_by_role("button", name="Download take 1 as .wav"))
    card.get_by_role("button", name="Vary take 1").click()
    expect(box.locator(".wb-card")).to_have_count(2)


def test_half_seconds_are_chosen_filled_and_kept(page):
    paint = page.locator(".wb-inpainting")
    picture = paint.locator(".wb-roll svg")
    expect(picture).to_have_attribute("aria-label", re.compile(r"band.*: 6\.1 seconds of sound"))
    picture.scroll_into_view_if_needed()
    area = picture.bounding_box()
    page.mouse.move(area["x"] + 56 * 1.5, area["y"] + 90)
    page.mouse.down()
    page.mouse.move(area["x"] + 56 * 3.5, area["y"] + 90, steps=4)
    page.mouse.up()
    first, last = paint.get_by_label("From second"), paint.get_by_label("to second")
    expect(first).to_have_value("0.5")
    expect(last).to_have_value("2")
    last.fill("2.6")
    last.press("Tab")
    expect(last).to_have_value("2.5")
    assert paint.get_by_label("Play while generating").count() == 0
    paint.get_by_label("Prompt").fill("band")
    paint.get_by_role("button", name="Fill").click()
    expect(paint.locator(".wb-say")).to_have_text("1 version of 0.5 to 2.5 s.")
    card = paint.locator(".wb-card").first
    expect(card.locator(".wb-facts")).to_contain_text("0.5 to 2.5 s are shaded")
    play(page, card)
    card.get_by_role("button", name="Keep version 1").click()
    expect(paint.locator(".wb-say")).to_contain_text("Version 1 is kept")
    saves_sound(page, paint.get_by_role("button", name="↓ .wav"))
    paint.get_by_role("button", name="Undo").click()
    expect(paint.locator(".wb-card")).to_have_count(1)


def test_the_film_is_seen_and_heard(page):
    film = page.locator(".wb-film")
    expect(film.locator(".wb-level")).to_contain_text("Step 3 of 3")
    expect(film.locator(".wb-picture svg")).to_have_attribute("aria-label", re.compile("Waveform"))
    film.get_by_role("slider").press("ArrowLeft")
    expect(film.locator(".wb-level")).to_contain_text("Step 2 of 3")
    expect(film.locator(".wb-level")).to_contain_text("dB")
    play(page, film)


def test_the_kernel_has_what_the_page_shows(page):
    cell = page.locator(".jp-CodeCell").last
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    output = cell.locator(".jp-OutputArea-output").last
    expect(output).to_contain_text("prompt 'band', seconds 2,")
    expect(output).to_contain_text("(1, 5)")
    assert page.problems == []
