"""What every system keeps, whichever it is: run over the registry, at the smallest sizes.

A system that is added to the registry is tested here without a line of its own, but for how the
smallest one is made.
"""

import inspect
import json
import math
import signal
import warnings
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.systems.conftest import SOUND
from workbench.datasets import builtin, builtin_songs
from workbench.errors import CheckpointError, PromptError, WorkbenchError
from workbench.models.samplers import SAMPLERS
from workbench.music.clip import Clip
from workbench.systems.diffusion_lm import DiffusionLM
from workbench.systems.region import Region
from workbench.systems.registry import SYSTEMS
from workbench.systems.storage import SHIPPED
from workbench.systems.system import System
from workbench.training import loop

# of what a system is asked, where it has them
SHORT = {"steps": 3, "bars": 1, "seconds": 0.4, "tracks": (0,)}
LDM = [key for key, entry in SYSTEMS.items() if "encode" in entry.system.can]
pytestmark = pytest.mark.filterwarnings("error::DeprecationWarning")


def can(verb):
    return [key for key, entry in SYSTEMS.items() if verb in entry.system.can]


@pytest.fixture(scope="module")
def systems():
    """Each system as it is shipped, loaded when it is first asked for."""
    loaded = {}

    def get(key):
        if key not in loaded:
            loaded[key] = SYSTEMS[key].from_pretrained()
        return loaded[key]

    return get


def short(system, verb="generate", **more):
    known = system.settings(verb)
    both = {"bars"} if "seconds" in known else set()  # the length of sound is given once
    return {name: value for name, value in SHORT.items() if name in known.keys() - both} | more


def asked(system, n=1, **more):
    return system.generate(n=n, **short(system, **more))


@pytest.fixture(scope="module")
def clips(systems):
    """One clip of each system, to work on."""
    made = {}

    def get(key):
        if key not in made:
            system = systems(key)
            more = {"bars": 3} if system.settings().get("bars") else {}
            if key == "piano":
                more = {"steps": 20}  # words that make two bars and more
            made[key] = asked(system, seed=5, **more)[0]
        return made[key]

    return get


def region_of(clip):
    if not clip.has_score:
        return Region(seconds=(0.1, 0.25))
    return Region(bars=(1, 2))


def do(system, verb, clip, n=1, **more):
    call = getattr(system, verb)
    if verb == "generate":
        return call(n=n, **short(system, verb, **more))
    given = (clip, region_of(clip)) if verb == "inpaint" else (clip,)
    return call(*given, n=n, **short(system, verb, **more))


ALL = [(key, verb) for verb in ("generate", "inpaint", "vary") for key in can(verb)]
each = pytest.mark.parametrize(("key", "verb"), ALL)


def content(clip):
    """What is heard of a clip: samples, or notes with times to the tick."""
    return clip.audio if clip.audio is not None else clip.notes


def same(a, b):
    """Equal, but for rounding of sound: matrices of other sizes are added in another order."""
    one, other = content(a), content(b)
    if a.audio is None:
        return np.array_equal(one, other)
    return one.shape == other.shape and np.allclose(one, other, atol=1e-3)


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", SYSTEMS)
def test_the_verbs_have_the_same_arguments(key):
    system = SYSTEMS[key].system
    assert issubclass(system, System)
    first = {
        "generate": ["prompt", "n"],
        "inpaint": ["clip", "region", "n"],
        "vary": ["clip", "n"],
        "train": ["dataset", "profile"],
    }
    for verb in first.keys() & system.can:
        found = list(inspect.signature(getattr(system, verb)).parameters.values())
        assert [p.name for p in found if p.kind is p.POSITIONAL_OR_KEYWORD][
            (verb != "train" and found[0].name == "self") :
        ] == first[verb]
        names = {p.name for p in found}
        assert {"seed"} | (
            {"out", "budget_minutes", "watch"} if verb == "train" else {"progress"}
        ) <= names
        if verb != "train":
            assert next(p for p in found if p.name == "n").default == 1


