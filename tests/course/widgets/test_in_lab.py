"""The widgets in a real JupyterLab, used by mouse and keyboard in a real browser."""

import re

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
expect.set_options(timeout=20_000)

SOUNDS = """async () => {
  const context = window.workbenchClips?.context;
  if (!context || context.state !== 'running') return false;
  const before = context.currentTime;
  await new Promise((go) => setTimeout(go, 100));
  return context.currentTime > before && Boolean(window.workbenchClips.stop);
}"""


def wait_for_sound(page) -> None:
    page.wait_for_function(SOUNDS)


def silent(page) -> bool:
    return page.evaluate("() => !window.workbenchClips?.stop")


def in_kernel(page) -> dict[str, list[str]]:
    """Run the last cell and read what it prints."""
    cell = page.locator(".jp-CodeCell").last
    editor = cell.locator(".cm-content")
    editor.scroll_into_view_if_needed()
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    editor.click()
    page.keyboard.press("Control+Enter")
    expect(prompt).not_to_have_text(before)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"))
    text = cell.locator(".jp-OutputArea-output").inner_text()
    found = re.search(r"grid (\d+) \[(.*)\] (\d+) box (\d+) (\d+) film (\d+) metre (\S+)", text)
    assert found, text
    names = ("hits", "velocity", "marks", "takes", "kept", "frame", "metre")
    return dict(zip(names, found.groups(), strict=True))


@pytest.fixture
def box(page):
    box = page.locator(".wb-prompt-box")
    box.scroll_into_view_if_needed()
    return box


def generate(box, takes: int) -> None:
    cards = box.locator(".wb-card")
    before = cards.last.get_attribute("data-key") or ""
    box.get_by_role("button", name="Generate").click()
    expect(cards.last).not_to_have_attribute("data-key", before)
    expect(cards).to_have_count(takes)
    expect(box.get_by_role("button", name="Generate")).to_be_enabled()


