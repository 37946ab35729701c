"""The tagger: what it is asked, that it learns, what it gives."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from workbench.datasets.audio import find_audio, prepare_audio
from workbench.errors import WorkbenchError
from workbench.evaluation.audio_sets import inception_score, paired_kl, sim_aa
from workbench.evaluation.distances import frechet_distance
from workbench.evaluation.tagger import Tagger, cache_folder, tagger_of, targets, train_tagger
from workbench.representations.mel import Mel

RATE = 16_000


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    """Hisses and tones: two genres that anyone can tell apart."""
    top, random = tmp_path_factory.mktemp("sounds"), np.random.default_rng(0)
    lines = ["file,style,split,caption"]
    for i in range(24):
        time = np.arange(RATE) / RATE
        tone = 0.3 * np.sin(2 * np.pi * random.uniform(200, 2000) * time)
        sound = tone if i % 2 else 0.3 * random.normal(size=RATE).clip(-1, 1)
        soundfile.write(top / f"{i}.wav", sound, RATE)
        lines.append(f"{i}.wav,{('hiss', 'tone')[i % 2]},{'train' if i < 16 else 'validation'},x")
    (top / "captions.csv").write_text("\n".join(lines) + "\n")
    return prepare_audio(find_audio(top), top / "out", rate=RATE, quiet=True)


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        ({"style": "jazz", "tempo": "120", "key": "A minor"}, (1, 4, 0)),
        ({"genre": "rock", "style": "jazz", "tempo": 60.0}, (0, 0, -1)),
        ({"style": "polka", "key": "Gb major", "tempo": 200}, (-1, 5, 6)),
        ({}, (-1, -1, -1)),
        ({"tempo": "fast"}, (-1, -1, -1)),
        ({"tempo": "nan"}, (-1, -1, -1)),
        ({"tempo": "-90"}, (-1, -1, -1)),
    ],
)
def test_labels_become_classes(labels, wanted):
    assert targets(labels, ["rock", "jazz"]) == wanted


def test_it_learns_what_is_different(audio):
    tagger = train_tagger(audio, ["hiss", "tone"], 0.5, steps=25, seed=0)
    sounds, pieces = audio.windows(RATE // 2, rows=audio.split("validation"))
    vectors, chances = tagger.predict(sounds[:, 0])
    assert vectors.shape == (len(sounds), 128)
    assert chances.sum(1) == pytest.approx(np.ones(len(sounds)), abs=1e-5)
    truth = [("hiss", "tone").index(audio.items[i].labels["style"]) for i in pieces]
    assert (chances.argmax(1) == truth).mean() > 0.85
    one, other = vectors[np.array(truth) == 0], vectors[np.array(truth) == 1]
    assert frechet_distance(one, other) > 3 * frechet_distance(one[::2], one[1::2])


def test_a_finished_training_is_found_again(audio, tmp_path):
    first = train_tagger(audio, ["hiss", "tone"], 0.5, steps=4, seed=0, folder=str(tmp_path))
    again = train_tagger(audio, ["hiss", "tone"], 0.5, steps=4, seed=0, folder=str(tmp_path))
    sound = audio[0][:, :8000]
    assert np.allclose(first.predict(sound)[0], again.predict(sound)[0], atol=1e-5)


def heard(sounds):
    torch.manual_seed(0)
    return Tagger(["hiss", "tone"], Mel()).eval().predict(sounds)


def test_the_judge_of_a_collection_stays_in_the_cache(audio, tmp_path, monkeypatch):
    """It knows the training split's genres; other steps or another length are another judge."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    judge = tagger_of(audio, RATE // 4, steps=2)
    assert judge.genres == ("hiss", "tone")
    folder = Path(f"{cache_folder('tagger', audio, RATE // 4)}-2")
    assert tmp_path in folder.parents
    assert folder.is_dir()
    again = tagger_of(audio, RATE // 4, steps=2)
    assert torch.equal(again.encoder(judge.mel(torch.ones(1, RATE))), judge(torch.ones(1, RATE))[0])


def test_silence_is_heard_and_measured_like_any_sound():
    music = 0.1 * np.random.default_rng(0).normal(size=(6, RATE))
    (vectors, chances), (real, real_chances) = heard(np.zeros((5, RATE))), heard(music)
    assert chances.sum(1) == pytest.approx(np.ones(5), abs=1e-5)
    assert np.allclose(vectors, vectors[0], atol=1e-5)
    assert inception_score(chances) == pytest.approx(1)  # always the same
    assert sim_aa(vectors, vectors) == {"SIM_AA@90": 1.0, "SIM_AA@95": 1.0}
    assert 0 < frechet_distance(vectors, real) < np.inf
    assert 0 <= paired_kl(real_chances[:5], chances) < np.inf


@pytest.mark.parametrize(
    "sound",
    [np.full((1, 1), 0.4), np.tile([[1.0, -1.0]], 4000), np.full((1, RATE), 40.0)],
    ids=["one sample", "clipped", "too loud"],
)
def test_odd_sounds_are_heard(sound):
    vectors, chances = heard(sound)
    assert np.isfinite(vectors).all()
    assert chances.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("sounds", "said"),
    [
        ([[0.0] * 9, [np.nan] * 9], "sounds holds NaN or infinity in row 1"),
        (np.zeros(9), "sounds has shape"),
        (np.zeros((0, 9)), "sounds has too few rows: 0"),
    ],
)
def test_what_cannot_be_heard_is_named(sounds, said):
    with pytest.raises(WorkbenchError, match=said):
        heard(sounds)
