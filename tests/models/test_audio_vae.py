"""The waveform autoencoder and its adversary: shapes, reach, losses against closed forms."""

import math

import numpy as np
import pytest
import torch

from workbench.models.audio_vae import (
    AudioVAE,
    AudioVAEConfig,
    Discriminator,
    Periodic,
    Snake,
    feature_matching,
    hinge_discriminator,
    hinge_generator,
    kl,
)
from workbench.models.spectral import level_distance, magnitude, stft_loss

SMALL = AudioVAEConfig(width=8, latent=4, strides=(2, 4, 2))


def made(config=SMALL):
    torch.manual_seed(0)
    return AudioVAE(config).eval()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("length", [1, 16, 100, 321])
def test_any_length_comes_back_as_long(channels, length):
    vae = made(AudioVAEConfig(channels=channels, width=8, latent=4, strides=(2, 4, 2)))
    sound = torch.randn(2, channels, length)
    mean, logvar = vae.encode(sound)
    assert mean.shape == logvar.shape == (2, 4, math.ceil(length / 16))
    decoded, *_ = vae(sound)
    assert decoded.shape == sound.shape
    assert decoded.abs().max() <= 1


def test_the_originals_sizes_are_there():
    vae = AudioVAE(AudioVAEConfig(latent=32, attention=True))
    assert vae.config.hop == 64
    assert vae.config.widths[-1] == 128
    assert vae.encode(torch.zeros(1, 1, 6400))[0].shape == (1, 32, 100)


def test_nothing_farther_than_the_reach_matters():
    """By gradients: a latent frame depends on samples within `reach` frames, and so back."""
    vae, frames = made(), 120
    hop, reach, middle = vae.config.hop, vae.reach, 60
    sound = torch.randn(1, 1, frames * hop, requires_grad=True)
    vae.encode(sound)[0][..., middle].sum().backward()
    near = torch.arange(frames * hop) // hop
    touched = near[sound.grad[0, 0] != 0]
    assert middle - reach <= touched.min() <= touched.max() <= middle + reach
    assert touched.max() - touched.min() > reach / 3  # and it does look around
    z = torch.randn(1, 4, frames, requires_grad=True)
    vae.decode(z)[..., middle * hop : (middle + 1) * hop].sum().backward()
    touched = torch.arange(frames)[z.grad[0].abs().sum(0) != 0]
    assert middle - reach <= touched.min() <= touched.max() <= middle + reach


def test_snake_is_what_it_says():
    layer = Snake(3)
    layer.alpha.data = torch.tensor([0.5, 1.0, 2.0]).view(1, 3, 1)
    x = torch.linspace(-3, 3, 50).expand(1, 3, 50)
    a = layer.alpha.data
    assert torch.allclose(layer(x), x + torch.sin(a * x) ** 2 / a, atol=1e-5)


def test_kl_is_that_of_gaussians():
    mean, logvar = torch.randn(4, 5, 6), torch.randn(4, 5, 6)
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(
        normal(mean, (0.5 * logvar).exp()), normal(torch.zeros(()), torch.ones(()))
    )
    assert torch.allclose(kl(mean, logvar), expected.mean(), atol=1e-5)
    assert kl(torch.zeros(1, 1, 1), torch.zeros(1, 1, 1)) == 0


def test_hinges_by_hand():
    real, fake = [[torch.tensor([2.0, 0.5])]], [[torch.tensor([-2.0, 0.5])]]
    assert float(hinge_discriminator(real, fake)) == pytest.approx((0 + 0.5) / 2 + (0 + 1.5) / 2)
    assert float(hinge_generator(fake)) == pytest.approx(0.75)


def test_features_match_themselves_and_scale_does_not_matter():
    discriminator = Discriminator(width=8)
    sound = torch.randn(2, 1, 4096)
    with torch.no_grad():
        real, fake = discriminator(sound), discriminator(sound + 0.3 * torch.randn_like(sound))
    assert float(feature_matching(real, real)) == 0
    tenfold = [[[10 * h for h in scale] for scale in found] for found in (real, fake)]
    assert torch.allclose(feature_matching(*tenfold), feature_matching(real, fake), rtol=1e-3)
    assert [scale[-1].shape[1] for scale in real] == [1, 1]
    assert real[0][-1].shape[-1] == 2 * real[1][-1].shape[-1]


def test_matching_by_hand():
    """Two scales: scores, the last of each, do not count; layers are relative to real features."""
    random = np.random.default_rng(0)
    shapes = [[(2, 3, 8), (2, 5, 4), (2, 1, 4)], [(2, 3, 4), (2, 1, 4)]]
    real, fake = ([[random.normal(size=size) for size in scale] for scale in shapes] for _ in "ab")
    ratios = []
    for scale in range(2):
        for layer in range(len(shapes[scale]) - 1):
            a, b = real[scale][layer], fake[scale][layer]
            ratios.append(sum(abs(a - b).ravel()) / sum(abs(a).ravel()))
    given = [[[torch.from_numpy(x) for x in scale] for scale in layers] for layers in (real, fake)]
    assert len(ratios) == 3
    assert float(feature_matching(*given)) == pytest.approx(sum(ratios) / 3)


