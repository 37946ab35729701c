"""The masked process of DiffusionLM, end to end at a small size."""

from itertools import pairwise

import numpy as np
import pytest
import symusic
import torch

from workbench import Region
from workbench.datasets.builtin_songs import sample
from workbench.errors import PromptError
from workbench.models import masked_lm
from workbench.models.masked_lm import MaskedLM
from workbench.music.clip import Clip
from workbench.representations.pvd import LENGTH, PAD
from workbench.systems.diffusion_lm import DiffusionLM
from workbench.systems.diffusion_lm.controls import level, measures
from workbench.systems.diffusion_lm.splice import read
from workbench.systems.diffusion_lm.training import piano_of
from workbench.systems.storage import system_of


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    out = tmp_path_factory.mktemp("masked")
    DiffusionLM.train("builtin-songs", "smoke", out=out)
    assert system_of(str(out)) == "DiffusionLM"
    card = (out / "README.md").read_text()
    assert "--process masked" in card
    assert "--backbone" not in card
    return DiffusionLM.from_pretrained(out)


def test_it_is_masked_and_needs_no_classifiers(masked):
    assert masked.config.process == "masked"
    assert isinstance(masked.networks.diffusion, MaskedLM)
    assert not hasattr(masked.networks, "controls")
    assert masked.config.network.controls == (12, 3, 3, 1)


@pytest.mark.parametrize("steps", [1, 7, 300])
def test_every_sample_is_grammatical(masked, steps):
    seen = []
    words = masked.sample_words(3, steps=steps, seed=2, progress=lambda p: seen.append(p.step))
    assert words.shape == (3, LENGTH)
    assert masked.code.validity(words) == (1.0, 1.0)
    assert len(seen) == min(steps, LENGTH - 2)
    assert (words == masked.sample_words(3, steps=steps, seed=2)).all()
    if steps == 7:
        free = masked.sample_words(3, steps=steps, seed=2, grammar=False)
        assert masked.code.validity(free)[0] < 1


@pytest.mark.parametrize(
    ("temperature", "touch"), [(0, 0), (0.4, 0.6), (0.7, 1), (0.9, 1), (1, 1), (3, 3)]
)
def test_velocities_and_lengths_are_sampled_warmer(masked, temperature, touch):
    found = masked._temperatures(temperature)[1:-1].reshape(-1, 4)  # place, pitch, velocity, length
    assert found[:, :2].numpy() == pytest.approx(temperature)
    assert found[:, 2:].numpy() == pytest.approx(touch)


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0, "steps": 1},
        {"temperature": 0, "steps": 3},
        {"guidance": 50, "steps": 5},
        {"guidance": 1000, "temperature": 0, "steps": 9},
        {"guidance": 1000, "temperature": 1000, "steps": 2},
    ],
)
def test_every_setting_samples_whole_notes_each_once(masked, settings):
    control = {"density": "busy", "register": "low", "key": "F# major"}
    words = masked.sample_words(6, control, seed=3, **settings)
    assert masked.code.validity(words) == (1.0, 1.0)
    assert not np.any(masked.code.repeated(words))
    onsets = [
        list(zip(notes["time"], notes["pitch"], strict=True))
        for notes in (masked.code.notes(row) for row in words)
    ]
    assert [len(set(notes)) for notes in onsets] == [32] * 6
    assert (masked.code.positions[words] < 16).all()  # the clips are in 4/4


def test_kinds_that_make_no_notes_are_refused(masked):
    kinds = np.full(LENGTH, "p")
    with pytest.raises(PromptError, match="kinds: word 1 cannot be 'p'"):
        masked.sample_words(1, kinds=kinds)


def test_its_bound_is_lower_after_training_than_before(masked):
    windows = masked.windows(sample(6, 1))
    found = masked.bits(windows, draws=4)
    assert set(found) == {"total", "error"}
    fresh = DiffusionLM.from_config(masked.config_dict()).bits(windows, draws=4)
    assert found["total"] < fresh["total"]
    # about the cost of guessing evenly
    assert fresh["total"] == pytest.approx(np.log2(masked.code.size), abs=1)


