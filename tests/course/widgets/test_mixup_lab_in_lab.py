"""The mixup lab in a real JupyterLab: λ by keyboard, lanes that play on, clicks."""

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
expect.set_options(timeout=30_000)


@pytest.fixture
def mixer(page):
    widget = page.locator(".wb-mixup")
    widget.scroll_into_view_if_needed()
    return widget


def test_lanes_play_and_a_switch_goes_on(page, mixer):
    lanes = mixer.get_by_role("listitem")
    expect(lanes).to_have_count(4)
    expect(mixer.locator(".wb-say")).to_contain_text("BLM mixes latents")
    plain = mixer.locator("[data-lane=plain]").get_by_role("button")
    bam = mixer.locator("[data-lane=bam]").get_by_role("button")
    plain.focus()
    page.keyboard.press("Enter")
    expect(plain).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("() => Boolean(window.workbenchClips?.stop)")
    bam.click()
    expect(bam).to_have_attribute("aria-pressed", "true")
    expect(plain).to_have_attribute("aria-pressed", "false")
    mixer.get_by_label("click on the beats").check()
    expect(bam).to_have_attribute("aria-pressed", "true")
    bam.click()
    expect(bam).to_have_attribute("aria-pressed", "false")
    page.wait_for_function("() => !window.workbenchClips.stop")


def test_lambda_by_keyboard(page, mixer):
    slider = mixer.get_by_label("λ, share of the first clip")
    before = mixer.locator("[data-lane=bam] svg").inner_html()
    slider.focus()
    page.keyboard.press("End")
    expect(mixer.locator("output").first).to_have_text("1.00")
    mixer.get_by_role("button", name="Mix", exact=True).click()
    expect(mixer.locator("[data-lane=bam] svg")).to_be_visible()
    page.wait_for_function(
        "before => document.querySelector('.wb-mixup [data-lane=bam] svg').innerHTML !== before",
        arg=before,
    )
    expect(mixer.get_by_role("button", name="Mix", exact=True)).to_be_enabled()