@pytest.mark.parametrize("key", SYSTEMS)
def test_what_a_system_cannot_do_is_said(key, systems):
    system = systems(key)
    for verb in {"inpaint", "vary", "encode", "decode", "film", "reconstruct"} - system.can:
        with pytest.raises(WorkbenchError, match=f"cannot {verb}"):
            getattr(system, verb)(*[None] * (2 if verb == "inpaint" else 1))


def test_latents_have_the_same_interface():
    for key in LDM:
        public = set(dir(SYSTEMS[key].system))
        assert {"noise", "conditioning", "sample", "encode", "decode"} <= public


# --- counts, seeds, numbers -------------------------------------------------------------------


@each
@pytest.mark.parametrize("n", [0, -1, 1.5, "2", True])
def test_a_count_that_is_none_is_refused(key, verb, n, systems, clips):
    with pytest.raises(WorkbenchError, match="n="):
        do(systems(key), verb, clips(key), n)


@each
@pytest.mark.parametrize("seed", [-1, 2**64, 0.5, None])
def test_a_seed_that_is_none_is_refused(key, verb, seed, systems, clips):
    with pytest.raises(WorkbenchError, match="seed="):
        do(systems(key), verb, clips(key), seed=seed)


@each
def test_a_take_is_the_same_whatever_n_is(key, verb, systems, clips):
    one, three = (do(systems(key), verb, clips(key), n, seed=7) for n in (1, 3))
    assert len(three) == 3
    assert same(one[0], three[0])
    assert not all(same(three[0], other) for other in three[1:])


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("key", [k for k in SYSTEMS if "sampler" in SYSTEMS[k].system.settings()])
def test_a_take_is_the_same_with_every_sampler(key, sampler, systems):
    # the shipped default of piano is masked and has one sampler
    system = DiffusionLM.from_pretrained("piano-diffusion") if key == "piano" else systems(key)
    one, two = (asked(system, n, seed=7, sampler=sampler, steps=2) for n in (1, 2))
    assert same(one[0], two[0])


@each
def test_numbers_of_numpy_are_numbers(key, verb, systems, clips):
    plain = do(systems(key), verb, clips(key), 1, seed=3)[0]
    numpy = do(systems(key), verb, clips(key), np.int64(1), seed=np.uint8(3))[0]
    assert np.array_equal(content(plain), content(numpy))
    assert plain.source == numpy.source


@each
def test_another_number_of_threads_gives_the_same(key, verb, systems, clips):
    before, made = torch.get_num_threads(), []
    few = {"steps": 2} if "steps" in systems(key).settings() else {}
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            made.append(do(systems(key), verb, clips(key), seed=3, **few)[0])
    finally:
        torch.set_num_threads(before)
    assert same(*made)


ODD = (object(), b"x", [None], {"a": None}, math.nan, 10**400, Path("x"), np.array([]), iter(()))


