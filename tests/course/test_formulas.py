"""Formulas of lessons whose code belongs to other libraries, or is a part of a larger network; and
figures in the lessons' prose, against what computes them."""

import json
import math
import re

import numpy as np
import pytest
import torch

from workbench.course.lesson import ANSWERS
from workbench.course.notebooks import CHECKOUT

RECORDED = {
    number: answer
    for lesson in json.loads(ANSWERS.read_text(encoding="utf-8")).values()
    for number, answer in lesson["answers"].items()
}


def prose_of(number):
    """The text of a lesson, each space once."""
    [script] = (CHECKOUT / "src").glob(f"{number}_*.py")
    lines = re.findall(r"(?m)^# ?(?!%%)(.*)$", script.read_text(encoding="utf-8"))
    return " ".join(" ".join(lines).split())


def test_principal_components_are_the_first_singular_vectors():
    """Lesson 06, equation (2): z = Wᵀ(x − m), and m + Wz has the least squared error."""
    from sklearn.decomposition import PCA

    x = np.random.default_rng(0).normal(size=(60, 7)) @ np.diag([5, 3, 2, 1, 0.5, 0.3, 0.1]) + 4
    m = x.mean(0)
    _, values, right = np.linalg.svd(x - m, full_matrices=False)
    w = right[:3].T
    pca = PCA(3).fit(x)
    rebuilt = pca.inverse_transform(pca.transform(x))
    assert np.allclose(rebuilt, m + (x - m) @ w @ w.T)
    assert np.abs(pca.transform(x)) == pytest.approx(np.abs((x - m) @ w))
    assert ((x - rebuilt) ** 2).sum() == pytest.approx((values[3:] ** 2).sum())


def test_t_sne_minimises_the_divergence_of_the_lesson():
    """Lesson 12, equation (1), written out: the perplexity fixes each σ, then KL(p ‖ q)."""
    from sklearn.manifold import TSNE

    x = np.random.default_rng(0).normal(size=(24, 5))
    method = TSNE(perplexity=6, init="random", random_state=0, method="exact")
    y, n = method.fit_transform(x).astype(float), len(x)
    squares = ((x[:, None] - x[None]) ** 2).sum(-1)
    given = np.zeros((n, n))
    for i in range(n):
        others = np.arange(n) != i
        low, high = 1e-3, 1e3  # of 1/2σ²
        for _ in range(100):
            middle = math.sqrt(low * high)
            row = np.exp(-middle * (squares[i, others] - squares[i, others].min()))
            row /= row.sum()
            wide = math.exp(-(row * np.log(np.maximum(row, 1e-300))).sum()) > 6
            low, high = (middle, high) if wide else (low, middle)
        given[i, others] = row
    p = (given + given.T) / (2 * n)
    q = 1 / (1 + ((y[:, None] - y[None]) ** 2).sum(-1))
    np.fill_diagonal(q, 0)
    q /= q.sum()
    pairs = ~np.eye(n, dtype=bool)
    cost = (p[pairs] * np.log(np.maximum(p[pairs], 1e-300) / q[pairs])).sum()
    assert method.kl_divergence_ == pytest.approx(cost, rel=1e-3)


