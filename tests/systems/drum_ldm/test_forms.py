"""Forms: letters, the bank of a checkpoint, and noise that bars of one letter share."""

import numpy as np
import pytest
import torch

from workbench.errors import PromptError
from workbench.representations.drum_chart import DrumChart
from workbench.systems.drum_ldm.forms import (
    FIELDS,
    FORMS,
    bank_of,
    letters_of,
    restated,
    sampled_form,
    shared_noise,
)


def form_of(letters: np.ndarray) -> str:
    """Return letters as a text, "?" for unknown ones."""
    return "".join("?" if np.isnan(x) else "ABCDEF"[int(x)] for x in letters)


def chart(form: str) -> DrumChart:
    return DrumChart.empty(len(form)).with_(letter=letters_of(form, len(form)))


def test_forms_as_text():
    assert letters_of("aab", 8).tolist() == [0, 0, 1, 0, 0, 1, 0, 0]
    assert form_of(letters_of("AABA", 4)) == "AABA"
    assert form_of(np.array([0, np.nan], dtype=np.float32)) == "A?"
    for wrong in ("", "AXB", "123"):
        with pytest.raises(PromptError, match="form"):
            letters_of(wrong, 4)


def test_a_bank_gives_back_the_forms_of_its_loops():
    forms = ["AAABAAAC", "ABAB", "AAAAAAAABBBBBBBB", "AB"]
    bank = bank_of([chart(form) for form in forms])
    assert bank.shape == (FORMS, len(FIELDS), 16)
    generator = np.random.default_rng(0)

    def sampled(bars: int) -> str:
        return form_of(sampled_form(bank, bars, generator)["letter"])

    eight = {sampled(8) for _ in range(40)}
    assert eight == {"AAABAAAC", "AAAAAAAA"}  # four bars are too short, sixteen are cut
    four = {sampled(4) for _ in range(40)}
    assert four == {"AAAB", "ABAB", "AAAA"}  # loops of two bars have no form
    assert sampled(16) == forms[2]


def test_each_player_counts_the_same_in_a_bank():
    bank = bank_of([chart("AAAA")] * 9 + [chart("ABAB")], ["a"] * 9 + ["b"])
    second = bank[:, FIELDS.index("letter"), 1]
    assert int((second == 1).sum()) == FORMS // 2
    assert torch.equal(bank, bank_of([chart("AAAA"), chart("ABAB")], ["a", "b"]))
    with pytest.raises(ValueError, match="zip"):
        bank_of([chart("AAAA")], ["a", "b"])


def test_a_form_brings_how_its_loop_was_played():
    loop = chart("AABA").with_(
        likeness=np.array([0.3, 0.9, 0.2, 0.25], dtype=np.float32),
        lay=np.full(4, 0.1, dtype=np.float32),
    )
    form = sampled_form(bank_of([loop]), 4, np.random.default_rng(0))
    assert np.isnan(form["likeness"][0])
    assert form["likeness"][1:].tolist() == pytest.approx([0.9, 0.2, 0.25], abs=1e-3)
    assert form["lay"].tolist() == pytest.approx([0.1] * 4, abs=1e-3)
    assert np.isnan(form["loose"]).all()


def test_a_form_as_steady_as_asked():
    loops = [
        chart("AAAA").with_(likeness=np.full(4, like, dtype=np.float32), lay=np.full(4, like))
        for like in np.linspace(0, 1, 256)
    ]
    bank = bank_of(loops, [str(i) for i in range(256)])
    generator = np.random.default_rng(0)
    means = [np.nanmean(sampled_form(bank, 4, generator, 0.86)["likeness"]) for _ in range(50)]
    assert max(abs(mean - 0.86) for mean in means) < 0.1
    assert len(set(means)) > 5


def test_each_form_says_how_its_bars_lie_in_time():
    known, swung = chart("AABA"), chart("AABB")
    known.lay[:] = np.array([0.1, np.nan, 0.2, np.nan])
    bank = bank_of([known, swung])
    generator = np.random.default_rng(0)
    for _ in range(20):
        lay = sampled_form(bank, 4, generator)["lay"]
        assert lay.tolist() == pytest.approx([0.1, 0.15, 0.2, 0.15], abs=1e-3)


def test_bars_of_a_letter_share_their_noise():
    torch.manual_seed(0)
    noise = torch.randn(32, 4000)
    mixed = shared_noise(noise, letters_of("AAAB", 8), (4, 4), 0.6, seed=3)
    bars = mixed.reshape(8, -1)
    likeness = torch.corrcoef(bars)
    same = np.equal.outer(letters_of("AAAB", 8), letters_of("AAAB", 8))
    off = ~np.eye(8, dtype=bool)
    assert np.abs(likeness.numpy()[same & off] - 0.6).max() < 0.05
    assert np.abs(likeness.numpy()[~same]).max() < 0.05
    assert torch.allclose(bars.std(1), torch.ones(8), atol=0.05)  # still standard normal
    assert torch.equal(shared_noise(noise, letters_of("A", 8), (4, 4), 0.0, 3), noise)


def test_the_shared_part_does_not_depend_on_the_length():
    noise = torch.randn(32, 6)
    letters = letters_of("AB", 8)
    long = shared_noise(noise, letters, (4, 4), 0.5, seed=1)
    short = shared_noise(noise[:16], letters[:4], (4, 4), 0.5, seed=1)
    assert torch.equal(long[:16], short)


def test_bars_of_three_and_a_half_beats():
    noise = torch.zeros(14, 3)
    mixed = shared_noise(noise, letters_of("A", 4), (7, 8), 1.0, seed=1)
    assert mixed.shape == noise.shape
    assert mixed.any(1).all()  # every beat has its share


def test_bars_of_an_asked_letter_have_the_same_hits():
    random = np.random.default_rng(0)
    hits = random.random((64, 9)) < 0.3
    velocity = np.where(hits, random.random((64, 9)), 0)
    roll = np.concatenate([hits, velocity, 0 * velocity], axis=1).astype(np.float32)
    asked = chart("AABA")
    asked.hits[16] = 0  # nothing on the one of bar 2
    asked.fill[3] = 1
    first, second, third, fill = restated(roll, asked).reshape(4, 16, 27)
    assert (first == roll[:16]).all()
    assert (third == roll[32:48]).all()
    assert (fill == roll[48:]).all()
    assert (second[1:, :9] == first[1:, :9]).all()
    assert (second[0] == roll[16]).all()
    both = (first[1:, :9] > 0) & (roll[17:32, :9] > 0)
    assert both.any()
    assert (second[1:, 9:18][both] == roll[17:32, 9:18][both]).all()
