"""Search of loops by texts: the contrastive encoders and a regression from words."""

import torch

from workbench.datasets import cut_loops, load
from workbench.systems.drum_ldm import DrumLDM
from workbench.systems.drum_ldm.search import fit_search


def test_without_a_regression_the_encoders_search_alone(smoke_folder):
    system = DrumLDM.from_pretrained(smoke_folder)
    clips = cut_loops(load("builtin", split="train"), 4, 4)[:3]
    assert system.words is None
    assert torch.equal(system.search_clips(clips), system.embed_clips(clips))
    assert torch.equal(system.search_text(["rock"]), system.embed_text(["rock"]))


def test_a_regression_is_fitted_saved_and_loaded(smoke_folder, tmp_path):
    system = DrumLDM.from_pretrained(smoke_folder)
    clips = cut_loops(load("builtin", split="train"), 8, 8)[:60]
    fit_search(system, clips)
    texts = [clip.caption for clip in clips]
    system.save_pretrained(tmp_path / "own")
    again = DrumLDM.from_pretrained(tmp_path / "own")
    scores = again.search_text(texts) @ again.search_clips(clips).T
    assert torch.allclose(
        scores, system.search_text(texts) @ system.search_clips(clips).T, atol=0.02
    )
    assert torch.allclose(again.search_clips(clips).norm(dim=1), torch.ones(60), atol=1e-3)
    towers = again.embed_text(texts) @ again.embed_clips(clips).T

    def above(x: torch.Tensor) -> float:
        return float((x > x.diag()[:, None]).float().mean())

    assert above(scores) < above(towers) - 0.1  # the encoders are hardly trained


def test_loops_of_other_lengths_are_found(smoke_folder):
    system = DrumLDM.from_pretrained(smoke_folder)
    fit_search(system, cut_loops(load("builtin", split="train"), 8, 8)[:20])
    short = cut_loops(load("builtin", split="train"), 2, 2)[:4]
    assert system.search_clips(short).shape == system.search_text(["rock"] * 4).shape


def test_shipped_systems_have_a_regression():
    for name in ("drums-groove-bert", "drums-groove-keywords"):
        assert DrumLDM.from_pretrained(name).words is not None
