"""How a clip shows itself: the mime bundle, and the player in a real browser."""

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from workbench.music.clip import Clip
from workbench.music.display import RATE, drum_grid_svg, mime_bundle, piano_roll_svg, player_html
from workbench.music.kit import DRUM_NAMES
from workbench.music.loudness import PLAYBACK, loudness
from workbench.music.picture import LEFT, RIGHT, WIDTH, picture_of

HITS = [(0, 0.25, 36, 110), (1.05, 0.25, 38, 90), (2, 0.25, 36, 60), (3.5, 0.25, 46, 30)]
SHORT = Clip.from_notes(HITS, tempo=120, caption='two <b>"bold"</b> bars & more')


def eight_bars():
    rng = np.random.default_rng(0)
    rows = [(s / 4 + rng.uniform(0, 0.05), 0.1, 42, int(rng.integers(20, 100))) for s in range(128)]
    rows += [(b, 0.1, 36 if b % 2 == 0 else 38, 100) for b in range(32)]
    return Clip.from_notes(rows, tempo=96, caption="eight bars", beats=32)


def test_mime_bundle():
    bundle = eight_bars()._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "image/png"}
    assert "\n" not in bundle["text/plain"]
    assert base64.b64decode(bundle["image/png"])[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(bundle["text/html"]) < 150_000
    assert len(bundle["image/png"]) < 20_000


def test_html_needs_nothing_else_and_has_no_ids():
    html = SHORT._repr_mimebundle_()["text/html"]
    assert not re.search(r"\sid=|https?://(?!www\.w3\.org)|@import|<link|url\(", html)
    assert "<b>" not in html
    assert "two &lt;b&gt;&quot;bold&quot;&lt;/b&gt; bars &amp; more" in html


def test_embedded_sound_is_the_loop_to_the_sample():
    html = player_html(SHORT)
    data = base64.b64decode(re.search(r"base64,([\w+/=]+)", html)[1])
    sound, rate = soundfile.read(io.BytesIO(data))
    assert rate == RATE
    assert len(sound) == round(SHORT.duration * RATE)
    assert f'data-duration="{len(sound) / RATE}"' in html
    plain = SHORT.playback(RATE).mean(axis=0)
    assert np.corrcoef(sound, plain)[0, 1] > 0.9


@pytest.mark.parametrize("channels", [1, 2])
def test_a_waveform_plays_at_one_loudness_in_its_own_channels(channels):
    time = np.arange(2 * RATE) / RATE
    sound = 0.02 * np.stack([np.sin(2 * np.pi * f * time) for f in (330, 440)])[:channels]
    html = player_html(Clip(audio=sound, sample_rate=RATE))
    data = base64.b64decode(re.search(r"base64,([\w+/=]+)", html)[1])
    heard, rate = soundfile.read(io.BytesIO(data), always_2d=True)
    assert heard.shape == (2 * RATE, channels)
    both = np.repeat(heard.T, 3 - channels, axis=0)  # one channel comes from both loudspeakers
    assert loudness(both, rate) == pytest.approx(PLAYBACK, abs=0.7)


@pytest.mark.parametrize(("seconds", "bars"), [(7.0, "3.5 bars"), (2.0, "1 bar"), (6.0, "3 bars")])
def test_bars_of_a_sound_are_not_rounded_up(seconds, bars):
    sound = np.zeros((1, round(seconds * 8000)), np.float32)
    clip = Clip(audio=sound, sample_rate=8000, tempo=120)
    assert f", {bars} of 4/4, 120 BPM" in repr(clip)
    assert f"120 BPM · {bars} of 4/4" in mime_bundle(clip)["text/html"]


def test_drum_grid_shows_velocity_and_microtiming():
    bars = picture_of(SHORT).bars
    beat = (WIDTH - LEFT - RIGHT) / 4
    np.testing.assert_allclose(bars[:, 0], [LEFT + beat * hit[0] for hit in HITS], atol=1e-6)
    heights = dict(zip([hit[3] for hit in HITS], bars[:, 3], strict=True))
    assert heights[30] < heights[60] < heights[90] < heights[110]
    root = ElementTree.fromstring(drum_grid_svg(SHORT))
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert set(DRUM_NAMES.values()) <= set(texts)
    assert root.get("role") == "img"
    assert "4 hits" in root.get("aria-label")


def test_piano_roll_higher_is_up():
    clip = Clip.from_notes([(0, 1, 60, 90), (1, 2, 72, 90)], drums=False)
    low, high = picture_of(clip).bars
    assert high[1] < low[1]
    assert high[2] == pytest.approx(2 * low[2], rel=0.02)
    ElementTree.fromstring(piano_roll_svg(clip))


def test_table_says_the_notes():
    html = player_html(SHORT)
    rows = re.findall(r"<tr><td>(\d+)<td>([\d.]+)<td>([^<]+)", html)
    assert rows == [
        ("1", "1", "bass drum 110"),
        ("1", "2", "snare drum 90"),
        ("1", "3", "bass drum 60"),
        ("1", "4.5", "open hi-hat 30"),
    ]


@pytest.mark.parametrize(
    "clip",
    [
        Clip.from_notes([], tempo=60),
        Clip(audio=np.zeros((1, 200), np.float32), sample_rate=8000),
        Clip(audio=np.zeros((1, 1), np.float32), sample_rate=8000),
        Clip.from_notes([(0, 600, 60, 90)], drums=False, beats=700, tempo=30),
        Clip.from_notes([(0, 1, 3, 90), (0.1, 1, 90, 90)]),
        Clip.from_notes([(0, 1, 0, 1), (0, 1, 127, 127)], drums=False, meter=(7, 8)),
    ],
    ids=["empty", "short audio", "one sample", "long", "odd drums", "extreme pitches"],
)
def test_odd_clips_show(clip):
    bundle = mime_bundle(clip)
    assert "<audio" in bundle["text/html"]
    assert len(bundle["text/html"]) < 900_000


def test_a_missing_soundfont_shows_its_line(monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_SOUNDFONT", str(tmp_path / "gone.sf2"))
    html = mime_bundle(SHORT)["text/html"]
    assert "gone.sf2 does not exist" in html
    assert "<svg" in html


@pytest.fixture
def open_page(chromium, tmp_path):
    """Opens HTML from disk; at the end, no console message and no request but the page itself."""
    contexts, trouble = [], []

    def opened(body, **options):
        path = tmp_path / "page.html"
        path.write_text(f"<!doctype html><meta charset=utf-8><title>t</title><body>{body}", "utf-8")
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda r: None if r.url == path.as_uri() else trouble.append(r.url[:99]))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [line for line in trouble if not line.startswith("data:")] == []


def place(page, index=0):
    transform = page.locator(".wb-head").nth(index).get_attribute("transform")
    return float(re.match(r"translate\(([\d.e-]+)", transform)[1])


def wait_until_moving(page, index=0):
    start = place(page, index)
    page.wait_for_function(
        "([i, start]) => document.querySelectorAll('.wb-head')[i].getAttribute('transform')"
        " !== `translate(${start} 0)`",
        arg=[index, start],
    )


def test_plays_by_keyboard_loops_and_pauses(open_page):
    page = open_page(player_html(SHORT))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "wb-play"
    page.keyboard.press("Space")
    wait_until_moving(page)
    assert page.locator(".wb-play").get_attribute("aria-label").startswith("Pause")
    assert page.evaluate("workbenchClips.context.sampleRate") == RATE
    assert page.locator(".wb-loop").get_attribute("aria-pressed") == "true"
    # two seconds of sound: the playhead comes back to the start and goes on
    page.wait_for_function("document.querySelector('.wb-seek').value > 1.5")
    page.wait_for_function("document.querySelector('.wb-seek').value < 1.0")
    page.keyboard.press("Space")
    stopped = place(page)
    page.wait_for_timeout(150)
    assert place(page) == stopped
    assert page.locator(".wb-play").get_attribute("aria-label").startswith("Play")


def test_seeks_by_arrow_keys_and_by_click(open_page):
    page = open_page(player_html(SHORT))
    seek = page.get_by_label("Position in")
    seek.focus()
    page.keyboard.press("End")
    assert float(seek.input_value()) == pytest.approx(2)
    page.keyboard.press("ArrowLeft")
    assert float(seek.input_value()) == pytest.approx(1.99)
    box = page.locator(".wb-svg").bounding_box()
    middle = (LEFT + (WIDTH - LEFT - RIGHT) / 2) / WIDTH
    page.mouse.click(box["x"] + middle * box["width"], box["y"] + box["height"] / 2)
    assert float(seek.input_value()) == pytest.approx(1, abs=0.02)
    assert "1.0 of 2.0 seconds" in seek.get_attribute("aria-valuetext")


def test_without_loop_it_ends_at_the_start(open_page):
    page = open_page(player_html(SHORT, loop=False))
    page.get_by_role("button", name="Play").click()
    wait_until_moving(page)
    page.wait_for_function(
        "document.querySelector('.wb-play').getAttribute('aria-label').startsWith('Play')"
    )
    assert place(page) == 0


def test_same_clip_twice_one_sounds_at_a_time(open_page):
    html = player_html(SHORT)
    page = open_page(html + html)
    buttons = page.locator(".wb-play")
    buttons.nth(0).click()
    wait_until_moving(page, 0)
    buttons.nth(1).click()
    wait_until_moving(page, 1)
    labels = [buttons.nth(i).get_attribute("aria-label")[:5] for i in range(2)]
    assert labels == ["Play ", "Pause"]
    assert page.evaluate("document.querySelectorAll('[id]').length") == 0


def test_loop_point_is_smooth_as_the_browser_decodes_it(open_page):
    rows = [(0, 1, 36, 100), (2.5, 1, 49, 120), (3.5, 1, 51, 120)]
    page = open_page(player_html(Clip.from_notes(rows, tempo=120)))
    sound = np.array(
        page.evaluate(
            f"""async () => {{
              const url = document.querySelector("audio").src;
              const bytes = Uint8Array.from(atob(url.split(",")[1]), (c) => c.charCodeAt(0));
              const context = new OfflineAudioContext(1, 1, {RATE});
              const buffer = await context.decodeAudioData(bytes.buffer);
              return Array.from(buffer.getChannelData(0));
            }}"""
        )
    )
    assert len(sound) == 2 * RATE
    around = np.abs(np.diff(np.concatenate([sound[-1000:], sound[:1000]])))
    assert around[999] <= np.delete(around, 999).max()


def test_without_scripts_the_browsers_own_player_remains(open_page):
    page = open_page(player_html(SHORT), java_script_enabled=False)
    audio = page.locator("audio")
    assert audio.is_visible()
    assert audio.get_attribute("loop") is not None
    assert not page.locator(".wb-play").is_visible()
    assert page.locator(".wb-svg").is_visible()


def test_without_web_audio_the_browsers_own_player_remains(open_page):
    page = open_page("<script>window.AudioContext = undefined</script>" + player_html(SHORT))
    assert page.locator("audio").is_visible()
    assert not page.locator(".wb-play").is_visible()


def test_a_removed_clip_falls_silent(open_page):
    page = open_page(player_html(SHORT))
    page.locator(".wb-play").click()
    wait_until_moving(page)
    page.evaluate("document.querySelector('.wb-clip').remove()")
    page.wait_for_function("workbenchClips.stop === null")


def contrast(page, selector):
    """WCAG contrast of an element's text with its own background, or with the card's."""
    return page.evaluate(
        """(selector) => {
          const parse = (c) => c.match(/[\\d.]+/g).map(Number);
          const light = (c) => parse(c).slice(0, 3).map((v) => v / 255)
            .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const node = document.querySelector(selector), style = getComputedStyle(node);
          const own = parse(style.backgroundColor), clear = own.length > 3 && own[3] === 0;
          const card = getComputedStyle(document.querySelector(".wb-clip")).backgroundColor;
          const a = light(style.color), b = light(clear ? card : style.backgroundColor);
          return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        }""",
        selector,
    )


JUPYTER_LIGHT = (
    "<style>body{--jp-layout-color0:#fff;--jp-content-font-color1:rgba(0,0,0,.87)}</style>"
    '<div data-jp-theme-light="true">{}</div>'
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wrap", ["{}", JUPYTER_LIGHT], ids=["plain page", "light Jupyter"])
def test_text_is_readable_in_light_and_dark(open_page, scheme, wrap):
    page = open_page(wrap.replace("{}", player_html(SHORT), 1), color_scheme=scheme)
    for selector in (".wb-title", ".wb-play", ".wb-loop", ".wb-time"):
        assert contrast(page, selector) >= 4.5, selector
    paper = page.evaluate("getComputedStyle(document.querySelector('.wb-clip')).backgroundColor")
    dark = scheme == "dark" and wrap == "{}"
    assert paper == ("rgb(30, 30, 30)" if dark else "rgb(255, 255, 255)")


def test_narrow_pages_do_not_overflow(open_page):
    page = open_page(player_html(eight_bars()), viewport={"width": 380, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_in_a_page_exported_by_nbconvert(chromium, tmp_path):
    """An executed notebook, exported and opened from disk: the clip plays."""
    nbformat = pytest.importorskip("nbformat")
    nbconvert = pytest.importorskip("nbconvert")
    bundle = SHORT._repr_mimebundle_()
    output = nbformat.v4.new_output("execute_result", data=bundle, execution_count=1)
    cell = nbformat.v4.new_code_cell("clip", outputs=[output], execution_count=1)
    twin = nbformat.v4.new_code_cell("clip", outputs=[output], execution_count=2)
    notebook = nbformat.v4.new_notebook(cells=[cell, twin])
    html, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    (tmp_path / "lesson.html").write_text(html, "utf-8")
    context = chromium.new_context(offline=True)
    try:
        page = context.new_page()
        page.goto((tmp_path / "lesson.html").as_uri(), wait_until="domcontentloaded")
        assert page.locator(".wb-play").count() == 2
        page.locator(".wb-play").nth(1).click()
        wait_until_moving(page, 1)
    finally:
        context.close()
