"""The map of clips: points, list and sounds; from a page on disk, by mouse and by keyboard."""

import base64
import html
import io
import re

import numpy as np
import pytest

from workbench.course.widgets import SoundMap
from workbench.course.widgets.sound_map import MARKERS, RATE
from workbench.errors import WorkbenchError
from workbench.music.clip import Clip

PLACES = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def tone(hertz, seconds=0.5):
    time = np.arange(round(seconds * RATE)) / RATE
    sound = (0.3 * np.sin(2 * np.pi * hertz * time))[None].astype(np.float32)
    return Clip(audio=sound, sample_rate=RATE, caption=f"tone <{hertz}>")


def some(views=None, groups=("a", "a", "b", "b"), **more):
    clips = [tone(f) for f in (200, 400, 800, 1600)]
    return SoundMap(views or {"PCA": PLACES, "t-SNE": PLACES[::-1]}, clips, groups, **more)


def test_each_clip_has_a_point_in_each_view_and_a_sound():
    import soundfile

    page = html.unescape(some()._repr_mimebundle_()["text/html"]).replace('\\"', '"')
    for number in range(4):
        assert page.count(f'data-clip="{number}"') == 2
    assert page.count("<svg") == 2 + 2  # views and legend
    assert "tone <200>" in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    sounds = re.findall(r'data-sound="([^"]+)"', page)
    assert len(sounds) == 4
    for hertz, sound in zip((200, 400, 800, 1600), sounds, strict=True):
        heard, rate = soundfile.read(io.BytesIO(base64.b64decode(sound)))
        assert len(heard) == RATE // 2
        spectrum = np.abs(np.fft.rfft(heard))
        assert np.argmax(spectrum) * rate / len(heard) == pytest.approx(hertz, abs=5)


def test_only_the_beginning_is_kept():
    import soundfile

    page = some(seconds=0.1).html()
    sound = re.search(r'data-sound=\\"([^"]+)\\"', page)[1]
    assert len(soundfile.read(io.BytesIO(base64.b64decode(sound)))[0]) == RATE // 10


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(WorkbenchError, match="groups: 3 for 4"):
        some(groups=("a", "b", "c"))
    with pytest.raises(WorkbenchError, match=r"views\['x'\]"):
        some({"x": PLACES[:3]})
    with pytest.raises(WorkbenchError, match="finite"):
        some({"x": np.full((4, 2), np.nan)})
    many = [str(i) for i in range(len(MARKERS) + 1)]
    with pytest.raises(WorkbenchError, match="8 at most"):
        SoundMap({"x": np.zeros((9, 2))}, [tone(300)] * 9, many)


def test_without_scripts_pictures_and_legend_remain_and_nothing_that_would_not_answer(chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_content(re.sub(r"<(script|style).*?</\1>", "", some().html(), flags=re.S))
    pictures = page.locator("figure img")
    assert [p.get_attribute("alt") for p in pictures.all()] == [
        f"{name}: 4 clips of 2 groups, one mark each" for name in ("PCA", "t-SNE")
    ]
    for picture in pictures.all():
        box = picture.bounding_box()
        assert min(box["width"], box["height"]) > 200
    assert page.locator("button, input, select, audio, svg").count() == 0
    assert page.locator(".wb-legend").inner_text().split() == ["a", "(2)", "b", "(2)"]
    context.close()


def test_markup_in_names_stays_text(tmp_path, chromium):
    clips = [tone(300).with_(caption='</script><img src=x onerror="window.bad=1"> \\" %41')]
    made = SoundMap({"<i>&lt;": np.zeros((1, 2))}, clips, ['"><b>'])
    file = tmp_path / "map.html"
    file.write_text(f"<!doctype html><meta charset='utf-8'><body>{made.html()}")
    page = chromium.new_page()
    page.goto(file.as_uri())
    assert page.locator("option").inner_text() == clips[0].caption
    assert page.locator("figcaption").inner_text() == "<i>&lt;"
    assert page.locator(".wb-map b, .wb-map i, img[src=x]").count() == 0
    assert page.evaluate("window.bad") is None
    page.close()


@pytest.fixture
def page(tmp_path, chromium):
    file = tmp_path / "map.html"
    file.write_text(f"<!doctype html><meta charset='utf-8'><body>{some().html()}")
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.goto(file.as_uri())
    yield page
    assert page.problems == []
    context.close()


def playing(page):
    return page.evaluate(
        "() => { const a = document.querySelector('audio');"
        " return !a.paused && a.currentTime > 0; }"
    )


def test_hover_reads_and_a_click_plays(page):
    expect = pytest.importorskip("playwright.sync_api").expect
    mark = page.locator("figure").first.locator("[data-clip='2']")
    mark.hover()
    expect(page.locator(".wb-say")).to_have_text("b: tone <800>")
    assert page.locator(".wb-play").is_disabled()
    mark.click()
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0")
    assert page.locator("select").input_value() == "2"
    assert page.locator(".wb-ring[visibility=visible]").count() == 2
    rings = [ring.get_attribute("transform") for ring in page.locator(".wb-ring").all()]
    marks = [mark.get_attribute("transform") for mark in page.locator("[data-clip='2']").all()]
    assert rings == marks


def test_all_of_it_by_keyboard(page):
    expect = pytest.importorskip("playwright.sync_api").expect
    page.get_by_label("Clips", exact=True).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".wb-say")).to_have_text(re.compile("tone"))
    assert not playing(page)
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0")
    expect(page.get_by_role("button", name=re.compile("^Play [ab]: tone"))).to_be_enabled()
    group = page.get_by_role("button", name=re.compile(r"^a \(2\)"))
    group.focus()
    page.keyboard.press("Space")
    expect(group).to_have_attribute("aria-pressed", "false")
    assert not page.locator("figure [data-clip='0']").first.is_visible()
    assert page.locator("figure [data-clip='2']").first.is_visible()
