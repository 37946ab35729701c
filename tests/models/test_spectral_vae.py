"""The autoencoder through the Fourier transform: framing, inversion, reach, what it can learn."""

import numpy as np
import pytest
import torch

from workbench.models.spectral import stft_loss
from workbench.models.spectral_vae import ConvNeXt, SpectralVAE, SpectralVAEConfig


def made(channels=1, **changes):
    torch.manual_seed(0)
    return SpectralVAE(
        SpectralVAEConfig(channels, width=16, encoder=1, decoder=2, latent=4, **changes)
    )


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("samples", [1, 255, 256, 257, 5000])
def test_any_length_comes_back_as_long(channels, samples):
    vae, sound = made(channels), 0.1 * torch.randn(3, channels, samples)
    decoded, mean, logvar = vae(sound)
    assert decoded.shape == sound.shape
    assert mean.shape == logvar.shape == (3, 4, -(-samples // 256))
    assert decoded.abs().max() <= 1


def test_the_outer_layers_invert_each_other():
    """Right magnitudes and phases for the decoder's answer give the sound itself."""
    vae = made()
    sound = 0.1 * torch.randn(1, 1, 4096)
    frames = torch.nn.functional.pad(sound, (384, 384)).unfold(-1, 1024, 256) * vae.hann
    bins = torch.fft.rfft(frames)[0, 0].T / (vae.hann.sum() / 2)  # (bins, frames)
    vae.decoder = torch.nn.Identity()
    said = torch.cat([bins.abs().log(), bins.angle()])[None]
    assert torch.allclose(vae.decode(said), sound, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 2])
def test_z_is_mean_plus_sigma_times_noise(channels):
    """Lesson 06, equation (6), with the noise of the same seed; in NumPy."""
    vae, sound = made(channels), 0.1 * torch.randn(2, channels, 3000)
    with torch.no_grad():
        vae.encoder[-1].bias[4:] += 4.0  # a σ that counts
        torch.manual_seed(7)
        decoded, mean, logvar = vae(sound)
        torch.manual_seed(7)
        noise = torch.randn(mean.shape).numpy()
        expected_mean, expected_logvar = vae.encode(sound)
        z = mean.numpy() + np.sqrt(np.exp(logvar.numpy())) * noise
        expected = vae.decode(torch.from_numpy(z))[..., :3000]
        without = vae.decode(mean)[..., :3000]
    assert torch.equal(mean, expected_mean)
    assert torch.equal(logvar, expected_logvar)
    assert torch.allclose(decoded, expected, atol=1e-5)
    assert not torch.allclose(decoded, without, atol=1e-4)


def test_levels_that_the_encoder_hears_are_bounded():
    vae, heard = made(), []
    vae.encoder[0].register_forward_hook(lambda module, given, out: heard.append(given[0]))
    sine = torch.sin(2 * torch.pi * 64 * torch.arange(8192) / 1024)[None, None]
    for sound in (torch.zeros(1, 1, 8192), sine):
        vae.encode(sound)
    assert heard[0].min() == heard[0].max() < -1
    assert 1.4 < heard[1].max() < 1.6


def test_nothing_farther_than_the_reach_matters():
    vae = made()
    z = torch.randn(1, 4, 80, requires_grad=True)
    middle = slice(40 * 256, 41 * 256)
    vae.decode(z)[..., middle].sum().backward()
    touched = torch.nonzero(z.grad.abs().sum((0, 1)))[:, 0]
    assert 3 < 40 - touched.min() <= vae.reach
    assert 3 < touched.max() - 40 <= vae.reach
    sound = (0.1 * torch.randn(1, 1, 80 * 256)).requires_grad_()
    vae.encode(sound)[0][..., 40].sum().backward()
    touched = torch.nonzero(sound.grad[0, 0])[:, 0] / 256
    assert 40 - touched.min() <= vae.reach
    assert touched.max() - 40 <= vae.reach


def test_a_block_begins_near_the_identity():
    torch.manual_seed(0)
    x = torch.randn(2, 16, 30)
    assert (ConvNeXt(16)(x) - x).std() < 0.3


def test_it_learns_a_tone():
    torch.manual_seed(0)
    vae = made()
    time = torch.arange(8192) / 16000
    sound = torch.stack([0.5 * torch.sin(2 * torch.pi * f * time) for f in (220, 330, 440, 660)])
    sound = sound[:, None]
    optimiser = torch.optim.AdamW(vae.parameters(), lr=2e-3)
    before = sum(stft_loss(sound, vae(sound)[0]))
    for _ in range(100):
        loss = sum(stft_loss(sound, vae(sound)[0]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.5 * before, (before, loss)
    assert np.isfinite(float(loss))