def test_the_ends_of_a_window_are_not_counted_as_words(masked):
    windows = masked.windows(sample(6, 1))
    full = windows[(windows != PAD).all(1)]
    every = masked_lm.bound(masked.networks.diffusion, torch.from_numpy(full), PAD, draws=4)
    music = masked.bits(full, draws=4)
    assert music["total"] == pytest.approx(every["total"] * 130 / 128)
    assert music["error"] == pytest.approx(every["error"] * 130 / 128, rel=1e-3)


def test_inpainting_keeps_all_other_notes_and_the_bar_lines(masked):
    clip = piano_of(sample(1, 2, "pop")[0])
    versions = masked.inpaint(clip, Region(bars=(1, 2)), n=2, steps=20)
    inside = (clip.notes["time"] >= 4) & (clip.notes["time"] < 8)
    outside = {tuple(note) for note in clip.notes[~inside].tolist()}
    for version in versions:
        notes = version.notes
        assert outside <= {tuple(note) for note in notes.tolist()}
        new = (notes["time"] >= 4) & (notes["time"] < 8)
        assert 0 < new.sum() <= inside.sum()
    assert versions[0].notes.tolist() != versions[1].notes.tolist()


def test_a_note_within_a_window_can_be_sampled_anew(masked):
    window = masked.windows(sample(2, 1))
    window = window[(window != PAD).all(1)][0]
    known = window.copy()
    known[21:29] = -1  # two notes
    words = masked.sample_words(4, known=known, kinds=masked.code.kinds[window], steps=8)
    rest = np.r_[0:21, 29:LENGTH]
    assert (words[:, rest] == window[rest]).all()
    assert masked.code.validity(words) == (1.0, 1.0)
    assert (words != window).any()


def test_a_filling_neither_doubles_nor_interrupts_the_notes_around_it(masked):
    """The right hand plays; the left is filled with as many notes, and all of them are written."""
    clip = piano_of(sample(1, 2, "pop")[0])
    lost = []
    for bar in range(1, 7):
        region = Region(bars=(bar, bar + 1))
        for version in masked.inpaint(clip, region, n=3, steps=6, seed=bar, temperature=0.3):
            lost.append(len(clip.notes) - len(version.notes))
    assert np.mean(lost) < 0.3  # of 4 to 20 notes


def test_each_bar_has_its_own_limit_of_positions(masked):
    meters = [(3, 4), (4, 4), (3, 4), (4, 4), (3, 4)]
    lines = np.cumsum([0.0, *(4 * top / bottom for top, bottom in meters)])
    rows = [
        (start + t, 0.5, 60 + number, 80)
        for start, end in pairwise(lines)
        for number, t in enumerate(np.arange(0, end - start, 0.5))
    ]
    clip = Clip.from_notes(rows, drums=False)
    score = clip.score.copy()
    score.time_signatures = [
        symusic.TimeSignature(round(start * score.tpq), *meter)
        for start, meter in zip(lines[:-1], meters, strict=True)
    ]
    clip = Clip(score)
    assert clip.bar_lines.tolist() == lines.tolist()
    region = Region(bars=(1, 3))  # of four and of three quarter notes
    reading = read(clip, region, masked.code)
    assert {int(reading.positions[reading.bars == bar][0]) for bar in (1, 3)} == {16}
    assert {int(reading.positions[reading.bars == bar][0]) for bar in (0, 2, 4)} == {12}
    assert reading.starts[reading.bars == 2].tolist() == [28] * (reading.bars == 2).sum()
    words = masked.sample_words(
        20,
        known=reading.known,
        kinds=masked.code.kinds[reading.ids],
        positions=reading.positions,
        starts=reading.starts,
        steps=3,
        temperature=50,
    )
    places = masked.code.positions[words]
    assert places[:, reading.bars == 2].max() == 11
    assert places[:, reading.bars == 1].max() >= 14
    seen = []  # what `inpaint` samples itself
    with pytest.warns(UserWarning, match="3/4"):
        masked.inpaint(
            clip,
            region,
            n=8,
            steps=3,
            temperature=50,
            progress=lambda now: seen.append(now.state()),
        )
    places = masked.code.positions[seen[-1]]
    assert places[:, reading.bars == 2].max() <= 11 < places[:, reading.bars == 1].max()


