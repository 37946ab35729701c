"""Every clip of a system says where it comes from, and what a take is does not depend on others."""

import json

import numpy as np
import pytest

from workbench import LDMG, Clip, DiffusionLM, DrumLDM, MusicLDM
from workbench.models.samplers import SAMPLERS, normal
from workbench.systems.provenance import credit_of

DRUMS = "drums-groove-keywords"


@pytest.fixture(scope="module")
def drums():
    return DrumLDM.from_pretrained(DRUMS)


@pytest.fixture(scope="module")
def piano():
    return DiffusionLM.from_pretrained("piano-diffusion")


@pytest.fixture
def human():
    rows = [(i / 2, 0.25, 36 if i % 2 else 38, 90) for i in range(16)]
    return Clip.from_notes(
        rows,
        drums=True,
        tempo=100,
        beats=8,
        caption="a rock beat",
        source="groove/drummer1/session1/9",
        labels={"licence": "CC-BY-4.0"},
    )


def said(clip, system, checkpoint, seed, take):
    assert clip.labels["system"] == system
    assert clip.labels["checkpoint"] == checkpoint
    assert (clip.labels["seed"], clip.labels["take"]) == (seed, take)
    for words in (system, checkpoint, f"seed {seed}", f"take {take}"):
        assert words in clip.source
    json.dumps(clip.labels)  # nothing of NumPy's in it


def test_a_generated_loop_says_what_was_asked(drums):
    clips = drums.generate(["funk", "rock"], n=2, bars=1, steps=2, seed=np.int64(3), tempo=90)
    for clip, prompt, take in zip(
        clips, ["funk", "funk", "rock", "rock"], [1, 2, 1, 2], strict=True
    ):
        said(clip, "DrumLDM", DRUMS, 3, take)
        assert repr(prompt) in clip.source
        asked = clip.labels["request"]
        assert (asked["prompt"], asked["tempo"], asked["steps"]) == (prompt, 90, 2)


def test_worked_on_music_keeps_its_credit(drums, human):
    edits = [
        drums.vary(human, 2, steps=2, seed=5)[1],
        drums.inpaint(human, keep_bars=[np.int32(0)], n=2, steps=2, seed=5)[1],
        drums.interpolate(human, human, 2, steps=2, seed=5)[1],
    ]
    for clip, action in zip(edits, ("variation", "inpainting", "interpolation"), strict=True):
        said(clip, "DrumLDM", DRUMS, 5, 2)
        assert clip.source.startswith(f"{action} of {human.source}")
        assert clip.labels["licence"] == "CC-BY-4.0"
    again = drums.vary(drums.inpaint(edits[0], keep_bars=[0], steps=2)[0], steps=2)[0]
    assert credit_of(again) == human.source
    assert len(again.source) < 200  # the chain of edits does not grow


def test_piano_says_what_was_asked(piano):
    clip = piano.generate({"key": "G major"}, n=2, steps=2, seed=4, tempo=np.float32(80))[1]
    said(clip, "DiffusionLM", "piano-diffusion", 4, 2)
    assert clip.labels["request"]["control"] == {"key": "G major"}
    song = clip.with_(source="pop909/001", labels={"system": None, "original": None})
    filled = piano.fill(song, (np.int64(0), np.int64(1)), 2, steps=2, seed=np.uint8(6))[1]
    said(filled, "DiffusionLM", "piano-diffusion", 6, 2)
    assert filled.source.startswith("filling of pop909/001")


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_take_of_drums_is_the_same_in_any_batch(drums, human, sampler):
    more = {"steps": 6, "seed": 7, "sampler": sampler}
    for make in (
        lambda n: drums.generate("funk", n, bars=2, **more),
        lambda n: drums.vary(human, n, strength=0.7, **more),
        lambda n: drums.inpaint(human, n=n, keep_bars=[0], **more),
    ):
        for one, other in zip(make(2), make(5), strict=False):
            assert np.array_equal(one.notes, other.notes)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_take_of_piano_is_the_same_in_any_batch(piano, sampler):
    two, four = (
        piano.draw(n, {"density": "busy"}, steps=8, sampler=sampler, seed=7) for n in (2, 4)
    )
    assert np.array_equal(two, four[:2])


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(("system", "checkpoint"), [(LDMG, "sound-ldmg"), (MusicLDM, "music-ldm")])
def test_a_take_of_sound_is_the_same_in_any_batch(system, checkpoint, sampler):
    """But for rounding: matrices of other sizes are added up in another order."""
    made = system.from_pretrained(checkpoint)
    one, three = (
        made.generate("", n, seconds=0.2, steps=3, sampler=sampler, seed=7) for n in (1, 3)
    )
    assert np.allclose(one[0].audio, three[0].audio, atol=1e-3)
    assert not np.allclose(three[0].audio, three[1].audio, atol=1e-3)


def test_ancestral_noise_is_not_that_of_the_beginning(drums, monkeypatch):
    seen = []

    def spy(predict, x, alphas_bar, steps, generator, callback):
        seen.append((x, normal(x.shape, generator)))
        return predict(x, len(alphas_bar) - 1)[0]

    monkeypatch.setitem(SAMPLERS, "ddpm", spy)
    drums.generate("funk", 2, bars=1, sampler="ddpm", seed=0)
    begin, later = seen[0]
    assert np.abs(np.corrcoef(begin.flatten(), later.flatten())[0, 1]) < 0.2


def test_a_saved_system_is_named_by_its_folder(drums, tmp_path):
    copy = DrumLDM(drums.config)
    assert "not saved" in copy.generate("", bars=1, steps=1)[0].source
    folder = copy.save_pretrained(tmp_path / "mine")
    for system in (copy, DrumLDM.from_pretrained(folder)):
        assert system.generate("", bars=1, steps=1)[0].labels["checkpoint"] == str(folder)
