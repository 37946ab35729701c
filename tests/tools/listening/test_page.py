"""The page in a real browser: rated by keyboard, reloaded half-way, taken to its analysis."""

from __future__ import annotations

import json
import re
import threading

import pytest

from tests.tools.listening.conftest import PROMPTS, SOURCES
from workbench import cli
from workbench.tools.listening.answers import merge
from workbench.tools.listening.server import PageServer
from workbench.tools.listening.store import Store

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
expect.set_options(timeout=15_000)


HURRY = """(() => { // clips are really played, at four times the speed
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () { this.playbackRate = 4; return play.call(this); };
})()"""


@pytest.fixture
def browser_context(chromium):
    """A context that notes what a page asks of the network, and its errors."""
    context = chromium.new_context(accept_downloads=True)
    context.add_init_script(HURRY)
    context.problems = problems = []

    def watch(page):
        page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
        page.on(
            "console", lambda line: problems.append(line.text) if line.type == "error" else None
        )
        page.on(
            "request",
            lambda request: (
                problems.append(f"request to {request.url}")
                if request.url.startswith("http") and "127.0.0.1" not in request.url
                else None
            ),
        )

    context.on("page", watch)
    yield context
    context.close()


def where(page):
    return page.locator("#where").inner_text()


def play_all(page):
    """Play every clip of the trial by keyboard, to its end."""
    buttons = page.locator(".play")
    for i in range(buttons.count()):
        buttons.nth(i).focus()
        page.keyboard.press("Space")
        expect(page.locator(".heard").nth(i)).to_contain_text("✓")


def begin(page, name):
    page.locator("#name").focus()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(page.locator("#where")).to_be_focused()


def rate(page, test, favourite):
    """Answer one trial by keyboard: 5 for clips of the favourite source, 2 for the others."""
    play_all(page)
    trial = test.key["trials"][
        page.evaluate(
            "() => { const all = Object.values(JSON.parse(Object.values({...localStorage})[0]));"
            " const s = all.find((s) => !s.finished); return s.order[s.at]; }"
        )
    ]
    groups = page.locator("fieldset")
    for i in range(groups.count()):
        first = groups.nth(i).locator("input").first
        first.focus()
        if trial["kind"] == "check":
            page.keyboard.press(str(trial["answer"]))
        elif trial["kind"] == "practice":
            page.keyboard.press("Space")  # as a radio button is chosen
        else:
            source = test.key["clips"][trial["clips"][0]]["source"]
            page.keyboard.press("5" if source == favourite else "2")
        expect(groups.nth(i).locator("input:checked")).to_have_count(1)
    page.locator("#next").focus()
    page.keyboard.press("Enter")


def test_a_test_is_rated_by_keyboard_through_to_its_analysis(
    browser_context, ratings, tmp_path, capsys
):
    file, key = ratings.write(tmp_path / "test")
    page = browser_context.new_page()
    page.goto(file.as_uri())
    page.context.set_offline(True)
    (tmp_path / "sent-in").mkdir()
    for number, name in enumerate(("Grace", "Ada")):
        begin(page, name)
        for done in range(9):
            assert where(page).startswith(f"{done + 1} of 9")
            if number == 0 and done == 4:  # reloaded on the way
                play_all(page)
                page.locator("fieldset").first.locator("input").nth(2).check()
                again = page.get_by_role("button", name="Continue as Grace (5 of 9 started)")
                for _ in range(20):  # Chromium stores in its own time
                    page.wait_for_timeout(500)
                    page.reload()
                    if again.count():
                        break
                again.press("Enter")
                expect(page.locator("#where")).to_have_text(re.compile("^5 of 9"))
                expect(page.locator("fieldset input:checked")).to_have_count(1)
                expect(page.locator(".heard").first).to_contain_text("✓")
            rate(page, ratings, "human")
        expect(page.locator("#thanks")).to_have_text(f"Thank you, {name}. All trials are answered.")
        with page.expect_download() as got:
            page.locator("#download").press("Enter")
        got.value.save_as(tmp_path / "sent-in" / got.value.suggested_filename)
        page.locator("#others").press("Enter")
    assert browser_context.problems == []

    # an answers file of one rater: in the order in which it was heard, and no word of sources
    saved = sorted((tmp_path / "sent-in").iterdir())
    assert [p.name for p in saved] == [
        f"answers-{ratings.key['test']}-{name}.json" for name in ("Ada", "Grace")
    ]
    text = saved[0].read_text()
    assert not any(source in text for source in SOURCES)
    places = {row["trial"]: row["place"] for row in json.loads(text)["answers"]}
    kinds = [ratings.key["trials"][name]["kind"] for name in sorted(places, key=places.get)]
    assert kinds[0] == "practice"
    assert "check" in kinds[3:6]

    (tmp_path / "sent-in" / "broken.json").write_text("{")
    table, out = tmp_path / "answers.csv", tmp_path / "analysis.json"
    arguments = [str(tmp_path / "sent-in"), "--key", str(key), "--out", str(table)]
    assert cli.main(["listen", "merge", *arguments]) == 0
    said = capsys.readouterr().out
    assert "2 raters" in said
    assert "broken.json" in said
    assert cli.main(["listen", "analyse", str(table), "--key", str(key), "--out", str(out)]) == 0
    rows = json.loads(out.read_text())["sections"]["means"]["rows"]
    means = {tuple(row[:2]): row[2] for row in rows}
    assert means["quality", "human"] == 5
    assert means["novelty", SOURCES[1]] == 2