def test_film_scales_and_shifts_the_channels_of_a_block():
    """Lesson 08, equation (6): a block is h + α F(LN(h)(1 + γ) + β) for attention, then for the
    convolutions; β, γ and α are W·SiLU(e(t) + Pc) + b."""
    from workbench.models.denoisers import sinusoids
    from workbench.models.music_ldm import FiLMTransformer, MusicLDMSizes

    torch.manual_seed(0)
    sizes = MusicLDMSizes(embed=6, patch=(8, 4, 1), latent=3, transformer=(8, 1, 2))
    network = FiLMTransformer(sizes).eval()
    [block] = network.blocks
    w, b = block.adaLN_modulation[1].weight, block.adaLN_modulation[1].bias
    torch.nn.init.normal_(w)
    torch.nn.init.normal_(b)
    seen = {}
    block.register_forward_hook(lambda _, given, out: seen.update(given=given, out=out))
    t, c = torch.tensor([300]), torch.randn(1, 6)
    with torch.no_grad():
        network(torch.randn(1, 3, 5, 1), t, c, torch.tensor([True]))
        u = network.t_embedder(sinusoids(t.float(), 64)) + network.vector_embedder(c)
        parts = ((u * torch.sigmoid(u)) @ w.T + b).reshape(6, 8)
    (h, _, rope, *_), h_after = seen["given"], seen["out"][0]
    h = h[0].double()
    for branch, (shift, scale, gate) in zip(
        (lambda x: block.attend(x, rope), lambda x: block.mlp(x.mT).mT),
        parts.double().split(3),
        strict=True,
    ):
        spread = (h.var(-1, correction=0, keepdim=True) + 1e-5).sqrt()
        normal = (h - h.mean(-1, keepdim=True)) / spread
        with torch.no_grad():
            h = h + gate * branch((normal * (1 + scale) + shift).float()[None])[0]
    assert h.numpy() == pytest.approx(h_after.numpy(), abs=1e-4)


def figures():
    """(lesson, words of its prose): each figure is computed here, or is the library's constant."""
    from workbench.datasets.melodies import LENGTH, NEAR
    from workbench.evaluation.rhythm import OFFBEAT
    from workbench.models.spectral_vae import SpectralVAEConfig
    from workbench.representations.hints import ORDERS
    from workbench.representations.mel import Mel
    from workbench.systems.drum_ldm.training import DROP
    from workbench.systems.midigpt.filling import CANDIDATES
    from workbench.systems.musicldm.coding import KL

    mel, spectral, mean = Mel(), SpectralVAEConfig(), float(RECORDED["01.5"].split()[-2])
    words = {6: "six"}
    rare = 0.5 * math.erfc(1.64 / math.sqrt(2))  # z above 1.64 by chance
    share = 1 - 0.6**2
    return [
        ("01", f"early on average, by about the same {10 * round(-mean / 10):g} ms"),
        ("01", f"a beat lasts 60,000 / 120 = {60_000 / 120:g} ms, so a sixteenth is "),
        ("01", f"counts every hit from {OFFBEAT[0]} to {OFFBEAT[1]} of a beat as an off-beat"),
        ("01", f"(runs of {LENGTH} intervals, overlap above {100 * NEAR:g} %)"),
        ("03", f"initial scale, $1/0.07 = {1 / 0.07:.1f}$"),
        ("05", f"$\\bar\\alpha_t = 1 - 0.6^2 = {share:.2f}$, and the factor of the signal is "),
        ("05", f"In {100 * DROP:g} % of the examples it is left out"),
        ("06", f"all its layers work on {16_000 / spectral.hop:g} frames per second"),
        ("08", f"has {mel.rate / mel.hop:g} frames per second and {mel.bands} bands"),
        ("08", f"lasts {8_000 * mel.hop / mel.rate:g} ms and has all {mel.bands} bands: "),
        ("08", f"all {mel.bands} bands: {8 * mel.bands} numbers"),
        ("10", f"tails of {', '.join(map(str, ORDERS[:-1]))} and {ORDERS[-1]} tokens"),
        ("10", f"`inpaint` samples {words[CANDIDATES]} candidates by default"),
        ("11", f"a window has {2 + 128 // 4} positions instead of {2 + 128}"),
        ("12", f"{20} points span at most {20 - 1} of the 128 dimensions"),
        ("14", f"of nine loops, a single one is {100 / 9:.0f} %"),
        ("14", f"exceeds it for about one key in {['?', 'twenty'][round(1 / rare) == 20]}"),
        ("08", ["β is large", "$\\beta$ is small"][KL < 0.01]),
    ]


@pytest.mark.parametrize("place", range(18))
def test_a_figure_in_the_prose_is_the_codes(place):
    number, words = figures()[place]
    assert words in prose_of(number), (number, words)