def refusal(call, arguments):
    """The workbench's own error of a call, "" where it has none. Old ways to call are not told."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call(**arguments)
        except WorkbenchError as error:
            return str(error)
    return ""


VERBS = ("generate", "inpaint", "vary", "encode", "decode", "reconstruct", "film")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("key", "verb"), [(key, verb) for verb in VERBS for key in can(verb)])
def test_an_argument_of_another_kind_is_refused_in_one_line(key, verb, systems, clips):
    """Each argument but words, which are read as what they say, is given what it cannot be."""
    system, clip = systems(key), clips(key)
    call = getattr(system, verb)
    settings = system.settings(verb) | short(system, verb)
    if "steps" in settings:
        settings["steps"] = 1
    first = {"clip": clip, "clips": [clip], "region": region_of(clip)}
    names = [
        p.name for p in inspect.signature(call).parameters.values() if p.kind is not p.VAR_KEYWORD
    ]
    given = {name: first[name] for name in names if name in first} | settings
    if verb == "decode":
        given = {"latents": system.encode(clip)}
    for name in (set(names) | set(settings)) - {"prompt", "caption", "keep", "keep_bars"}:
        for odd in ODD:
            told = refusal(call, given | {name: odd})
            old = name in ("region", "clips") or verb == "film"  # an old way speaks of another name
            assert not told or name in told or old, name
            assert "\n" not in told
            assert len(told) < 300


# --- provenance -------------------------------------------------------------------------------


@each
def test_a_clip_says_where_it_comes_from(key, verb, systems, clips):
    system, clip = systems(key), clips(key).with_(source="by somebody", labels={"licence": "CC0"})
    for take, made in enumerate(do(system, verb, clip, 2, seed=11), start=1):
        entry = SYSTEMS[key]
        expected = {"system": entry.name, "checkpoint": entry.checkpoint, "seed": 11, "take": take}
        assert expected.items() <= made.labels.items()
        for words in (entry.name, entry.checkpoint, "seed 11", f"take {take}"):
            assert words in made.source
        json.dumps(made.labels)
        if verb != "generate":
            assert made.labels["original"] == "by somebody"
            assert made.labels["licence"] == "CC0"


@each
def test_settings_of_numpy_are_kept_with_a_clip_as_numbers(key, verb, systems, clips):
    system = systems(key)
    kinds = {float: np.float64, int: np.int64}
    known = system.settings(verb) | short(system, verb)
    given = {
        name: value
        for name, value in known.items()
        if type(value) in kinds and name not in ("n", "seed")
    }
    assert given
    plain = do(system, verb, clips(key), **given)[0]
    numpy = {name: kinds[type(value)](value) for name, value in given.items()}
    made = do(system, verb, clips(key), **numpy)[0]
    assert json.dumps(made.labels) == json.dumps(plain.labels)
    assert made.source == plain.source
    assert same(made, plain)


# --- progress ---------------------------------------------------------------------------------


@each
def test_progress_counts_to_the_end(key, verb, systems, clips):
    records = []
    made = do(systems(key), verb, clips(key), 2, progress=records.append)
    assert [record.step for record in records] == sorted({record.step for record in records})
    assert records[0].step >= 1
    assert {record.steps for record in records} == {records[-1].step}
    so_far = records[-1].clips
    assert len(so_far) == len(made) == 2
    assert all(isinstance(clip, Clip) for clip in so_far)
    assert abs(so_far[0].duration - made[0].duration) < 2.5 + (key == "piano") * 60


@each
def test_progress_may_end_it(key, verb, systems, clips):
    class Enough(Exception):
        pass

    calls = []

    def stop(record):
        calls.append(record.step)
        raise Enough

    with pytest.raises(Enough):
        do(systems(key), verb, clips(key), progress=stop)
    assert len(calls) == 1


@each
@pytest.mark.filterwarnings("default::DeprecationWarning")
def test_progress_of_old_is_still_called(key, verb, systems, clips):
    two = key in SOUND
    calls = []
    if two:
        progress = lambda step, steps: calls.append((step, steps))  # noqa: E731
    else:
        progress = lambda step, steps, state: calls.append((step, steps))  # noqa: E731
    with pytest.warns(DeprecationWarning, match="progress"):
        do(systems(key), verb, clips(key), progress=progress)
    assert calls[-1][0] == calls[-1][1]


# --- inpainting -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", can("inpaint"))
def test_inpainting_leaves_the_rest_to_the_byte(key, systems, clips):
    clip = clips(key)
    region = region_of(clip)
    for made in do(systems(key), "inpaint", clip, 2, seed=1):
        if clip.audio is not None:
            begin, end = (round(s * clip.sample_rate) for s in region.seconds)
            assert made.audio[:, :begin].tobytes() == clip.audio[:, :begin].tobytes()
            assert made.audio[:, end:].tobytes() == clip.audio[:, end:].tobytes()
            assert made.audio.shape == clip.audio.shape
            continue
        early = 0.125 if clip.is_drums else 0.0  # a hit of a cell may come so much before it
        first, last = clip.bar_lines[list(region.bars)] - early
        one, other = (
            [n for n in c.notes.tolist() if not first <= n[0] < last] for c in (clip, made)
        )
        assert one == other
        assert one


@pytest.mark.parametrize("key", can("inpaint"))
def test_a_region_may_be_said_in_another_unit(key, systems, clips):
    clip, system = clips(key), systems(key)
    if clip.has_score:
        first, last = clip.seconds_at(clip.bar_lines[[1, 2]])
        other = Region(seconds=(first, last))
    else:  # two bars of half a second each
        clip = clip.with_(tempo=600.0)
        first, last = clip.seconds_at(clip.bar_lines[[0, 1]])
        other = Region(seconds=(first, last))
    bars = Region(bars=(1, 2) if clip.has_score else (0, 1))
    given = short(system, "inpaint", seed=2)
    a, b = (system.inpaint(clip, region, **given)[0] for region in (bars, other))
    assert same(a, b)


@pytest.mark.parametrize("key", can("inpaint"))
@pytest.mark.parametrize(
    "wrong",
    [
        {"bars": (2, 2)},
        {"bars": (3, 1)},
        {"bars": 4},
        {"bars": (0.5, 2)},
        {"bars": (40, 90)},
        {"seconds": (0.5, 0.5)},
        {"seconds": (400, 500)},
        {"bars": (0, 1), "seconds": (0, 1)},
        {"cells": np.ones((3, 3), bool)},
    ],
)
def test_a_region_that_is_none_is_refused(key, wrong, systems, clips):
    with pytest.raises(WorkbenchError):
        systems(key).inpaint(clips(key), Region(**wrong), **short(systems(key), "inpaint"))


@pytest.mark.parametrize("key", can("inpaint"))
def test_a_region_in_units_that_a_system_does_not_replace_is_refused(key, systems, clips):
    system, clip = systems(key), clips(key)
    parts = {
        "bars": (1, 2),
        "seconds": (0.1, 0.3),
        "cells": np.ones((16 * clip.bars, 9), bool),
        "tracks": [0],
    }
    assert set(system.replaces) <= parts.keys()
    for unit in parts.keys() - set(system.replaces):
        with pytest.raises(WorkbenchError, match=unit):
            system.inpaint(clip, Region(**{unit: parts[unit]}), **short(system, "inpaint"))


# --- latents ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", LDM)
def test_noise_becomes_clips_by_public_names(key, systems):
    system = systems(key)
    known = inspect.signature(system.conditioning).parameters
    more = {"tempos": [100.0, 100.0], "bars": 2} if "tempos" in known else {}
    noise = system.noise([1, 2], 8)
    z = system.sample(noise, system.conditioning(["rock", ""], **more))
    assert z.shape == noise.shape == (2, *system.latent_shape(8))
    made = system.decode(z)
    assert [type(clip) for clip in made] == [Clip, Clip]
    assert made[0].labels["system"] == SYSTEMS[key].name


@pytest.mark.parametrize("key", LDM)
def test_a_batch_is_encoded_as_each_alone(key, systems):
    system = systems(key)
    pair = asked(system, 2, seed=1)
    both = system.encode(pair)
    assert len(both) == 2
    alone = torch.cat([system.encode(clip) for clip in pair])
    assert torch.allclose(both, alone, atol=1e-4)
    timed = "tempo" in inspect.signature(system.decode).parameters
    again = system.decode(both, **({"tempo": pair[0].tempo} if timed else {}))
    assert len(again) == 2
    assert again[0].duration == pytest.approx(pair[0].duration, abs=0.2)


# --- checkpoints ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", SYSTEMS)
def test_a_saved_system_makes_the_same(key, systems, tmp_path):
    system = systems(key)
    name = system.checkpoint
    try:
        folder = system.save_pretrained(tmp_path / "mine", card="# A card\n")
    finally:
        system.checkpoint = name
    again = type(system).from_pretrained(folder)
    one, other = (asked(s, seed=2)[0] for s in (system, again))
    assert np.array_equal(content(one), content(other))
    assert other.labels["checkpoint"] == str(folder)
    for wrong in (entry.system for entry in SYSTEMS.values() if entry.key != key):
        with pytest.raises(CheckpointError, match=SYSTEMS[key].name):
            wrong.from_pretrained(folder)


@pytest.mark.parametrize("key", SYSTEMS)
def test_the_shipped_checkpoint_is_whole(key):
    folder = SHIPPED / SYSTEMS[key].checkpoint
    assert {"config.json", "model.safetensors", "README.md", "training.json"} <= {
        path.name for path in folder.iterdir()
    }


# --- films ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", can("film"))
def test_a_film_runs_from_noise_to_the_clip(key, systems):
    system = systems(key)
    frames = system.film("", seed=4, **short(system))
    levels = [level for level, _ in frames]
    assert len(frames) == SHORT["steps"]
    assert levels == sorted(levels, reverse=True)
    assert 0.9 < levels[0] <= 1


@pytest.mark.parametrize("key", SYSTEMS)
def test_a_prompt_of_another_kind_is_refused(key, systems):
    system = systems(key)
    for prompt in (3.5, object()):
        with pytest.raises((WorkbenchError, TypeError)):
            partial(system.generate, prompt, **short(system))()


# --- training ---------------------------------------------------------------------------------


@pytest.fixture
def train(audio, tmp_path, monkeypatch):
    """train(key, name, …): the smallest training of a system, in a folder of that name; the system
    and what the record says of its stages."""
    for corpus in (builtin, builtin_songs):
        monkeypatch.setattr(corpus, "SIZES", {"train": (48, 1), "validation": (16, 2)})

    def run(key, name, **more):
        entry, out = SYSTEMS[key], tmp_path / name
        dataset = audio if key in SOUND else entry.built_in
        if "text" in entry.options:
            more["text"] = "keywords"
        system = entry.system.train(dataset, "smoke", out=out, **more)
        return system, json.loads((out / "training.json").read_text())["stages"]

    return run


def weights_of(system):
    return {name: value.clone() for name, value in system.networks.state_dict().items()}


def logs_of(stages):
    """The lines of the log by stage, but for the time."""
    return {
        name: [{**line, "seconds": 0} for line in stage["log"]] for name, stage in stages.items()
    }


@pytest.mark.parametrize("key", can("train"))
def test_a_training_stopped_in_every_stage_ends_on_the_same_weights(key, train):
    system, stages = train(key, "whole", seed=3)
    assert not system.networks.training
    stopped = []

    def stop(line):
        """As Ctrl-C, at the first line of each stage, which is not its last."""
        if line["stage"] not in stopped:
            assert line["step"] < stages[line["stage"]]["steps"]
            stopped.append(line["stage"])
            signal.raise_signal(signal.SIGINT)

    for _ in stages:
        with pytest.raises(KeyboardInterrupt, match="run the same command"):
            train(key, "parts", seed=3, watch=stop)
    other, again = train(key, "parts", seed=3, watch=stop)
    assert stopped == list(stages)
    assert logs_of(again) == logs_of(stages)
    weights = weights_of(other)
    for name, value in weights_of(system).items():
        assert torch.equal(weights[name], value), name


@pytest.mark.filterwarnings("ignore:.*the time was up")
@pytest.mark.parametrize("key", can("train"))
def test_a_budget_is_kept_over_all_stages_of_training(key, train, monkeypatch):
    """By a clock on which a step takes a second; a budget ends in the step that goes beyond it."""
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=count().__next__))
    more = {"seed": np.uint64(2**63), "budget_minutes": np.float32(0.175)}  # 10.5 s
    system, stages = train(key, "out", **more)
    assert sum(stage["steps"] for stage in stages.values()) == 11
    assert sum(stage["minutes"] for stage in stages.values()) == pytest.approx(11 / 60)
    other, again = train(key, "out", **more)  # its time is up
    assert again == stages
    weights = weights_of(other)
    for name, value in weights_of(system).items():
        assert torch.equal(weights[name], value), name


@pytest.mark.parametrize("key", can("train"))
@pytest.mark.parametrize("wrong", [{"budget_minutes": -1}, {"seed": 2**64}, {"profile": "huge"}])
def test_a_training_refuses_what_makes_no_sense(key, wrong, tmp_path):
    with pytest.raises(PromptError, match=f"^{next(iter(wrong))}="):
        SYSTEMS[key].system.train(out=tmp_path, **wrong)
