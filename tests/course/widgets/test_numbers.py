"""Every widget takes numbers as people hand them over: NumPy's of any type, arrays without
dimensions; what the page is shown are plain numbers, and no digit is lost."""

import json
import re

import numpy as np
import pytest

from workbench.course.widgets import (
    DegradationLab,
    DrumGrid,
    FilmWidget,
    InpaintingWidget,
    MixupLab,
    PromptBox,
    SoundMap,
    compare,
)
from workbench.datasets.builtin_songs import sample
from workbench.errors import PromptError
from workbench.music.clip import Clip

RATE = 16_000
LARGEST = 2**64 - 1
KINDS = (int, np.int8, np.uint16, np.int64, np.float16, np.float32, np.float64, np.array)


def power(sounds):
    return {"power": np.array((sounds**2).mean())}


def noises():
    sounds = 0.1 * np.random.default_rng(0).standard_normal((3, RATE)).astype(np.float32)
    return [Clip(audio=row[None], sample_rate=RATE, caption=f"{i}") for i, row in enumerate(sounds)]


def shown(widget) -> dict:
    """What goes to the page, which JSON must hold by itself."""
    state = {
        name: value
        for name, value in widget.get_state().items()
        if not name.startswith("_") and not isinstance(value, bytes | memoryview)
    }
    return json.loads(json.dumps(state))


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


def test_the_prompt_boxs_settings(small_system, kind):
    numbers = {"n": 2, "bars": 1, "steps": 3, "guidance": 2, "tempo": 90, "seed": 7}
    given = {name: kind(value) for name, value in numbers.items()}
    box = PromptBox(small_system, **given)
    assert shown(box)["settings"] == numbers
    box.generate("rock", **given)
    assert box.wait(60)
    assert [clip.source.split(", ", 1)[1] for clip in box.takes] == [
        f"prompt 'rock', bars 1, tempo 90, seed 7, take {i}" for i in (1, 2)
    ]
    box.settings = {**box.settings, "n": kind(3)}
    assert shown(box)["settings"]["n"] == 3


def test_the_inpainting_editors_settings_and_bars(small_gpt, kind):
    numbers = {"n": 1, "temperature": 1, "top_p": 1, "seed": 7}
    paint = InpaintingWidget(
        small_gpt, sample(1, 3, "pop")[0], **{name: kind(v) for name, v in numbers.items()}
    )
    assert shown(paint)["settings"] == numbers
    paint.hole = [kind(1), kind(4)]
    assert shown(paint)["hole"] == [1, 4]
    paint.chosen = [kind(0)]
    paint.fill((kind(2), kind(3)), seed=kind(5))
    assert paint.wait(60)
    assert (shown(paint)["hole"], len(paint.versions)) == ([2, 3], 1)
    assert "seed 5" in paint.versions[0].source


@pytest.mark.parametrize("seed", [LARGEST, np.uint64(LARGEST), np.array(LARGEST), 2**53 + 1])
def test_large_seeds_are_kept_to_the_last_digit(small_system, small_gpt, seed):
    text = str(int(seed))
    box = PromptBox(small_system, n=1, bars=1, steps=2, seed=seed)
    assert shown(box)["settings"]["seed"] == text, "JavaScript would round a number"
    box.generate("rock")
    assert box.wait(60)
    assert f"seed {text}," in box.takes[0].source
    assert PromptBox(small_system, **box.settings).settings == box.settings
    paint = InpaintingWidget(small_gpt, sample(1, 3, "pop")[0], n=1, seed=seed)
    assert shown(paint)["settings"]["seed"] == text
    paint.fill((1, 2))
    assert paint.wait(60)
    assert f"seed {text}" in paint.versions[0].source


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", np.int64(0)),
        ("n", 2.5),
        ("bars", np.array([1, 2])),
        ("steps", np.float32("nan")),
        ("guidance", -1),
        ("tempo", np.int8(5)),
        ("seed", -1),
        ("seed", 2**64),
        ("seed", True),
        ("seed", np.inf),
    ],
)
def test_a_setting_that_cannot_be_is_named_at_once(small_system, name, value):
    with pytest.raises(PromptError, match=f"{name}="):
        PromptBox(small_system, **{name: value})
    box = PromptBox(small_system)
    before = box.settings
    with pytest.raises(PromptError, match=f"{name}="):
        box.generate("rock", **{name: value})
    assert (box.settings, box.busy, box.takes) == (before, "", [])


@pytest.mark.parametrize("bars", [(3, 3), (4, 2), (-1, 2), (0, 999), (0.5, 2)])
def test_bars_that_cannot_be_are_named_at_once(small_gpt, bars):
    paint = InpaintingWidget(small_gpt, sample(1, 3, "pop")[0])
    before = paint.bars
    with pytest.raises(PromptError, match="bars"):
        paint.fill(bars)
    assert (paint.bars, paint.busy) == (before, "")


