"""The facts of a prompt as numbers."""

import numpy as np
import pytest
import torch

from workbench.models.contrastive import Contrastive, ContrastiveConfig
from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import METERS
from workbench.systems.drum_ldm.facts import FACTS, prompt_facts, with_facts

PLACES = slice(-2 * 16 * len(DRUMS) - len(METERS) - 2, -len(METERS) - 2)


def test_a_text_without_facts_has_none():
    assert prompt_facts("hello").shape == (FACTS,)
    assert not prompt_facts("hello").any()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("no snare", "snare"),
        ("loud, then soft", "soft, then loud"),
        ("kick on 1", "kick on 3"),
        ("fill in bar 4", "fill in bar 8"),
        ("waltz", "rock"),
        ("90 bpm", "180 bpm"),
    ],
)
def test_facts_tell_negation_order_place_metre_and_tempo_apart(one, other):
    assert np.abs(prompt_facts(one) - prompt_facts(other)).max() > 0.1


def test_places_are_shares_of_bars():
    asked = prompt_facts("kick on 3")[PLACES].reshape(2, 16, len(DRUMS))
    assert asked[0, :, DRUMS.index("BD")].nonzero()[0].tolist() == [8]
    assert asked[1, 8, DRUMS.index("BD")] == 1
    assert prompt_facts("90 bpm")[-2:].tolist() == pytest.approx([1, np.log2(0.75)])


def test_facts_follow_the_vectors():
    vectors = torch.randn(2, 5)
    joined = with_facts(vectors, ["no snare", "rock"])
    assert torch.equal(joined[:, :5], vectors)
    assert joined.shape == (2, 5 + FACTS)
    towers = Contrastive(ContrastiveConfig(text_dim=5, facts=FACTS, width=8, depth=1))
    assert towers.embed_text(joined).norm(dim=-1).tolist() == pytest.approx([1, 1])
