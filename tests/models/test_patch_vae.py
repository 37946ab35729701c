"""The VAE of patches: it begins as a principal component analysis, and learns from there."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from workbench.models.patch_vae import PatchVAE
from workbench.training import Plan
from workbench.training.loop import optimizers_of


def smooth_mels(n: int = 24, frames: int = 64, bands: int = 16) -> torch.Tensor:
    """Random mel spectrograms (n, 1, frames, bands) whose neighbours resemble each other."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(n, 1, frames + 8, bands + 8, generator=generator)
    return torch.nn.functional.avg_pool2d(noise, 9, stride=1) * 9 + 0.5


def patch_vae(latent: int = 12) -> PatchVAE:
    torch.manual_seed(0)
    return PatchVAE(bands=16, patch=4, latent=latent, width=24, blocks=2).eval()


def test_patches_of_all_bands_become_vectors_and_again_a_spectrogram():
    vae, mel = patch_vae(), smooth_mels(3)
    mean, logvar = vae.encode(mel)
    assert mean.shape == logvar.shape == (3, 12, 16, 1)
    assert vae.decode(mean).shape == mel.shape
    assert torch.equal(vae.patches(mel)[1, 5].view(4, 16), mel[1, 0, 20:24])


@torch.no_grad()
def test_it_begins_as_scikit_learns_principal_components():
    vae, mel = patch_vae(), smooth_mels()
    vae.begin(mel)
    patches = vae.patches(mel).flatten(0, 1).numpy()
    other = PCA(12, svd_solver="full").fit(patches)
    expected = other.inverse_transform(other.transform(patches))
    decoded = vae.decode(vae.encode(mel)[0])
    assert np.allclose(vae.patches(decoded).flatten(0, 1).numpy(), expected, atol=1e-4)


@torch.no_grad()
def test_its_latents_begin_centred_with_a_variance_of_one_and_the_important_ones_larger():
    vae, mel = patch_vae(), smooth_mels()
    vae.begin(mel)
    z = vae.encode(mel)[0][..., 0]
    assert z.mean((0, 2)).abs().max() < 1e-3
    assert z.square().mean().item() == pytest.approx(1, rel=0.01)
    deviation = z.std((0, 2))
    assert (deviation.diff() < 1e-4).all()
    linear = torch.linalg.eigvalsh(vae.patches(mel).flatten(0, 1).T.cov()).flip(0)[:12].sqrt()
    assert torch.allclose(deviation / deviation[0], (linear / linear[0]).sqrt(), atol=1e-3)


def test_silence_can_be_a_beginning():
    vae = patch_vae()
    vae.begin(torch.zeros(4, 1, 64, 16))
    assert all(torch.isfinite(p).all() for p in vae.parameters())


def test_blocks_learn_what_lines_cannot():
    """On |x| of smooth spectrograms, training beats the principal components."""
    vae, mel = patch_vae(latent=6).train(), smooth_mels(48).abs()
    vae.begin(mel)
    distance = lambda: (vae.decode(vae.encode(mel)[0]) - mel).abs().mean()  # noqa: E731
    with torch.no_grad():
        linear = distance().item()
    optimizers = optimizers_of(vae, Plan(1, 1, lr=3e-3, muon=0.01))
    for _ in range(80):
        loss = distance()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    assert distance().item() < 0.95 * linear


def test_its_encoder_is_what_gives_the_mean():
    vae = patch_vae()
    assert vae.encoding == [vae.encoder]