def test_orders_differ_and_spread_what_is_alike(browser_context, pairs, tmp_path):
    file, _ = pairs.write(tmp_path)
    page = browser_context.new_page()
    page.goto(file.as_uri())
    for name in ("one", "two", "three"):
        begin(page, name)
        page.reload()
    raters = page.evaluate("() => Object.values(JSON.parse(Object.values({...localStorage})[0]))")
    orders = [rater["order"] for rater in raters]
    assert len({tuple(order) for order in orders}) == 3
    trials = pairs.key["trials"]
    for rater in raters:
        order = rater["order"]
        assert sorted(order) == sorted(trials)
        repeat = next(name for name in order if trials[name]["kind"] == "repeat")
        assert abs(order.index(repeat) - order.index(trials[repeat]["of"])) >= 3
    assert len({rater["swapped"][n] for rater in raters for n in pairs.trials}) == 2


def test_nothing_is_left_unheard_or_unanswered_by_mistake(browser_context, pairs, tmp_path):
    file, _ = pairs.write(tmp_path)
    page = browser_context.new_page()
    page.goto(file.as_uri())
    page.locator("#begin button").click()
    expect(page.locator("#trial")).to_be_hidden()  # no name
    begin(page, "Ada")
    page.locator("#next").click()
    expect(page.locator("#say")).to_contain_text("Listen to the end")
    expect(page.locator(".play").first).to_be_focused()
    play_all(page)
    page.locator("#next").click()
    expect(page.locator("#say")).to_contain_text("Which one")
    page.get_by_role("radio", name="B").check()
    page.locator("#next").click()
    expect(page.locator("#where")).to_have_text(re.compile("^2 of"))
    expect(page.locator(".words")).to_contain_text(re.compile("|".join(map(re.escape, PROMPTS))))
    page.locator("#back").click()
    expect(page.get_by_role("radio", name="B")).to_be_checked()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_in_either_theme(chromium, ratings, tmp_path, scheme):
    file, _ = ratings.write(tmp_path)
    page = chromium.new_page(color_scheme=scheme, viewport={"width": 360, "height": 700})
    page.goto(file.as_uri())
    begin(page, "Ada")
    seen = page.evaluate(
        """() => [...document.querySelectorAll("legend, button, .heard, .words, h1, label")]
          .filter((node) => node.offsetParent && !node.disabled).map((node) => {
            const ink = getComputedStyle(node).color;
            let under = node;
            while (getComputedStyle(under).backgroundColor === "rgba(0, 0, 0, 0)")
              under = under.parentElement;
            return [ink, getComputedStyle(under).backgroundColor];
          })"""
    )
    for ink, paper in seen:
        assert contrast(ink, paper) >= 4.5, (ink, paper)
    for box in page.locator("fieldset").all():
        assert box.evaluate("(node) => node.querySelector('legend').textContent.length") > 5
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    page.close()


def contrast(first, second):
    """WCAG's contrast of two colours given as rgb(r, g, b)."""

    def luminance(text):
        parts = [int(p) / 255 for p in re.findall(r"\d+", text)[:3]]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def test_a_browser_that_keeps_nothing_says_so(browser_context, ratings, tmp_path):
    file, _ = ratings.write(tmp_path)
    page = browser_context.new_page()
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('off'); }})"
    )
    page.goto(file.as_uri())
    begin(page, "Ada")
    expect(page.locator("#say")).to_contain_text("do not close or reload")
    assert browser_context.problems == []


def test_a_served_page_sends_what_it_keeps(browser_context, ratings, tmp_path):
    store = Store(tmp_path / "answers.sqlite")
    server = PageServer(("127.0.0.1", 0), ratings.page, ratings.key, store)
    address = server.addresses()[0]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        page = browser_context.new_page()
        page.goto(address)
        begin(page, "Ada")
        rate(page, ratings, "human")
        expect(page.locator("#where")).to_have_text(re.compile("^2 of 9"))
        expect(page.locator("#sent")).to_contain_text("were received")
        page.reload()
        page.locator("#resume button").press("Enter")
        for _ in range(8):
            rate(page, ratings, "human")
        expect(page.locator("#sent")).to_contain_text("were received")
        assert browser_context.problems == []
        merged = merge([store.path], ratings.key)
        assert merged.raters == ["Ada"]
        assert len(merged.answers) == 8 * 3 + 1
        assert merged.half_rated == []
        assert store.counts(ratings.key["test"])[:2] == (1, 1)

        other = browser_context.browser.new_context()  # someone else's browser
        second = other.new_page()
        second.goto(address)
        second.locator("#name").fill("ada")
        second.locator("#name").press("Enter")
        expect(second.locator("#say")).to_contain_text("is taken")
        expect(second.locator("#trial")).to_be_hidden()
        other.close()
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
