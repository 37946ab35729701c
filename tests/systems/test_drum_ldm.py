"""DrumLDM's calls: shapes, seeds, promises that hold for any weights."""

import numpy as np
import pytest
import torch

from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.representations.drum_roll import DrumRoll
from workbench.systems.sampling import keep_mask, slerp

STRANGE = [
    "",
    "   ",
    "🥁🥁🥁",
    "langsamer Funk mit Geisternoten",
    "ジャズのドラム",
    "x" * 10_000,
    "92",
    "\x00",
]


def cells(clip):
    return DrumRoll.from_clip(clip).to_array()


def test_generate_keeps_its_word(system):
    clips = system.generate("slow funk, 92 bpm", n=3, bars=4, steps=4)
    assert len(clips) == 3
    for clip in clips:
        assert (clip.beats, clip.tempo, clip.is_drums) == (16, 92, True)
        assert clip.caption == "slow funk, 92 bpm"
    assert len({clip.midi_bytes() for clip in clips}) == 3


def test_a_seed_is_a_loop(system):
    one = system.generate("rock", n=1, steps=4, seed=5)[0]
    four = system.generate("rock", n=4, steps=4, seed=5)
    assert np.array_equal(cells(one), cells(four[0]))
    assert not np.array_equal(cells(one), cells(system.generate("rock", steps=4, seed=6)[0]))


def test_several_prompts_at_once_are_the_same_as_one_by_one(system):
    both = system.generate(["rock", "jazz, 140 bpm"], n=2, steps=3)
    alone = system.generate("jazz, 140 bpm", n=2, steps=3)
    assert [clip.tempo for clip in both[2:]] == [140, 140]
    assert np.array_equal(cells(both[2]), cells(alone[0]))


@pytest.mark.parametrize("prompt", STRANGE)
def test_no_text_is_refused(system, prompt):
    assert len(system.generate(prompt, steps=2)) == 1
    reading = system.explain_prompt(prompt)
    assert all(isinstance(message, str) and message for message in reading.messages)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 0),
        ("bars", 9),
        ("bars", 0),
        ("steps", 0),
        ("guidance", -1),
        ("tempo", 1000),
        ("steps", "many"),
        ("sampler", "best"),
        ("guidance", float("nan")),
    ],
)
def test_numbers_out_of_range_are_named(system, name, value):
    with pytest.raises(PromptError, match=name):
        system.generate("rock", **{name: value})


def test_tempo_argument_wins_over_the_prompt(system):
    assert system.generate("rock 120 bpm", tempo=80, steps=2)[0].tempo == 80


def test_guidance_zero_ignores_the_text(system):
    a, b = (system.generate(p, steps=4, guidance=0, tempo=100)[0] for p in ("rock", "jazz"))
    assert np.array_equal(cells(a), cells(b))


def test_progress_hears_each_step_and_can_stop(system):
    heard = []
    system.generate("rock", n=2, bars=2, steps=5, progress=lambda *a: heard.append(a))
    assert [(step, total, rolls.shape) for step, total, rolls in heard] == [
        (i, 5, (2, 32, 27)) for i in range(1, 6)
    ]

    def stop(*args):
        raise InterruptedError("stopped")

    with pytest.raises(InterruptedError):
        system.generate("rock", steps=5, progress=stop)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm++"])
def test_all_samplers_serve_all_ways_of_drawing(system, sampler):
    clip = system.generate("rock", bars=2, steps=3, sampler=sampler)[0]
    assert system.vary(clip, 2, steps=3, sampler=sampler)[1].beats == 8
    assert system.inpaint(clip, keep_bars=[0], steps=3, sampler=sampler)[0].beats == 8


@pytest.mark.parametrize("bars", [1, 3, 8])
def test_inpainting_keeps_what_it_was_told_to_the_byte(system, bars):
    clip = system.generate("rock", bars=bars, steps=3, seed=3)[0]
    keep = np.random.default_rng(0).random((16 * bars, 9)) < 0.5
    for take in system.inpaint(clip, keep, n=2, steps=4):
        held = np.tile(keep, (1, 3))
        assert np.array_equal(cells(take)[held], cells(clip)[held])


def test_inpainting_draws_the_rest(system):
    clip = system.generate("rock", bars=2, steps=3)[0]
    a, b = system.inpaint(clip, keep_bars=[0], n=2, steps=4)
    assert not np.array_equal(cells(a)[16:], cells(b)[16:])


def test_keep_masks_are_checked():
    assert keep_mask(None, [1], 32)[16:].all()
    with pytest.raises(PromptError, match=r"\(8, 9\)"):
        keep_mask(np.ones((8, 9)), [], 16)
    with pytest.raises(PromptError, match="no bar 4"):
        keep_mask(None, [4], 64)


def test_small_changes_stay_nearer_than_large_ones(system):
    """On latents: noise on 10 % of the walk moves a loop less than on 90 %."""
    clip = system.generate("rock", bars=8, steps=10)[0]
    z = system.encode([clip])

    def moved(strength):
        takes = system.vary(clip, 6, strength=strength, steps=10)
        return float((system.encode(takes) - z).square().mean())

    assert moved(0.05) < moved(0.9)


def test_interpolation_has_both_ends(system):
    a, b = system.generate("rock", n=2, bars=2, steps=3, tempo=100)
    way = system.interpolate(a, b, n=4)
    assert len(way) == 4
    for end, clip in ((way[0], a), (way[-1], b)):
        heard = system.decode(system.encode([clip]))[0]
        assert np.array_equal(cells(end)[:, :9], cells(heard)[:, :9])
    with pytest.raises(PromptError, match="same length"):
        system.interpolate(a, b.excerpt(0, 4))


def test_slerp_keeps_length_and_ends():
    a, b = torch.nn.functional.normalize(torch.randn(2, 5, 8), dim=-1)
    assert torch.allclose(slerp(a, b, 0), a, atol=1e-5)
    assert torch.allclose(slerp(a, b, 1), b, atol=1e-5)
    assert torch.allclose(slerp(a, b, 0.3).norm(dim=-1), torch.ones(5), atol=1e-4)


def test_a_clip_without_drums_or_too_long_is_named(system):
    notes = np.zeros(1, DrumRoll.from_array(np.eye(16, 27)).to_notes().dtype)
    notes["pitch"], notes["velocity"], notes["duration"] = 60, 80, 1
    piano = Clip.from_notes(notes, tempo=100, drums=False, source="piano.mid")
    with pytest.raises(PromptError, match=r"piano\.mid.*no drum notes"):
        system.vary(piano)
    array = np.zeros((16 * 9, 27), np.float32)
    array[::4, 0] = 1
    with pytest.raises(PromptError, match="9 bars"):
        system.inpaint(DrumRoll.from_array(array).to_clip())


def test_the_film_runs_from_noise_to_the_loop(system):
    frames = system.film("rock", steps=6, bars=2)
    levels = [level for level, _ in frames]
    assert len(frames) == 6
    assert levels[0] == pytest.approx(1)
    assert levels == sorted(levels, reverse=True)
    last = system.generate("rock", steps=6, bars=2)[0]
    assert np.array_equal(frames[-1][1].hits, DrumRoll.from_clip(last).hits)


def test_embeddings_have_unit_length(system):
    clips = system.generate("rock", n=3, steps=2)
    for vectors in (system.embed_clips(clips), system.embed_text(["rock", ""])):
        assert torch.allclose(vectors.norm(dim=-1), torch.ones(len(vectors)), atol=1e-5)
