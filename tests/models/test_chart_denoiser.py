"""The denoiser of charts: what is not asked has no effect, and padding neither."""

import numpy as np
import torch

from workbench.models.chart_denoiser import ChartConditioning, ChartDenoiser, dropped_chart
from workbench.models.gpt import angles, rotate
from workbench.representations.drum_chart import ASKED_CHANNELS, LETTERS, DrumChart

FORM = slice(34, 34 + LETTERS)  # after 8 bar fields and 9 drums, each with its switch


def conditioning(n: int = 3, bars: int = 4) -> ChartConditioning:
    roll = np.zeros((16 * bars, 27), dtype=np.float32)
    roll[::4, 0], roll[::4, 9], roll[4::8, 1], roll[4::8, 10] = 1, 0.8, 1, 0.9
    chart = torch.from_numpy(DrumChart.measure(roll).to_array())
    return ChartConditioning(
        torch.randn(n, 8),
        torch.zeros(n),
        torch.ones(n, 2),
        chart.expand(n, *chart.shape).clone(),
        torch.ones(n, 4 * bars, dtype=torch.bool),
    )


def network() -> ChartDenoiser:
    torch.manual_seed(0)
    net = ChartDenoiser(5, 8, width=24, depth=2, heads=2).eval()
    for layer in (net.adaLN_modulation, net.final_modulation, net.final_layer):
        torch.nn.init.normal_(layer.weight, std=0.2)
    return net


def test_padding_changes_nothing():
    net, asked = network(), conditioning()
    z, t = torch.randn(3, 16, 5), torch.tensor([1, 500, 999])
    short = net(z, t, *asked)
    more = ChartConditioning(
        asked.text,
        asked.tempo,
        asked.known,
        torch.cat([asked.chart, torch.randn(3, 8, asked.chart.shape[2])], 1),
        torch.cat([asked.real, torch.zeros(3, 8, dtype=torch.bool)], 1),
    )
    long = net(torch.cat([z, torch.randn(3, 8, 5)], 1), t, *more)
    assert torch.allclose(long[:, :16], short, atol=1e-5)


def test_attention_depends_on_distances_only():
    """Rotary positions: the product of two places depends on how far apart they are."""
    q, k = torch.randn(2, 16)
    rope = angles(12, 16, base=100.0)
    a, b = rotate(q.expand(12, 16), rope), rotate(k.expand(12, 16), rope)
    products = a @ b.T
    for distance in range(-5, 6):
        values = torch.diagonal(products, distance)
        assert torch.allclose(values, values[0].expand_as(values), atol=1e-4)


def test_unconditional_asks_nothing_but_the_form():
    asked = conditioning()
    free = asked.unconditional()
    assert free.known[:, 0].sum() == 0
    assert free.known[:, 1].all()
    assert torch.equal(free.chart[..., ASKED_CHANNELS:], asked.chart[..., ASKED_CHANNELS:])
    assert torch.equal(free.chart[..., FORM], asked.chart[..., FORM])
    rest = free.chart[..., :ASKED_CHANNELS].clone()
    rest[..., FORM] = 0
    assert not rest.any()
    assert asked.chart[..., :34].any()  # the original is as it was


def test_training_asks_every_part_sometimes_and_hides_every_part_sometimes():
    torch.manual_seed(1)
    asked = conditioning(400)
    dropped = dropped_chart(asked.chart)
    assert torch.equal(dropped[..., ASKED_CHANNELS:], asked.chart[..., ASKED_CHANNELS:])
    known = asked.chart[0, 0, 8:16] > 0  # switches of the bar fields
    shares = dropped[:, :, 8:16].mean((0, 1))
    assert ((shares[known] > 0.05) & (shares[known] < 0.6)).all()
    empty = (dropped[..., :ASKED_CHANNELS] == 0).flatten(1).all(1).float().mean()
    assert 0.05 < empty < 0.2  # a fifth ask nothing, and of these 40 % have no form
    kept = dropped != 0
    assert torch.equal(dropped[kept], asked.chart[kept])  # what stays is not changed
    some = dropped[:, :, 8:16].amax(-1)  # asked in some bars, not in others
    assert ((some.amax(1) > 0) & (some.amin(1) == 0)).float().mean() > 0.1
