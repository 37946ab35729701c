"""MRLSTM: phases, receptive fields, and autoencoders that learn."""

import numpy as np
import pytest
import torch
from torch import nn

from workbench.models.mrlstm import (
    MRLSTM,
    AutoencoderConfig,
    DrumAutoencoder,
    PaperAutoencoder,
    read_at_stride,
)


def test_a_stride_reads_each_phase_as_its_own_sequence():
    torch.manual_seed(0)
    lstm = nn.LSTM(3, 5, batch_first=True)
    x = torch.randn(2, 16, 3)
    out = read_at_stride(lstm, x, 4)
    for phase in range(4):
        expected, _ = lstm(x[:, phase::4])
        assert torch.allclose(out[:, phase::4], expected, atol=1e-6)


def test_stride_one_is_a_plain_lstm():
    lstm = nn.LSTM(3, 5, batch_first=True)
    x = torch.randn(2, 8, 3)
    assert torch.allclose(read_at_stride(lstm, x, 1), lstm(x)[0], atol=1e-6)


def test_what_each_resolution_hears_by_gradients():
    """At stride 4 the last beat's first step hears the first steps of the beats, nothing else."""
    model = MRLSTM(1, 4, strides=(4,))
    x = torch.randn(1, 16, 1, requires_grad=True)
    model(x)[0, 12].sum().backward()
    heard = x.grad[0, :, 0] != 0
    assert heard.nonzero().flatten().tolist() == [0, 4, 8, 12]


def test_a_one_way_mrlstm_is_causal():
    model = MRLSTM(2, 4)
    x = torch.randn(1, 16, 2, requires_grad=True)
    model(x)[0, 7].sum().backward()
    assert (x.grad[0, 8:] == 0).all()
    assert (x.grad[0, 7] != 0).any()


@pytest.mark.parametrize("beats", [1, 4, 32])
def test_latents_are_one_normalised_vector_a_beat(beats):
    model = DrumAutoencoder(AutoencoderConfig(latent=6, hidden=4, width=8))
    z = model.encode(torch.rand(2, 4 * beats, 27))
    assert z.shape == (2, beats, 6)
    assert torch.allclose(z.mean(-1), torch.zeros(2, beats), atol=1e-5)
    assert torch.allclose(z.var(-1, unbiased=False), torch.ones(2, beats), atol=1e-3)
    roll = model.decode(z)
    assert roll.shape == (2, 4 * beats, 27)
    hits, velocity, offset = roll.chunk(3, dim=-1)
    assert set(hits.unique().tolist()) <= {0.0, 1.0}
    assert ((velocity >= 0) & (velocity <= 1)).all()
    assert (offset.abs() <= 0.5).all()
    assert (velocity[hits == 0] == 0).all()


def test_the_papers_sizes():
    """397k parameters in the encoder, as counted in the original; 3072 features into 128."""
    model = PaperAutoencoder()
    encoder = sum(p.numel() for part in (model.mrlstm, model.squeeze) for p in part.parameters())
    assert encoder == pytest.approx(397_000, rel=0.01)
    assert model.squeeze[0].in_features == 3072
    assert model.encode(torch.rand(3, 128, 27)).shape == (3, 128)


def test_velocity_and_offset_count_only_where_there_is_a_hit():
    """A guess of velocity in an empty cell changes no term but the hit's."""
    model = DrumAutoencoder(AutoencoderConfig(latent=6, hidden=4, width=8))
    empty = torch.zeros(2, 16, 27)
    terms = model.loss(empty)
    assert terms["velocity"] == 0
    assert terms["offset"] == 0
    assert terms["hit"] > 0


def test_a_velocity_next_to_the_highest_is_decoded_as_the_highest(monkeypatch):
    network = DrumAutoencoder(AutoencoderConfig(hidden=4, width=8))
    velocity = torch.tensor([1.0, 60.0, 122.0, 123.0, 126.9]) / 127
    made = velocity[None, :, None].expand(1, 5, 9)
    monkeypatch.setattr(network, "forward", lambda z: (torch.ones_like(made), made, 0 * made))
    decoded = network.decode(torch.zeros(1, 1, 1))[0, :, 9]
    assert (127 * decoded).tolist() == pytest.approx([1, 60, 122, 127, 127])


def test_the_loss_is_that_of_the_equation_cell_by_cell():
    """Lesson 04, equation (2): λ = 20, divided by the number of true hits, in plain NumPy."""
    torch.manual_seed(0)
    model = DrumAutoencoder(AutoencoderConfig(latent=6, hidden=4, width=8, noise=0.0))
    roll = torch.zeros(3, 16, 27)
    roll[..., :9] = (torch.rand(3, 16, 9) < 0.3).float()
    roll[..., 9:18] = roll[..., :9] * torch.rand(3, 16, 9)
    roll[..., 18:] = roll[..., :9] * (torch.rand(3, 16, 9) - 0.5)
    with torch.no_grad():
        terms = model.loss(roll)
        logits, velocity, offset = (x.double().numpy() for x in model(model.encode(roll)))
    h, v, o = (part.double().numpy() for part in roll.split(9, dim=-1))
    p = 1 / (1 + np.exp(-logits))
    hits = cost = of_velocity = of_offset = 0.0
    for cell in np.ndindex(h.shape):
        hits += h[cell]
        cost -= np.log(p[cell]) if h[cell] else np.log(1 - p[cell])
        if h[cell]:
            of_velocity += (v[cell] - velocity[cell]) ** 2
            of_offset += (o[cell] - offset[cell]) ** 2
    assert hits > 50
    assert float(terms["hit"]) == pytest.approx(cost / hits, rel=1e-5)
    assert float(terms["velocity"]) == pytest.approx(20 * of_velocity / hits, rel=1e-5)
    assert float(terms["offset"]) == pytest.approx(20 * of_offset / hits, rel=1e-5)


def grooves(n: int, seed: int) -> torch.Tensor:
    """Two-bar loops: kick and snare by one of four patterns, hats by another of four."""
    g = torch.Generator().manual_seed(seed)
    rolls = torch.zeros(n, 32, 27)
    kicks, hats = torch.randint(4, (2, n), generator=g)
    for i in range(n):
        rolls[i, :: 2 + 2 * int(kicks[i]), 0] = 1
        rolls[i, 4::8, 1] = 1
        rolls[i, :: 1 + int(hats[i]), 2] = 1
    rolls[..., 9:18] = rolls[..., :9] * (0.3 + 0.5 * torch.rand(n, 1, 9, generator=g))
    return rolls


@pytest.mark.parametrize("kind", ["ours", "paper"])
def test_autoencoders_beat_the_average_loop(kind):
    """On unseen loops: nearer than the best constant answer, by half."""
    torch.manual_seed(0)
    train, test = grooves(256, 0), grooves(64, 1)
    model = (
        DrumAutoencoder(AutoencoderConfig(latent=8, hidden=16, width=32))
        if kind == "ours"
        else PaperAutoencoder(16, steps=32)
    )
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for step in range(120):
        rows = slice(64 * (step % 4), 64 * (step % 4) + 64)
        loss = torch.stack(list(model.loss(train[rows]).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        heard = model.decode(model.encode(test))
    error = ((heard - test)[..., 9:18] ** 2).mean()
    constant = ((train.mean(0) - test)[..., 9:18] ** 2).mean()
    assert error < 0.5 * constant
