"""Exercise checks: each knows the answer, the empty stub, each mistake, and code that fails."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from workbench import teaching
from workbench.evaluation.rhythm import positions
from workbench.models.contrastive import info_nce
from workbench.models.diffusion import guided
from workbench.representations.text import masked_mean

ANSWERS = {
    "check_density": lambda hits: hits.sum() / len(hits) * 4,
    "check_swing_ratio": lambda place: place.mean() / (1 - place.mean()),
    "check_onset_histogram": lambda hits, drum: hits.reshape(-1, 16, 9)[:, :, drum].mean(0),
    "check_masked_mean": masked_mean,
    "check_info_nce": info_nce,
    "check_phases": lambda x, r: x.reshape(-1, r, x.shape[1]).swapaxes(0, 1),
    "check_hit_loss": lambda x, h: F.binary_cross_entropy_with_logits(x, h) * h.numel() / h.sum(),
    "check_add_noise": lambda x, e, a: a**0.5 * x + (1 - a) ** 0.5 * e,
    "check_ddim_step": lambda x, e, now, then: (
        then**0.5 * (x - (1 - now) ** 0.5 * e) / now**0.5 + (1 - then) ** 0.5 * e
    ),
    "check_guidance": guided,
}
MISTAKES = [
    ("check_density", lambda h: h.sum(), "divide by the number of beats"),
    ("check_swing_ratio", lambda p: (1 - p.mean()) / p.mean(), "turn it round"),
    ("check_onset_histogram", lambda h, d: h[:, d].reshape(-1, 16).sum(0), "number of bars"),
    ("check_masked_mean", lambda h, m: h.mean(1), "use the mask"),
    ("check_info_nce", lambda a, b, s: info_nce(a, b, 1.0), "scale is missing"),
    ("check_phases", lambda x, r: x[::r], "one phase"),
    ("check_hit_loss", lambda x, h: F.binary_cross_entropy_with_logits(x, h), "mean over all"),
    ("check_add_noise", lambda x, e, a: a * x + (1 - a) * e, "roots are missing"),
    ("check_ddim_step", lambda x, e, n, t: (x - (1 - n) ** 0.5 * e) / n**0.5, "guess of x₀"),
    ("check_guidance", lambda c, u, s: c + s * (c - u), "without the text"),
]


def test_every_check_is_tested():
    checks = {name for name in dir(teaching) if name.startswith("check_")}
    assert checks == ANSWERS.keys() == {name for name, _, _ in MISTAKES}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_independent_answer_is_correct(name):
    result = getattr(teaching, name)(ANSWERS[name])
    assert result.passed, result


@pytest.mark.parametrize("name", ANSWERS)
def test_the_stub_is_not_attempted(name):
    assert getattr(teaching, name)(lambda *args: None).state == "not attempted"


@pytest.mark.parametrize(("name", "mistake", "hint"), MISTAKES)
def test_the_typical_mistake_is_named(name, mistake, hint):
    result = getattr(teaching, name)(mistake)
    assert result.state == "not yet"
    assert hint in result.message


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize(
    "broken",
    [
        lambda *args: 1 / 0,
        lambda *args: "words",
        lambda *args: np.full(3, np.nan),
        lambda *args: torch.zeros(7, 7, 7),
        lambda: 0,
        lambda *args: [[1, 2], [3]],
    ],
)
def test_no_answer_makes_a_check_raise(name, broken):
    result = getattr(teaching, name)(broken)
    assert result.state == "not yet"
    assert result.message
    assert result.state in result._repr_html_()


def test_a_constant_cannot_pass_by_luck():
    for name in ANSWERS:
        assert not getattr(teaching, name)(lambda *args: 0.0).passed


def test_the_input_cannot_be_changed_under_the_reference():
    def spoils(hits):
        answer = hits.sum() / len(hits) * 4
        hits[:] = False
        return answer

    assert teaching.check_density(spoils).passed


def test_histogram_agrees_with_the_library():
    hits = np.random.default_rng(0).random((32, 9)) < 0.3
    rolls = np.concatenate([hits, hits, hits], axis=1)[None].astype(np.float32)
    ours = ANSWERS["check_onset_histogram"](hits, 2)
    assert np.allclose(positions(rolls)[0].reshape(9, 16)[2], ours)
