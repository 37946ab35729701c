"""Judges of classes and of realism: right where sound is as asked, wrong where it is not."""

from types import SimpleNamespace

import numpy as np
import pytest

from workbench.benchmarks.audio_classes import PROMPTS, classes, realism
from workbench.evaluation.table import Report

RATE, LENGTH, N = 16_000, 12_000, 36
KINDS = list(PROMPTS)


def sound_of(kind, random):
    """A noise whose colour tells its class."""
    pitch = 200 * 2 ** KINDS.index(kind)
    tone = np.sin(2 * np.pi * pitch * np.arange(LENGTH) / RATE + random.uniform(0, 6))
    return (0.3 * tone + random.normal(0, 0.02, LENGTH)).astype(np.float32)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))  # without MusiCNN
    items = [SimpleNamespace(labels={"style": KINDS[i % 6]}) for i in range(3 * N)]
    splits = {"train": 0, "validation": N, "test": 2 * N}

    def windows(split, seed=0):
        random, pieces = np.random.default_rng(seed), splits[split] + np.arange(N)
        return np.stack([sound_of(KINDS[i % 6], random) for i in pieces]), pieces

    return SimpleNamespace(
        n=N,
        steps=3,
        seed=0,
        quick=True,
        report=Report(),
        audio=SimpleNamespace(rate=RATE, items=items),
        windows=windows,
        real=windows("test"),
        rebuilt=lambda sounds: np.random.default_rng(0).normal(0, 0.2, sounds.shape),
    )


def test_sound_is_heard_as_its_class(bench):
    random = np.random.default_rng(5)
    kinds = {prompts[0]: kind for kind, prompts in PROMPTS.items()}
    classes(bench, lambda prompt, n, beat: np.stack([sound_of(kinds[prompt], random)] * n))
    section = bench.report.sections["classes"]
    assert [row[0] for row in section["rows"]] == [*KINDS, "all"]
    assert section["rows"][-1][2] == 1
    assert section["rows"][-1][4:6] == [1, pytest.approx(1 / 6)]  # held-out music; as noise
    assert "musicnn" in section["notes"][-1].lower()
    classes(bench, lambda prompt, n, beat: np.stack([sound_of("chip", random)] * n))
    rows = {row[0]: row[2] for row in bench.report.sections["classes"]["rows"]}
    assert rows["chip"] == 1
    assert rows["all"] == pytest.approx(1 / 6)


def test_real_music_is_not_told_from_real_music_but_noise_is(bench):
    noise = np.random.default_rng(0).normal(0, 0.2, (N, LENGTH)).astype(np.float32)
    realism(bench, {"noise": noise})
    (noisy, own), (held, other) = (row[0:3:2] for row in bench.report.sections["realism"]["rows"])
    assert (noisy, held) == ("noise", "other held-out music")
    assert own > 0.95
    assert other < 0.8


def test_data_without_classes_are_not_judged(bench):
    for item in bench.audio.items:
        item.labels["style"] = "rock"
    classes(bench, lambda prompt, n, beat: pytest.fail("nothing is to be generated"))
    section = bench.report.sections["classes"]
    assert not section["rows"]
    assert "sound-classes" in section["notes"][0]
