"""The gallery: what it shows is what was run, in a page that asks the network for nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.systems.conftest import SOUND
from tests.waiting import until
from workbench.cli import main
from workbench.music.clip import NOTE, Clip
from workbench.systems.region import Region
from workbench.systems.registry import SYSTEMS
from workbench.tools.gallery import build
from workbench.tools.gallery import clips as gallery_clips
from workbench.tools.gallery.clips import default_exhibit, measured


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The gallery of drums without Groove, its page and its exhibit."""
    folder = tmp_path_factory.mktemp("gallery")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_CACHE", str(folder / "empty"))
        kept = []
        real = gallery_clips.drums
        patch.setattr(gallery_clips, "drums", lambda seed: kept.append(real(seed)) or kept[0])
        assert main(["gallery", "--only", "drums", "--seed", "3", "--out", str(folder)]) == 0
    return folder / "index.html", kept[0]


def test_each_call_gives_the_clip_that_it_stands_under(made):
    from workbench import DrumLDM

    names: dict = {"DrumLDM": DrumLDM}
    for line in made[1].setup:
        exec(line, names)
    piece = made[1].pieces[1]
    assert piece.call == (
        'keywords.generate("slow funk with ghost notes, 92 bpm", bars=4, seed=3)[0]'
    )
    assert np.array_equal(eval(piece.call, names).notes, piece.clip.notes)


@pytest.mark.parametrize("key", [*(key for key in SYSTEMS if key not in SOUND), SOUND[0]])
def test_a_system_without_a_part_of_its_own_shows_what_it_can(key, tmp_path, monkeypatch):
    entry = replace(SYSTEMS[key], gallery="")
    parts = []
    monkeypatch.setattr(
        build, "default_exhibit", lambda *of: parts.append(default_exhibit(*of)) or parts[-1]
    )
    monkeypatch.setitem(SYSTEMS, key, entry)
    page = build.make(tmp_path, only=[key], seed=2).read_text(encoding="utf-8")
    [shown] = parts
    assert page.count("<audio") == len(shown.pieces)
    done = [piece.call.partition("(")[0].rpartition(".")[2] for piece in shown.pieces]
    can = entry.system.can
    assert done == ["generate", *(verb for verb in ("vary", "inpaint") if verb in can)]
    names: dict = {entry.name: entry.system, "Region": Region}
    for line in shown.setup:
        exec(line, names)
    last = shown.pieces[-1]
    again = eval(last.call, names)
    assert again.source == last.clip.source
    assert np.array_equal(
        again.notes if again.has_score else again.audio,
        last.clip.notes if again.has_score else last.clip.audio,
    )


@pytest.mark.parametrize("key", SOUND)
def test_the_shipped_weights_can_do_what_the_gallery_asks(key, tmp_path, monkeypatch):
    """In one step; the genres are those of the weights."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "empty"))
    kind = SYSTEMS[key].system
    generate = kind.generate
    monkeypatch.setattr(
        kind, "generate", lambda self, *of, **more: generate(self, *of, **{**more, "steps": 1})
    )
    page = build.make(tmp_path, only=[key], seed=2).read_text(encoding="utf-8")
    assert page.count("<audio") >= 3


def test_a_note_counts_what_is_there(made):
    ghosts = made[1].pieces[0]
    snares = [n for n in ghosts.clip.notes if n["pitch"] in (37, 38, 39, 40)]
    soft = sum(n["velocity"] < 40 for n in snares)
    assert ghosts.note.startswith(f"{soft} of {len(snares)} snare hits")


def test_without_groove_it_says_how_to_get_it(made):
    page = made[0].read_text(encoding="utf-8")
    assert "make data" in page
    assert page.count("class='entry'") == len(made[1].pieces) == 6
    assert page.count("<audio") == 6
    assert "keywords.generate(&quot;slow funk" in page


def test_people_are_named_with_their_licence(groove_root, monkeypatch):
    clip = gallery_clips.drummer("funk", 92)
    assert (clip.bars, clip.labels["split"]) == (4, "test")
    assert clip.labels["style"].startswith("funk")
    exhibit = gallery_clips.Exhibit("x", "x", "x", [])
    gallery_clips.add_drummer(exhibit, "funk", clip, "note")
    assert exhibit.pieces[0].credit.startswith("drummer")
    assert exhibit.pieces[0].credit.endswith("CC BY 4.0")


def test_the_page_opens_and_plays_from_disk(made, chromium):
    context = chromium.new_context(offline=True)
    page = context.new_page()
    asked, wrong = [], []
    page.on("request", lambda r: asked.append(r.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto(made[0].as_uri())
    page.get_by_role("searchbox", name="Search").fill("waltz")
    assert page.locator("output").inner_text() == "1 of 6 clips"
    page.get_by_role("button", name="Play a waltz").click()
    until(page, "window.workbenchClips.context?.currentTime > 0.05")
    page.get_by_role("radio", name="by people").check()
    assert page.locator(".group:visible").count() == 0
    context.close()
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [made[0].as_uri()]
    assert wrong == []


def test_sound_is_measured():
    """A sine at half of full scale lies 9.03 dB below it, its peak 6.02; then as long a silence."""
    time = np.arange(16000) / 16000
    sine = 0.5 * np.sin(2 * np.pi * 440 * time)
    sound = measured(Clip(audio=sine[None].astype(np.float32), sample_rate=16000))
    assert sound["level"] == pytest.approx(-9.03, abs=0.02)
    assert sound["peak"] == pytest.approx(-6.02, abs=0.02)
    assert (sound["seconds"], sound["silent"]) == (1.0, 0.0)
    half = np.concatenate([sine, np.zeros(16000)])[None].astype(np.float32)
    assert measured(Clip(audio=half, sample_rate=16000))["silent"] == pytest.approx(0.5, abs=0.03)
    notes = np.array([(i, 0.25, p, 90, 0, True) for i in range(8) for p in (36, 42)], dtype=NOTE)
    score = Clip.from_notes(notes, tempo=120.0)
    assert measured(score)["onsets"] == pytest.approx(8 / score.duration)


def test_sound_has_its_spectrogram():
    from workbench.tools.gallery.page import _spectrogram

    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 16000)).astype(np.float32)
    image = _spectrogram(Clip(audio=noise, sample_rate=16000))
    assert 'alt="Spectrogram, 1.0 seconds, up to 8 kHz"' in image
    assert len(image) < 120_000
