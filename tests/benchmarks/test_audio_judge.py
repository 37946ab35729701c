"""The public judge's tables, with MusiCNN of random weights: rows, scale, what is missing."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.random_musicnn import write_musicnn
from workbench.benchmarks.audio_judge import INSTRUMENTS, PROMPTS, instruments, public, recognised
from workbench.evaluation.table import Report, cell
from workbench.models.musicnn import TAGS

RATE, LENGTH, N = 16_000, 16_000, 12


def bench():
    """Windows of noise whose colour differs, from two sets."""
    random = np.random.default_rng(0)
    sounds = random.normal(0, 0.1, (2, N, LENGTH)).astype(np.float32)
    labels = [SimpleNamespace(labels={"set": "groove"}), SimpleNamespace(labels={})]
    return SimpleNamespace(
        n=N,
        steps=3,
        seed=0,
        quick=True,
        length=LENGTH,
        report=Report(),
        audio=SimpleNamespace(rate=RATE, items=labels),
        real=(sounds[0], np.arange(N) % 2),
        windows=lambda split, seed: (sounds[1], None),
    )


def test_distances_have_codecs_and_a_floor_beside_them(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    write_musicnn(tmp_path)
    run = bench()
    tones = np.sin(np.outer(np.linspace(0.1, 0.5, N), np.arange(LENGTH))).astype(np.float32)
    public(run, {"generated": tones, "the windows": run.real[0]})
    section = run.report.sections["public"]
    names = [row[0] for row in section["rows"]]
    assert names[:2] == ["generated", "the windows"]
    assert sum(name.startswith("codec: ") for name in names) == 3
    assert np.isfinite([value for row in section["rows"] for value in row[2:3] + row[4:5]]).all()
    floor, own = (cell(section, which, "Fréchet") for which in ("real", "own"))
    assert floor < own
    assert section["rows"][1][4] == pytest.approx(0, abs=1e-6)
    assert section["rows"][1][6] == pytest.approx(1)


def test_every_prompt_and_set_has_its_shares(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    write_musicnn(tmp_path)
    run, asked = bench(), []
    random = np.random.default_rng(1)

    def draw(prompts):
        asked.extend(prompts)
        return random.normal(0, 0.1, (len(prompts), LENGTH)).astype(np.float32)

    instruments(run, draw)
    assert asked == list(PROMPTS)
    rows = run.report.sections["instruments"]["rows"]
    assert [row[0] for row in rows[-2:]] == [
        "held-out windows of groove",
        "held-out windows of recordings",
    ]
    for row in rows:
        assert sum(row[2:7]) == pytest.approx(1)
    assert rows[-3][1] == len(PROMPTS)


def test_an_instrument_is_heard_by_its_likeliest_tag():
    names = TAGS["mtt"]

    def judge_of(**likelihoods):
        row = [likelihoods.get(name, 0.1) for name in names]
        return SimpleNamespace(names=names, predict=lambda sounds: (None, np.array([row])))

    assert recognised(judge_of(cello=0.5, piano=0.4), None) == ["strings"]
    assert recognised(judge_of(beats=0.3, techno=0.2), None) == ["drums"]
    assert {tag for tags in INSTRUMENTS.values() for tag in tags} <= set(names)
    assert set(PROMPTS.values()) == set(INSTRUMENTS)


def test_missing_weights_are_said_in_the_table(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    run = bench()
    public(run, {})
    instruments(run, lambda prompts: None)
    for section in run.report.sections.values():
        assert section["rows"] == []
        assert "data_scripts/musicnn.py" in section["notes"][0]
