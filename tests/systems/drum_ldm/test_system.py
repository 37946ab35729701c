"""DrumLDM's calls: shapes, seeds, promises that hold for any weights."""

import json
import math
import shutil

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.errors import CheckpointError, PromptError
from workbench.evaluation.rhythm import downbeats
from workbench.music.clip import Clip
from workbench.representations.drum_roll import DrumRoll, rolls_of
from workbench.systems.drum_ldm import DrumLDM
from workbench.systems.drum_ldm.sampler import TEMPO_SHARE
from workbench.systems.sampling import keep_mask, slerp
from workbench.systems.storage import SHIPPED

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


@pytest.mark.parametrize("spelling", ["ROCK!!!", "rock 🤘", "«rock»", "ｒｏｃｋ"])
def test_a_loop_is_that_of_the_word_however_it_is_written(system, spelling):
    plain, made = (system.generate(text, steps=2)[0] for text in ("rock", spelling))
    assert np.array_equal(cells(plain), cells(made))
    assert (made.tempo, made.caption) == (plain.tempo, spelling)


@pytest.mark.parametrize(
    ("prompt", "heard"),
    [
        ("fast rock", "rock"),
        ("Very fast, rock!", "rock"),
        ("up-tempo jazz, 200 bpm", "jazz"),
        ("steadfast rock", "rock"),  # not "fast rock"
    ],
)
def test_until_the_beat_is_decided_words_are_heard_at_their_own_tempo(system, prompt, heard):
    assert system._words_tempo(prompt, 99.0) == system.tempo_of(heard)
    assert system._words_tempo("fast", 99.0) == 99.0  # no words are left


@pytest.mark.parametrize("prompt", [5, b"rock", {}, [], ["rock", 3], [["rock"]]])
def test_prompts_that_are_no_text_are_named(system, prompt):
    with pytest.raises(PromptError, match="prompt"):
        system.generate(prompt, steps=2)


@pytest.mark.parametrize("prompt", STRANGE)
def test_no_text_is_refused(system, prompt):
    assert len(system.generate(prompt, steps=2)) == 1
    reading = system.explain_prompt(prompt)
    assert all(isinstance(message, str) and message for message in reading.messages)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 0),
        ("bars", 17),
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


@pytest.fixture
def heard(system):
    """(step of the schedule, tempo in BPM) of each row of each question to the denoiser."""
    asked = []

    def note(module, arguments):
        t, condition = arguments
        bpm = 120 * 2 ** condition.tempo.double()
        asked.extend(zip(t.tolist(), bpm.tolist(), strict=True))

    hook = system.denoiser.condition.register_forward_pre_hook(note)
    yield asked
    hook.remove()


def split(asked, system):
    """Tempi heard before and after the beat is decided."""
    bound = TEMPO_SHARE * system.diffusion.steps
    return {round(b) for t, b in asked if t >= bound}, {round(b) for t, b in asked if t < bound}


@pytest.mark.parametrize("guidance", [1.0, 1.5])
@pytest.mark.parametrize("sampler", ["ddpm", "dpm++"])
def test_the_beat_is_decided_at_the_tempo_of_the_words(system, heard, guidance, sampler):
    own = system.suggest_tempo("rock")
    clips = system.generate("rock, 180 bpm", n=2, steps=8, guidance=guidance, sampler=sampler)
    assert [clip.tempo for clip in clips] == [180, 180]
    assert own != 180
    assert split(heard, system) == ({own}, {180})


def test_each_prompt_is_heard_at_its_own_tempi(system, heard):
    prompts = ["rock, 180 bpm", "jazz", "100 bpm", ""]
    system.generate(prompts, steps=2, guidance=1.5)
    asked = [180, system.suggest_tempo("jazz"), 100, system.suggest_tempo("")]
    own = [system.suggest_tempo("rock"), *asked[1:]]
    # the second step is not guided: each row is evaluated once
    assert [round(bpm) for _, bpm in heard] == [*own, *own, *asked]


def test_a_tempo_that_is_known_is_heard_throughout(system, heard):
    one, two = system.draw_each(["rock 180 bpm", "rock 180 bpm"], [170, None], [1, 1], steps=2)
    assert (one.tempo, two.tempo) == (170, 180)
    assert [round(bpm) for _, bpm in heard[::2]] == [170] * 3
    assert [round(bpm) for _, bpm in heard[1::4]] == [system.suggest_tempo("rock"), 180]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tempo=st.integers(60, 200),
    words=st.sampled_from(["rock", "a slow funk groove", "jazz"]),
    seed=st.integers(0, 9),
)
def test_a_tempo_is_one_however_it_is_given(system, tempo, words, seed):
    """In the words and as an argument it draws the same cells, and the tempo that suits the words
    the cells of the words alone."""

    def drawn(prompt, **more):
        return system.generate(prompt, bars=1, steps=3, seed=seed, **more)[0]

    named, given_ = drawn(f"{words}, {tempo} bpm"), drawn(words, tempo=tempo)
    assert named.tempo == given_.tempo == tempo
    assert np.array_equal(cells(named), cells(given_))
    alone = drawn(words)
    assert math.isclose(alone.tempo, system.tempo_of(words))
    assert np.array_equal(cells(alone), cells(drawn(words, tempo=alone.tempo)))


@pytest.mark.parametrize("name", ["drums-groove-bert", "drums-groove-keywords"])
def test_a_tempo_does_not_turn_the_beat_round(name):
    """What ships: the bass drum falls on one for a style at a tempo that training hardly had."""
    shipped = DrumLDM.from_pretrained(name)
    for prompt in ("rock, 180 bpm", "hard rock, 120 bpm", "pop, 120 bpm"):
        clips = shipped.generate(prompt, n=16, bars=4, steps=8, seed=7)
        ones, _ = downbeats(rolls_of(clips))
        assert ones.mean() > 0.4, prompt


def test_guidance_zero_ignores_the_text(system):
    a, b = (system.generate(p, steps=4, guidance=0, tempo=100)[0] for p in ("rock", "jazz"))
    assert np.array_equal(cells(a), cells(b))


def test_progress_hears_each_step_and_can_stop(system):
    heard = []
    system.generate("rock", n=2, bars=2, steps=5, progress=lambda *a: heard.append(a))
    assert [(step, total, rolls.shape) for step, total, rolls in heard] == [
        (i, 5, (2, 32, 54)) for i in range(1, 6)
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
    with pytest.raises(PromptError, match=r"keep_bars: .*got 4"):
        keep_mask(None, [4], 64)


def test_small_changes_stay_nearer_than_large_ones():
    """On latents: noise on 5 % of the walk moves a loop less than on 90 %."""
    system = DrumLDM.from_pretrained("drums-groove-keywords")
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
    array = np.zeros((16 * 17, 27), np.float32)
    array[::4, 0] = 1
    with pytest.raises(PromptError, match="at most 16 bars, got 17; give a shorter file"):
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


def test_a_text_encoder_of_another_width_is_named(tmp_path):
    """As where config.json lost its line on the text, and the default stands in its place."""
    shutil.copytree(SHIPPED / "drums-groove-keywords", tmp_path / "copy")
    path = tmp_path / "copy" / "config.json"
    about = json.loads(path.read_text())
    del about["config"]["text"]
    path.write_text(json.dumps(about))
    system = DrumLDM.from_pretrained(str(tmp_path / "copy"))
    with pytest.raises(CheckpointError, match=r"config\.json: text="):
        system.generate("rock", steps=1, bars=1)
