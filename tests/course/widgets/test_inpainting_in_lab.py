"""The inpainting widget in a real JupyterLab: upload, drag over bars, hear, keep, download."""

import re

import pytest
import symusic

from workbench.music.clip import Clip

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
expect.set_options(timeout=30_000)


@pytest.fixture
def paint(page):
    widget = page.locator(".wb-inpainting")
    widget.scroll_into_view_if_needed()
    return widget


def tune(path) -> str:
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("", 0, False))
    for beat in range(48):
        score.tracks[0].notes.append(symusic.Note(beat * 480, 400, 60 + beat % 12, 80))
    score.dump_midi(path)
    return str(path)


def test_upload_drag_fill_hear_keep_download(page, paint, tmp_path):
    paint.get_by_label("Open a MIDI file").set_input_files(tune(tmp_path / "scale.mid"))
    expect(paint.locator(".wb-say")).to_have_text("scale.mid is loaded: 12 bars.")
    picture = paint.locator(".wb-roll svg")
    expect(picture).to_have_attribute("aria-label", "scale: 12 bars, 48 notes")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 56 * 2.5, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 56 * 4.5, y, steps=4)
    page.mouse.up()
    expect(paint.get_by_label("From bar")).to_have_value("3")
    expect(paint.get_by_label("to bar")).to_have_value("5")
    paint.get_by_role("button", name="Fill").focus()
    page.keyboard.press("Enter")
    cards = paint.locator(".wb-card")
    expect(cards).to_have_count(2)
    card = cards.nth(1)
    play = card.get_by_role("button", name=re.compile("^Play"))
    play.click()
    page.wait_for_function("() => Boolean(window.workbenchClips?.stop)")
    seconds = card.locator("audio").evaluate(
        "async (audio) => { audio.preload = 'auto'; audio.load();"
        " await new Promise((go) => { audio.onloadedmetadata = go; if (audio.duration) go(); });"
        " return audio.duration; }"
    )
    assert seconds == pytest.approx(7 * 4 * 0.5, abs=0.3)  # five bars and their neighbours
    card.locator(".wb-play").click()
    card.get_by_role("button", name="Keep version 2").click()
    expect(paint.locator(".wb-say")).to_contain_text("Version 2 is kept")
    with page.expect_download() as waiting:
        paint.get_by_role("button", name="↓ .mid").click()
    waiting.value.save_as(tmp_path / "got.mid")
    assert waiting.value.suggested_filename == "scale-filled.mid"
    own, got = Clip.read(tmp_path / "scale.mid").notes, Clip.read(tmp_path / "got.mid").notes
    outside = [(n["time"], n["pitch"]) for n in own if not 8 <= n["time"] < 20]
    assert [(n["time"], n["pitch"]) for n in got if not 8 <= n["time"] < 20] == outside
    paint.get_by_role("button", name="Undo").click()
    expect(picture).to_have_attribute("aria-label", "scale: 12 bars, 48 notes")


def test_keys_move_and_stretch_the_hole(page, paint):
    roll = paint.locator(".wb-roll")
    first, last = paint.get_by_label("From bar"), paint.get_by_label("to bar")
    first.fill("2")
    first.press("Tab")
    last.fill("3")
    last.press("Tab")
    roll.focus()
    page.keyboard.press("ArrowRight")
    expect(first).to_have_value("3")
    expect(last).to_have_value("4")
    page.keyboard.press("Shift+ArrowRight")
    expect(last).to_have_value("5")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(first).to_have_value("2")
    expect(last).to_have_value("3")


def test_a_broken_file_is_answered_beside_it(paint, tmp_path):
    (tmp_path / "odd.mid").write_bytes(b"MThd and nothing more")
    paint.get_by_label("Open a MIDI file").set_input_files(str(tmp_path / "odd.mid"))
    expect(paint.locator(".wb-say")).to_contain_text("odd.mid: cannot be read as MIDI")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_text_can_be_read_in_either_theme(page, paint, scheme):
    page.emulate_media(color_scheme=scheme)
    page.wait_for_timeout(400)
    contrast = paint.evaluate("""(node) => {
      const part = (v) => v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
      const light = (text) => {
        const c = text.match(/[\\d.]+/g).slice(0, 3).map(Number).map(part);
        return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
      };
      let back = node;
      while (/rgba\\(.*, 0\\)|transparent/.test(getComputedStyle(back).backgroundColor))
        back = back.parentElement;
      const a = light(getComputedStyle(back).backgroundColor);
      const b = light(getComputedStyle(node.querySelector('.wb-song')).color);
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }""")
    page.emulate_media(color_scheme="light")
    assert contrast >= 4.5


def test_the_page_had_no_errors(page):
    assert page.problems == []
