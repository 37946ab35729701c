"""What the conditionings of all denoisers share."""

import pytest
import torch

from workbench.models.conditioning import joined
from workbench.models.denoisers import DrumConditioning
from workbench.models.dit import LDMGConditioning
from workbench.models.music_ldm import MusicLDMConditioning

ALL = {
    "drums": DrumConditioning(torch.ones(3, 4), torch.zeros(3), torch.ones(3, 2)),
    "LDMG": LDMGConditioning(torch.arange(3), torch.ones(3, 5, 4), torch.ones(3, 5) > 0),
    "MusicLDM": MusicLDMConditioning(torch.ones(3, 4), torch.ones(3) > 0),
}


@pytest.mark.parametrize("name", ALL)
def test_dropping_all_conditions_keeps_the_shapes_and_leaves_nothing_for_guidance(name):
    batch = ALL[name]
    empty, dropped = batch.unconditional(), batch.dropped(1.0)
    for other in (empty, dropped, batch.dropped(0.0)):
        assert [part.shape for part in other] == [part.shape for part in batch]
        assert type(other) is type(batch)
    assert all(torch.equal(a, b) for a, b in zip(batch, batch.dropped(0.0), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(batch, empty, strict=True))
    twice = dropped.unconditional()  # nothing is left to leave out
    assert all(torch.equal(a, b) for a, b in zip(dropped, twice, strict=True))
    assert [len(part) for part in joined(batch, empty)] == [6] * len(list(batch))
