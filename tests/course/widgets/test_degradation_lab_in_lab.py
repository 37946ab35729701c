"""The degradation lab in a real JupyterLab: strength by keyboard, listening, measuring."""

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
expect.set_options(timeout=30_000)


@pytest.fixture
def spoiler(page):
    widget = page.locator(".wb-spoil")
    widget.scroll_into_view_if_needed()
    return widget


def test_a_measurement_adds_a_row(page, spoiler):
    expect(spoiler.locator("tbody tr")).to_have_count(1)
    spoiler.get_by_label("Degradation", exact=True).select_option("silence")
    strength = spoiler.get_by_label("Strength")
    strength.focus()
    page.keyboard.press("End")
    expect(spoiler.locator("output")).to_have_text("90% of it silent")
    spoiler.get_by_role("button", name="Measure", exact=True).click()
    expect(spoiler.locator("tbody tr")).to_have_count(2)
    expect(spoiler.locator("tbody tr").nth(1)).to_contain_text("silence: 90% of it silent")
    clean, spoiled = (float(cell.inner_text()) for cell in spoiler.locator("tbody td").all())
    assert spoiled < 0.2 * clean
    expect(spoiler.locator(".wb-say")).to_contain_text("measured")


def test_it_is_heard(page, spoiler):
    play = spoiler.get_by_role("button", name="▶ Play")
    play.focus()
    page.keyboard.press("Enter")
    expect(spoiler.get_by_role("button", name="■ Stop")).to_be_visible()
    spoiler.get_by_role("button", name="■ Stop").click()
    expect(play).to_be_visible()


def test_a_map_plays_beside_a_kernel_without_it(page):
    widget = page.locator(".wb-map")
    widget.scroll_into_view_if_needed()
    widget.locator("figure [data-clip='1']").first.click()
    page.wait_for_function("() => document.querySelector('.wb-map audio').currentTime > 0")
    expect(widget.locator(".wb-say")).to_contain_text("second")
    assert page.problems == []