def test_the_adversary_learns_to_tell_noise_from_tones():
    torch.manual_seed(0)
    discriminator = Discriminator(width=8, scales=1)
    optimizer = torch.optim.Adam(discriminator.parameters(), 2e-3)
    t = torch.arange(2048) / 16000

    def tones(n):
        return 0.5 * torch.sin(2 * math.pi * (200 + 600 * torch.rand(n, 1, 1)) * t)

    for _ in range(60):
        loss = hinge_discriminator(
            discriminator(tones(8)), discriminator(0.35 * torch.randn(8, 1, 2048))
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        real, fake = (
            discriminator(tones(16))[0][-1],
            discriminator(0.35 * torch.randn(16, 1, 2048))[0][-1],
        )
    assert real.mean() > fake.mean() + 0.5


# --- spectra ----------------------------------------------------------------------------------


def test_magnitude_is_scipys():
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann

    sound = np.random.default_rng(0).normal(size=4096)
    ours = magnitude(torch.from_numpy(sound)[None], 512)[0].numpy()
    window = hann(512, sym=False)
    theirs = np.abs(ShortTimeFFT(window, 128, 1.0).stft(sound)) / window.sum()
    middle = slice(4, 28)
    offset = int(
        np.argmin(
            [
                np.abs(theirs[:, i + 4 : i + 28] - ours[:, middle]).max()
                for i in range(theirs.shape[1] - 28)
            ]
        )
    )
    assert np.allclose(theirs[:, offset + 4 : offset + 28], ours[:, middle], atol=1e-4)


def test_the_distance_is_zero_on_itself_and_grows_with_noise():
    torch.manual_seed(0)
    sound = torch.randn(2, 1, 8192) * 0.1
    assert [float(x) for x in stft_loss(sound, sound)] == [0, 0]
    noise = torch.randn_like(sound)
    totals = [sum(stft_loss(sound, sound + gain * noise)) for gain in (0.01, 0.05, 0.2)]
    assert totals[0] < totals[1] < totals[2]
    for gain in (0.5, 2.0):  # a gain alone: |1 − g| and |log g|, exactly
        convergence, logs = stft_loss(sound, gain * sound, (512,))
        assert float(convergence) == pytest.approx(abs(1 - gain), rel=1e-3)
        assert float(logs) == pytest.approx(abs(math.log(gain)), rel=0.02)


def test_stereo_hears_the_sides_and_silence_is_no_trouble():
    torch.manual_seed(0)
    left = torch.randn(1, 1, 4096) * 0.1
    wide, turned = torch.cat([left, -left], 1), torch.cat([left, left], 1)
    assert sum(stft_loss(wide, turned)) > 1  # left and right alone are the same
    quiet = torch.zeros(1, 1, 4096, requires_grad=True)
    total = sum(stft_loss(torch.zeros(1, 1, 4096), quiet))
    total.backward()
    assert float(total) == 0
    assert torch.isfinite(quiet.grad).all()


def test_snake_and_its_written_out_gradients():
    x = torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True)
    alpha = (torch.rand(1, 3, 1, dtype=torch.float64) + 0.3).requires_grad_()
    assert torch.autograd.gradcheck(Periodic.apply, (x, alpha))
    snake = Snake(3)
    with torch.no_grad():
        snake.alpha.copy_(torch.tensor([0.5, -2.0, 3.0]).view(1, 3, 1))
    size = snake.alpha.abs()
    y = x.float()
    assert torch.allclose(snake(y), y + (size * y).sin().square() / size, atol=1e-5)


def test_the_level_distance_is_the_measured_one():
    """Held against the evaluation's, which is computed by SciPy on power spectrograms."""
    from workbench.evaluation.spectra import log_spectral_distance, spectrogram

    random = torch.Generator().manual_seed(0)
    sound = 0.2 * torch.randn(1, 1, 40_000, generator=random)
    made = 0.5 * sound + 0.01 * torch.randn(1, 1, 40_000, generator=random)
    ours = float(level_distance(sound, made))
    theirs = log_spectral_distance(spectrogram(sound[0]), spectrogram(made[0]))
    assert ours == pytest.approx(theirs[0], rel=0.02)  # other frames at the edges
    assert float(level_distance(sound, 0.5 * sound)) == pytest.approx(6.02, abs=0.02)
    assert float(level_distance(0 * sound, 1e-6 * sound)) < 0.01  # both below the floor
    same = sound.clone().requires_grad_()
    level_distance(sound, same).backward()
    assert torch.isfinite(same.grad).all()