def test_the_mixup_lab(kind):
    one, other = (song.excerpt(0, 8) for song in sample(2, 3))
    lab = MixupLab(one, other, lam=kind(1))
    assert shown(lab)["lam"] == 1.0
    assert np.allclose(lab.made["plain"][0], lab.made["a"][0][:, : lab.made["plain"][0].shape[1]])
    lab.lam = kind(0)
    assert shown(lab)["lam"] == 0.0


def test_halves_are_read_from_small_floats():
    one, other = (song.excerpt(0, 8) for song in sample(2, 3))
    for value in (np.float16(0.25), np.float32(0.25), np.array(0.25), np.array(0.25, "f2")):
        assert shown(MixupLab(one, other, lam=value))["lam"] == 0.25
    with pytest.raises(PromptError, match="lam="):
        MixupLab(one, other, lam=np.float32(1.5))
    with pytest.raises(PromptError, match="lam="):
        MixupLab(one, other, lam="half")


def test_the_degradation_lab(kind):
    sounds = np.concatenate([clip.audio for clip in noises()])
    rate = RATE if kind in (np.int8, np.float16) else kind(RATE)
    lab = DegradationLab(sounds, rate, power, example=kind(1), seed=kind(3))
    same = DegradationLab(sounds, RATE, power, example=1, seed=3)
    assert np.array_equal(lab.clip(kind(1)).audio, same.clip(1.0).audio)
    assert np.array_equal(lab.spoiled("noise", kind(1)), same.spoiled("noise", 1.0))
    lab.strength = kind(1)
    assert shown(lab)["strength"] == 1.0
    assert shown(lab)["rows"][0]["values"] == pytest.approx([0.01], rel=0.1)


def test_the_degradation_labs_largest_seed_and_what_it_refuses():
    sounds = np.concatenate([clip.audio for clip in noises()])
    lab = DegradationLab(sounds, RATE, power, seed=np.uint64(LARGEST))
    assert np.isfinite(lab.spoiled("noise", 0.5)).all()
    for name, value in (("example", 3), ("example", -1), ("seed", -1), ("rate", 0.5)):
        with pytest.raises(Exception, match=name):
            DegradationLab(sounds, **{"rate": RATE, "measure": power, name: value})
    for strength in (2, np.float16("nan")):
        with pytest.raises(PromptError, match="strength="):
            lab.clip(strength)


def test_the_film_and_the_grid(small_system, kind):
    film = FilmWidget.of(small_system, "rock", bars=kind(1), steps=kind(3), seed=kind(2))
    frames = small_system.film("rock", bars=1, steps=3, seed=2)
    small = [(kind(round(level)), roll) for level, roll in frames]
    assert shown(FilmWidget(small, "rock"))["frames"][0]["svg"] == film.frames[0]["svg"]
    film.frame = kind(1)
    assert shown(film)["frame"] == 1
    grid = DrumGrid(film.clips[-1])
    grid.tempo = kind(100)
    assert shown(grid)["tempo"] == 100.0
    assert grid.clip.tempo == 100.0


@pytest.mark.parametrize(
    "groups", [[1, 2, 1], np.array([1, 2, 1]), np.array([0.5, 1.5, 0.5], "f2")]
)
def test_a_map_of_numbered_groups(groups, kind):
    places = np.array([[0, 0], [100, 0], [0, 100]], np.int8)
    drawn = SoundMap({3: places}, np.array(noises(), object), groups, seconds=kind(1))
    assert drawn.names == list(map(str, dict.fromkeys(np.asarray(groups).tolist())))
    page = drawn.html()
    assert page.count("<option") == 3
    assert all(name in page for name in drawn.names)
    assert "<Map of 3 clips" in repr(drawn)
    wide = SoundMap({"3": places.astype(float)}, noises(), groups, seconds=1).html()
    points = [re.findall(r"translate\([^)]*\)", html) for html in (page, wide)]
    assert points[0] == points[1]
    assert points[0][:3] == [
        "translate(16.0 384.0)",
        "translate(384.0 384.0)",
        "translate(16.0 16.0)",
    ]


def test_clips_beside_each_other_with_numbers_for_titles():
    clips = noises()
    for titles in ([1, 2, 3], np.array([1, 2, 3]), np.float16([1, 2, 3])):
        page = compare(clips, titles)._repr_mimebundle_()["text/html"]
        assert all(f'<div class="wb-title">{title}</div>' in page for title in titles)


def test_waiting_takes_any_number(small_system, kind):
    assert PromptBox(small_system).wait(kind(1))