def test_type_generate_play(page, box):
    box.get_by_label("Describe a drum loop").click()
    page.keyboard.type("slow funk, 92 bpm")
    expect(box.get_by_role("button", name="funk", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("Enter")
    expect(box.locator(".wb-card")).to_have_count(2)
    card = box.locator(".wb-card").first
    expect(card.locator(".wb-facts")).to_contain_text("92 BPM · 2 bars")
    card.get_by_role("button", name=re.compile("^Play")).click()
    wait_for_sound(page)
    other = box.locator(".wb-card").nth(1)
    other.get_by_role("button", name=re.compile("^Play")).click()
    expect(card.locator(".wb-play")).to_have_text("▶ Play")  # one sound at a time
    other.locator(".wb-play").click()
    page.wait_for_function("() => !window.workbenchClips.stop")
    assert silent(page)


def test_chips_by_keyboard(page, box):
    prompt = box.get_by_label("Describe a drum loop")
    prompt.fill("fast rock")
    chip = box.get_by_role("button", name="hip hop", exact=True)
    chip.focus()
    page.keyboard.press("Space")
    expect(prompt).to_have_value("fast rock, hip hop")
    expect(chip).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(prompt).to_have_value("fast rock")
    expect(chip).to_have_attribute("aria-pressed", "false")
    box.get_by_role("button", name="rock", exact=True).click()
    expect(prompt).to_have_value("fast")


def test_advice_and_numbers(page, box):
    prompt = box.get_by_label("Describe a drum loop")
    prompt.fill("ein schnelles Schlagzeug")
    expect(box.locator(".wb-advice")).to_contain_text("English")
    prompt.fill("")
    expect(box.locator(".wb-advice")).to_contain_text("No words")
    steps = box.get_by_label("Steps", exact=True)
    steps.fill("5000")
    box.get_by_role("button", name="Generate").click()
    expect(box.locator(".wb-say")).to_contain_text("Steps: give a whole number from 1 to 200")
    expect(steps).to_have_attribute("aria-invalid", "true")
    steps.fill("5")
    generate(box, 2)
    expect(steps).to_have_attribute("aria-invalid", "false")
    seed = box.get_by_label("Seed", exact=True)
    seed.fill("18446744073709551616")
    box.get_by_role("button", name="Generate").click()
    expect(box.locator(".wb-say")).to_contain_text("from 0 to 2**64 - 1")
    expect(seed).to_have_attribute("aria-invalid", "true")
    seed.fill("18446744073709551615")
    generate(box, 2)
    expect(box.locator(".wb-card .wb-facts").first).to_contain_text("seed 18446744073709551615")
    expect(seed).to_have_value("18446744073709551615")
    seed.fill("0")


def test_keep_vary_download(page, box):
    generate(box, 2)
    card = box.locator(".wb-card").first
    key = card.get_attribute("data-key")
    card.get_by_role("button", name=f"Keep take {key}").click()
    expect(card.locator(".wb-keep")).to_have_attribute("aria-pressed", "true")
    generate(box, 3)
    assert box.locator(".wb-card").first.get_attribute("data-key") == key
    card.get_by_role("button", name=f"Vary take {key}").click()
    expect(box.locator(".wb-card")).to_have_count(4)
    expect(box.locator(".wb-card").nth(1)).to_contain_text(f"variation of take {key}")
    for kind, magic in (("mid", b"MThd"), ("wav", b"RIFF")):
        with page.expect_download() as download:
            card.get_by_role("button", name=f"Download take {key} as .{kind}").click()
        assert re.fullmatch(rf"\S+_\d+bpm_s\d+_1\.{kind}", download.value.suggested_filename)
        assert download.value.path().read_bytes().startswith(magic)
    assert in_kernel(page)["takes"] == "4"
    assert in_kernel(page)["kept"] == "1"


def test_stop(page, box):
    bars = box.get_by_role("spinbutton", name="Bars")
    before = bars.input_value()
    bars.fill("4")  # far from done when Stop is pressed
    box.get_by_label("Steps", exact=True).fill("200")
    box.get_by_role("spinbutton", name="Takes").fill("16")
    shown = box.locator(".wb-card").count()
    box.get_by_role("button", name="Generate").click()
    expect(box.get_by_role("progressbar")).to_be_visible()
    box.get_by_role("button", name="Stop", exact=True).click()
    expect(box.locator(".wb-say")).to_contain_text("Stopped after")
    expect(box.get_by_role("progressbar")).to_be_hidden()
    expect(box.locator(".wb-card")).to_have_count(shown)
    bars.fill(before)
    box.get_by_label("Steps", exact=True).fill("5")
    box.get_by_role("spinbutton", name="Takes").fill("2")


def test_grid_by_keyboard(page):
    grid = page.locator(".wb-drum-grid")
    grid.scroll_into_view_if_needed()
    grid.locator(".wb-cell[tabindex='0']").focus()  # bass drum, first step
    page.keyboard.press("Space")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.keyboard.press("-")
    page.keyboard.press("k")
    snare = grid.get_by_role("button", name="snare drum, bar 1 step 5, count 2, velocity 80, kept")
    expect(snare).to_have_attribute("aria-pressed", "true")
    expect(snare).to_be_focused()
    known = in_kernel(page)
    assert (known["hits"], known["velocity"], known["marks"]) == ("2", "96", "1")
    grid.get_by_role("button", name="Play").click()
    wait_for_sound(page)
    grid.locator(".wb-play").click()
    page.wait_for_function("() => !window.workbenchClips.stop")


def test_a_row_of_the_grid_is_one_line(page):
    """Beside all other widgets and their styles: cells stand under the bar they belong to."""
    places = page.locator(".wb-drum-grid .wb-grid").evaluate(
        "(grid) => [...grid.querySelectorAll('[aria-label*=snare]')].map((cell) =>"
        " [cell.getBoundingClientRect().x, cell.getBoundingClientRect().y])"
    )
    cells = places[-32:]
    assert len({round(y) for _, y in cells}) == 1
    assert [x for x, _ in cells] == sorted(x for x, _ in cells)


def test_grid_fill_undo(page):
    grid = page.locator(".wb-drum-grid")
    pressed = grid.locator(".wb-cell[aria-pressed='true']")
    grid.get_by_role("button", name="Keep bar 2").click()
    grid.get_by_label("Prompt").fill("funk")
    grid.get_by_role("button", name="Fill in the rest").click()
    expect(grid.locator(".wb-say")).to_contain_text("filled in")
    second = ".wb-cell[aria-pressed='true'][aria-label*='bar 2']"
    assert grid.locator(second).count() == 0, "bar 2 was kept empty"
    assert pressed.count() > 2
    assert in_kernel(page)["hits"] == str(pressed.count())
    undo = grid.get_by_role("button", name="Undo")
    undo.click()
    expect(pressed).to_have_count(2)
    grid.get_by_role("button", name="Clear").click()
    expect(pressed).to_have_count(0)
    undo.click()
    expect(pressed).to_have_count(2)


def test_grid_of_another_metre(page):
    grid = page.locator(".wb-drum-grid")
    grid.get_by_role("button", name="Clear").click()
    grid.get_by_label("Metre").select_option("6/8")
    counts = grid.locator(".wb-counts span:not(.wb-name)")
    expect(counts).to_have_count(36)  # 32 sixteenths are three bars of 12
    assert "".join(counts.all_inner_texts()) == 3 * "1&2&3&4&5&6&"
    lines = grid.locator(".wb-row").nth(2).locator(".wb-bar-line, .wb-beat")
    steps = lines.evaluate_all("(cells) => cells.map((cell) => Number(cell.dataset.step))")
    assert steps == [0, 6, 12, 18, 24, 30]
    bars = grid.get_by_label("Bars", exact=True)
    bars.fill("4")
    page.keyboard.press("Tab")
    expect(counts).to_have_count(48)
    grid.locator("[data-step='0'][data-drum='0']").focus()
    page.keyboard.press("PageDown")
    page.keyboard.press("Space")
    label = re.compile("^bass drum, bar 2 step 1, count 1, velocity 96$")
    expect(grid.get_by_role("button", name=label)).to_be_focused()
    assert in_kernel(page)["metre"] == "6/8"
    bars.fill("99")
    page.keyboard.press("Tab")
    expect(bars).to_have_attribute("aria-invalid", "true")
    expect(grid.locator(".wb-say")).to_contain_text("from 1 to 16")


def test_groove_tools(page):
    grid = page.locator(".wb-drum-grid")
    say, changed = grid.locator(".wb-say"), grid.locator(".wb-changed")
    undo = grid.get_by_role("button", name="Undo")
    for tool, said in (
        ("Fill bar", "Bar 4 is now a fill"),
        ("Add drum", "ride cymbal"),
        ("Humanise", "Humanised"),
        ("Transfer groove of", "took the groove of"),
    ):
        if tool == "Transfer groove of":  # of a loop in 4/4
            grid.get_by_label("Metre").select_option("4/4")
            expect(grid.locator(".wb-counts")).to_contain_text("a")
        button = grid.get_by_role("button", name=tool, exact=True)
        button.focus()
        page.keyboard.press("Enter")
        expect(say).to_contain_text(said)
        expect(button).to_be_enabled()
    assert changed.first.get_attribute("aria-label").endswith("changed")
    undo.click()
    expect(say).to_have_text("Undone.")
    grid.get_by_label("Drum to add").focus()  # by keyboard alone
    page.keyboard.press("Tab")
    expect(grid.get_by_role("button", name="Transfer groove of")).to_be_focused()


def test_a_rhythm_is_tapped(page):
    grid = page.locator(".wb-drum-grid")
    grid.get_by_label("Bars", exact=True).fill("1")
    tempo = grid.get_by_label("Tempo (BPM)")
    tempo.fill("240")
    tap = grid.get_by_role("button", name="Tap", exact=True)
    tap.click()
    pad = grid.get_by_role("button", name="Tap here")
    expect(pad).to_be_focused()
    page.keyboard.press("Escape")
    expect(pad).to_be_hidden()
    expect(tap).to_be_focused()
    tap.click()
    shown = grid.locator(".wb-tapped")
    expect(shown).to_contain_text("0 taps")  # after the bar that is counted in
    page.keyboard.press("Space")
    expect(grid.locator(".wb-say")).to_contain_text("1 of 1 taps are played")
    expect(pad).to_be_hidden()
    expect(tap).to_be_enabled()


def test_film(page):
    film = page.locator(".wb-film")
    film.scroll_into_view_if_needed()
    slider = film.get_by_label("Sampling step")
    slider.focus()
    page.keyboard.press("Home")
    expect(film.locator(".wb-level")).to_contain_text("Step 1 of 6 · noise 100%")
    page.keyboard.press("ArrowRight")
    expect(film.locator(".wb-level")).to_contain_text("Step 2 of 6")
    film.locator(".wb-play").click()
    wait_for_sound(page)
    expect(film.locator(".wb-play")).to_have_text("■ Stop")
    film.locator(".wb-play").click()
    assert in_kernel(page)["frame"] == "1"
    film.get_by_role("button", name="Play film").click()
    expect(film.locator(".wb-level")).to_contain_text("Step 6 of 6")


CONTRAST = """(node) => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => {
      const c = Number(part) / 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = getComputedStyle(node);
  const [low, high] = [light(style.color), light(style.backgroundColor)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_both_themes_can_be_read(page, box, scheme):
    page.emulate_media(color_scheme=scheme)
    light = str(scheme == "light").lower()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", light)
    assert box.evaluate(CONTRAST) >= 4.5
    for selector in (".wb-go", ".wb-chip", ".wb-prompt", ".wb-card .wb-play", ".wb-keep"):
        assert box.locator(selector).first.evaluate(CONTRAST) >= 4.5, selector


def test_nothing_went_wrong_on_the_page(page):
    assert page.problems == []