def test_a_short_window_is_not_filled_with_words_behind_its_end(masked):
    window = masked.windows(sample(2, 1))[0].copy()
    window[81], window[82:] = window[-1], PAD
    known = window.copy()
    known[41:61] = -1
    words = masked.sample_words(2, known=known, steps=5)
    assert (words[:, 61:] == window[61:]).all()
    assert masked.code.validity(words) == (1.0, 1.0)


def test_controls_and_guidance(masked):
    clip = masked.generate({"density": "busy", "key": "Bb major"}, steps=3)[0]
    assert clip.caption == "piano, density busy, key Bb major"
    assert clip.labels["request"]["strength"] == masked.config.guidance
    assert clip.labels["request"]["temperature"] == masked.config.temperature
    plain, asked, ignored = (
        masked.sample_words(2, control, guidance=guidance, steps=9, seed=1)
        for control, guidance in ((None, 1), ({"register": "high"}, 20), ({"register": "high"}, 0))
    )
    assert (plain != asked).any()
    assert (plain == ignored).all()  # a scale of 0 does not use the control


def test_the_labels_that_it_is_trained_with_are_those_of_the_transposed_window(monkeypatch):
    """`fit` receives classes that agree with measures of the very words it is given."""
    from workbench.systems.diffusion_lm import training
    from workbench.systems.diffusion_lm.config import PROFILES

    seen = []

    def spy(module, ids, pad, classes):
        seen.append((ids, classes))
        raise StopIteration

    monkeypatch.setattr(training.masked_lm, "losses", spy)
    recipe = training.recipe("builtin-songs", "smoke", 0, process="masked")
    system = DiffusionLM.from_config(recipe.config)

    def fit(network, data, loss, *args, **more):
        with pytest.raises(StopIteration):
            loss(network, *(part[:200] for part in data))

    monkeypatch.setattr(training, "fit", fit)
    recipe.stages(system.networks)[0].fit(PROFILES["smoke"].masking, None, seed=0, watch=None)
    ((ids, classes),) = seen
    ids, classes = ids.numpy(), classes.numpy()
    key, density, pitch = measures(ids, system.code)
    inside = (ids != system.code.first["p"]).all(1)  # not clamped at the ends of the range
    assert inside.sum() >= 20
    assert (classes[inside, 0] == key[inside]).mean() > 0.9  # ties between keys may change
    assert (classes[:, 1] == level(density, system.config.density)).all()
    register = level(pitch, system.config.register)
    assert (classes[inside, 2] == register[inside]).mean() > 0.98  # rounding at a limit
    assert (classes[:, 3] == 0).all()
    assert len(set(classes[:, 0])) > 5


def test_what_it_does_not_have_is_refused(masked, tmp_path):
    with pytest.raises(PromptError, match="backbone: a masked model has its own network"):
        DiffusionLM.train(
            "builtin-songs", "smoke", process="masked", backbone="electra", out=tmp_path
        )
    with pytest.raises(PromptError, match="sampler='ddim'"):
        masked.generate(sampler="ddim")
    with pytest.raises(PromptError, match="steps=0"):
        masked.generate(steps=0)
    with pytest.raises(PromptError, match=r"process: .*'discrete'"):
        DiffusionLM.train(process="discrete")


def test_a_film_shows_how_many_words_are_masked(masked):
    film = masked.film("busy", steps=4)
    assert [frame_level for frame_level, _ in film] == [1.0, 0.75, 0.5, 0.25]
