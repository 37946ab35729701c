"""Arguments as people hand them over: NumPy's numbers as Python's, odd ones refused by name."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workbench import Clip
from workbench.arguments import (
    choice,
    floats,
    generator,
    later_seed,
    listed,
    number,
    row_seeds,
    same_length,
    seed_of,
    torch_seed,
    whole,
)
from workbench.datasets import cut_loops, load
from workbench.datasets.dataset import evenly_spaced
from workbench.errors import PromptError, WorkbenchError
from workbench.evaluation.agreement import krippendorff_alpha
from workbench.evaluation.comparison import compare
from workbench.evaluation.degradations import DEGRADATIONS, degrade
from workbench.evaluation.distances import frechet_distance, frechet_interval
from workbench.evaluation.embedders import embed
from workbench.evaluation.features import style_features
from workbench.evaluation.wasserstein import sliced_wasserstein
from workbench.models.generation import Sampling
from workbench.music.clip import clips_of
from workbench.systems.region import Region

THREES = (
    3,
    np.int8(3),
    np.uint64(3),
    np.int64(3),
    np.float32(3),
    3.0,
    np.array(3),
    torch.tensor(3),
)


@pytest.mark.parametrize("three", THREES)
def test_a_three_is_a_three(three):
    for read in (seed_of, lambda x: whole(x, "n", 1, 8)):
        assert read(three) == 3
        assert type(read(three)) is int
    assert type(number(three, "tempo", 1, 8)) is float


@pytest.mark.parametrize(
    "odd",
    [
        2**64,
        2**70,
        -1,
        np.int64(-1),
        True,
        np.True_,
        1.5,
        np.float32(1.5),
        "3",
        None,
        [3],
        np.array([3]),
        math.nan,
        np.float64("nan"),
        math.inf,
        3j,
    ],
)
def test_what_is_not_a_seed_is_named(odd):
    with pytest.raises(PromptError, match=r"^seed=") as told:
        seed_of(odd)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 160


def test_a_number_longer_than_python_writes_is_refused_in_one_line():
    with pytest.raises(PromptError, match=r"^seed=0x") as told:
        seed_of(10**5000)
    assert len(str(told.value)) < 160


@given(st.integers(0, 2**64 - 1))
def test_every_seed_reaches_both_generators(seed):
    assert seed_of(np.uint64(seed)) == seed_of(seed) == seed
    assert np.random.default_rng(seed).random() == np.random.default_rng(np.uint64(seed)).random()
    assert torch.equal(
        torch.randn(2, generator=generator(seed)), torch.randn(2, generator=generator(seed))
    )
    if seed < 2**32:  # as before there was anything to fold
        assert torch_seed(seed) == seed


def test_large_seeds_are_seeds_of_their_own():
    seeds = [0, 2**31, 2**32, 2**33, 2**63 - 1, 2**63, 2**64 - 1, 5, 2**32 + 5]
    assert len({torch.randn(4, generator=generator(s)).numpy().tobytes() for s in seeds}) == 9


@given(st.integers(0, 2**64 - 1), st.integers(1, 6), st.integers(1, 6))
def test_rows_have_the_same_seed_in_any_batch(seed, n, more):
    rows = row_seeds(seed, n)
    assert len(rows) == n
    assert rows[0] == seed
    assert row_seeds(seed, n + more)[:n] == rows


def test_limits_belong_to_the_range():
    assert whole(np.int16(8), "bars", 1, 8) == 8
    assert number(np.float32(0.5), "strength", 0, 1) == 0.5
    for name, call in (
        ("bars", lambda: whole(9, "bars", 1, 8)),
        ("n", lambda: whole(2.5, "n", 1)),
        ("tempo", lambda: number("fast", "tempo", 1)),
        ("guidance", lambda: number(math.inf, "guidance")),
    ):
        with pytest.raises(PromptError, match=rf"^{name}="):
            call()


LOOP = [(i / 2, 0.25, 36, 90) for i in range(16)]


@pytest.mark.parametrize("kind", [np.int64, np.int16, np.uint8, np.float32, np.float64, np.array])
def test_clips_take_numpys_numbers(kind):
    clip = Clip.from_notes(LOOP, tempo=100, beats=8)
    assert clip.excerpt(kind(4), kind(2)).midi_bytes() == clip.excerpt(4, 2).midi_bytes()
    assert clip.with_(tempo=kind(90)).midi_bytes() == clip.with_(tempo=90).midi_bytes()
    changed = clip.with_(meter=(kind(3), kind(4)), beats=kind(6))
    assert changed.midi_bytes() == clip.with_(meter=(3, 4), beats=6).midi_bytes()
    same = Clip.from_notes(LOOP, tempo=kind(100), meter=(kind(4), kind(4)), beats=kind(8))
    assert same.midi_bytes() == clip.midi_bytes()
    assert len(cut_loops([clip], bars=kind(1), hop_bars=kind(1), meter=(kind(4), kind(4)))) == 2
    assert evenly_spaced(range(9), kind(3)) == [0, 3, 6]
    rate = 100 * kind(1)
    assert np.array_equal(clip.waveform(rate), clip.waveform(100))
    sound = Clip(audio=np.ones((1, 500)) / 2, sample_rate=rate, tempo=kind(60), beats=kind(5))
    assert sound.excerpt(kind(1), kind(2)).audio.shape == (1, 200)
    assert sound.audio_bytes("wav", rate)


@pytest.mark.parametrize("odd", ["x", None, [1], math.nan, math.inf, -3, 2**70, 3j])
def test_clips_name_the_number_that_is_none(odd):
    clip = Clip.from_notes(LOOP, tempo=100, beats=8)
    for name, call in (
        ("sample_rate", lambda: clip.waveform(odd)),
        ("n_beats", lambda: clip.excerpt(0, odd)),
        ("start_beat", lambda: clip.excerpt(odd, 1)),
        ("meter", lambda: clip.with_(meter=(odd, 4))),
        ("tempo", lambda: Clip.from_notes(LOOP, tempo=odd)),
        ("bars", lambda: cut_loops([clip], bars=odd)),
        ("limit", lambda: load("builtin", "train", limit=odd if odd not in (None, 2**70) else 0)),
    ):
        with pytest.raises(WorkbenchError, match=f"^{name}"):
            call()


def test_later_seeds_stay_seeds():
    assert [later_seed(5, i) for i in range(3)] == [5, 6, 7]
    assert seed_of(later_seed(2**64 - 1, 2)) == 1


def kind(value: object) -> str:
    """The name of a case; a repr may hold an address, which is another one in each process."""
    return type(value).__name__


ODD = (True, -1.5, math.nan, b"x", {}, {"a": 1}, object(), Path("x"), np.array(2.0), 10**400)


@pytest.mark.parametrize("odd", [*ODD, None, [], ["noise"], np.array(["noise", "x"])], ids=kind)
def test_a_name_that_is_none_of_the_known_is_refused_with_all_of_them(odd):
    with pytest.raises(PromptError, match=r"^kind=.*noise, reverb$") as told:
        choice(odd, "kind", ("noise", "reverb"))
    assert "\n" not in str(told.value)
    assert choice(np.str_("noise"), "kind", ("noise", "reverb")) == "noise"


@pytest.mark.parametrize("odd", [*ODD, None, "x"], ids=kind)
def test_a_list_is_a_list(odd):
    for read in (
        lambda: listed(odd, "seeds", "seeds"),
        lambda: clips_of(odd, "seeds"),
        lambda: floats(["x", odd], "seeds"),
    ):
        with pytest.raises(PromptError, match=r"^seeds=") as told:
            read()
        assert "\n" not in str(told.value)
        assert len(str(told.value)) < 160
    assert listed(range(3), "seeds", "seeds") == listed(iter((0, 1, 2)), "seeds", "seeds")
    with pytest.raises(PromptError, match=r"^seeds is empty"):
        listed((), "seeds", "seeds", least=1)
    with pytest.raises(PromptError, match="seeds has 2, tempos has 1"):
        same_length(seeds=[1, 2], tempos=[90.0])


def test_one_clip_does_where_several_may_be_given():
    clip = Clip.from_notes(LOOP, tempo=100, beats=8)
    assert clips_of(clip) == clips_of([clip]) == clips_of(iter([clip])) == [clip]
    with pytest.raises(PromptError, match=r"^clips\[1\]='loop.mid'"):
        clips_of([clip, "loop.mid"])


@pytest.mark.parametrize("odd", [5, 5.5, b"x", ["x"], object()], ids=kind)
def test_a_clip_has_texts_and_labels(odd):
    clip = Clip.from_notes(LOOP, tempo=100, beats=8)
    for name in ("caption", "source", "labels"):
        with pytest.raises(PromptError, match=f"^{name}="):
            clip.with_(**{name: odd})
        assert clip.with_(**{name: None}).caption == ""


@pytest.mark.parametrize("name", ["temperature", "top_k", "top_p", "repetition", "window", "echo"])
@pytest.mark.parametrize("odd", [True, None, math.nan, math.inf, -1, "x", [1], np.array([1, 2])])
def test_a_sampling_setting_that_is_none_is_named(name, odd):
    with pytest.raises(PromptError, match=f"^{name}="):
        Sampling(**{name: odd})
    assert Sampling(**{name: np.array(1)}) == Sampling(**{name: 1})
    for fraction in ("top_k", "window"):
        with pytest.raises(PromptError, match=f"^{fraction}=5.5"):
            Sampling(**{fraction: 5.5})


def test_a_region_names_something():
    for empty in ({"tracks": []}, {"cells": np.zeros((16, 9))}, {"bars": (2, 2)}):
        with pytest.raises(PromptError, match=f"^{next(iter(empty))}"):
            Region(**empty)
    for odd in ({"tracks": 5.5}, {"tracks": [None]}, {"cells": "x"}, {"bars": "x"}, {"seconds": 1}):
        with pytest.raises(PromptError, match=f"^{next(iter(odd))}="):
            Region(**odd)
    assert list(Region(tracks=0).tracks) == [0]
    assert list(Region(tracks="SD").tracks) == ["SD"]


@pytest.mark.parametrize("rate", [1, 2, 50, 44101])
@pytest.mark.parametrize("samples", [1, 2, 100])
@pytest.mark.parametrize("kind", DEGRADATIONS)
def test_a_degradation_works_at_any_rate_and_length(kind, rate, samples):
    sounds = np.random.default_rng(0).normal(0, 0.1, (2, samples)).astype(np.float32)
    for strength in (0.01, 0.5, 1):
        made = degrade(sounds, rate, kind, strength)
        assert made.shape == sounds.shape
        assert np.isfinite(made).all()
    for wrong, value in (("rate", 0), ("rate", 5.5), ("kind", ["noise"]), ("strength", 2)):
        with pytest.raises(WorkbenchError, match=f"^{wrong}"):
            degrade(
                **{"sounds": sounds, "rate": rate, "kind": kind, "strength": 0} | {wrong: value}
            )


@pytest.mark.parametrize("odd", ["x", b"x", {}, object(), ["x"], [[1], [1, 2]], 10**400, [[]]])
def test_measures_name_the_table_that_is_none(odd):
    table = np.random.default_rng(0).normal(size=(8, 2))
    for name, call in (
        ("x", lambda: frechet_distance(odd, table)),
        ("y", lambda: sliced_wasserstein(table, odd)),
        ("real", lambda: compare(odd, table)),
        ("ratings", lambda: krippendorff_alpha(odd)),
        ("rolls", lambda: style_features(odd)),
        ("clip", lambda: embed(odd, len)),
    ):
        with pytest.raises(WorkbenchError, match=f"^{name}") as told:
            call()
        assert "\n" not in str(told.value)
    with pytest.raises(PromptError, match=r"^times=0"):
        frechet_interval(table, table, times=0)
