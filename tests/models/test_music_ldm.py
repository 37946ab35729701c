"""MusicLDM's networks: shapes, conditions, and the two towers."""

from dataclasses import replace

import pytest
import torch

from tests import published_parts
from workbench.models.mel_encoder import MelEncoder
from workbench.models.music_ldm import (
    FiLMTransformer,
    FiLMUNet,
    MusicLDMConditioning,
    MusicLDMSizes,
    film_denoiser,
    mel_vae,
    vocoder,
)
from workbench.models.spectral_vae import invert
from workbench.models.text_audio import TextAudio, TextAudioConfig
from workbench.systems.musicldm.networks import vocode

SMALL = MusicLDMSizes(
    embed=16, vae=(8, 8, 16), latent=8, unet=(16, 16, 32), vocoder=32, blocks=(3,)
)
PATCHES = replace(SMALL, patch=(8, 16, 1), transformer=(16, 1, 2))


@pytest.mark.parametrize("blocks", [(3,), ()], ids=["HiFi-GAN", "Vocos"])
def test_a_vocoder_lengthens_by_the_hop(blocks):
    torch.manual_seed(0)
    speaker = vocoder(replace(SMALL, blocks=blocks)).eval()
    mel = torch.randn(3, 20, 64) - 4
    made = vocode(speaker, mel)
    assert made.shape == (3, 20 * 160)
    assert made.abs().max() <= 1
    assert vocode(speaker, mel[:1]).allclose(made[:1], atol=1e-5)


def test_a_vocos_has_the_depth_and_window_of_its_sizes():
    speaker = vocoder(replace(SMALL, blocks=(), depth=2, window=1024))
    assert speaker(torch.randn(1, 9, 64)).shape == (1, 9 * 160)
    assert speaker.blocks[-1].out_channels == 1026
    assert len(speaker.blocks) == 4
    assert vocoder(replace(SMALL, blocks=())).blocks[-1].out_channels == 642


def test_a_vocos_says_what_a_transform_was_made_of():
    sound = 0.1 * torch.randn(2, 1600)
    hann = torch.hann_window(640)
    frames = torch.nn.functional.pad(sound, (240, 240)).unfold(-1, 640, 160) * hann
    bins = torch.fft.rfft(frames).transpose(1, 2)[:, None]  # (2, 1, bins, frames)
    size = (bins.abs() * 2 / hann.sum()).log()
    again = invert(size, bins.angle(), hann, 160)
    assert again[:, 0].allclose(sound, atol=1e-5)


def test_the_vae_shortens_by_four():
    mel = torch.randn(2, 1, 64, 64)
    vae = mel_vae(SMALL)
    mean, logvar = vae.encode(mel)
    assert mean.shape == logvar.shape == (2, 8, 16, 16)
    assert vae.decode(mean).shape == mel.shape
    assert SMALL.shorter == 4


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("attention", [False, True])
def test_networks_are_those_of_diffusers_and_transformers(layers, attention):
    """With the same weights, and with other initial ones of the same spread."""
    torch.manual_seed(0)
    sizes = replace(SMALL, layers=layers, attention=attention, blocks=(3, 7))
    x, t, vector = torch.randn(2, 8, 8, 16), torch.tensor([3, 999]), torch.randn(2, 16)
    mel = torch.randn(2, 16, 64) - 4
    theirs = published_parts.film_unet(sizes).eval()
    ours = FiLMUNet(sizes).eval()
    ours.unet.load_state_dict(theirs.state_dict())
    with torch.no_grad():
        found = ours(x, t, vector, torch.ones(2, dtype=torch.bool))
        assert torch.allclose(found, theirs(x, t, None, class_labels=vector).sample, atol=1e-5)
        theirs, ours = published_parts.mel_vae(sizes).eval(), mel_vae(sizes).eval()
        ours.load_state_dict(theirs.state_dict())
        mean, logvar = ours.encode(mel[:, None])
        posterior = theirs.encode(mel[:, None]).latent_dist
        assert torch.allclose(mean, posterior.mean, atol=1e-5)
        assert torch.allclose(logvar, posterior.logvar, atol=1e-5)
        torch.manual_seed(1)
        sampled = ours.sample(mean, logvar)
        torch.manual_seed(1)
        assert torch.allclose(sampled, posterior.sample(), atol=1e-5)
        assert torch.allclose(ours.decode(mean), theirs.decode(mean).sample, atol=1e-5)
        theirs, ours = published_parts.vocoder(sizes).eval(), vocoder(sizes).eval()
        ours.load_state_dict(theirs.state_dict())
        assert torch.allclose(ours(mel), theirs(mel), atol=1e-5)


def test_the_vae_of_patches_has_one_band():
    mel = torch.randn(2, 1, 64, 64)
    vae = mel_vae(PATCHES)
    mean, _ = vae.encode(mel)
    assert mean.shape == (2, 8, 64 // PATCHES.shorter, PATCHES.latent_bands) == (2, 8, 8, 1)
    assert vae.decode(mean).shape == mel.shape


@pytest.mark.parametrize("sizes", [SMALL, PATCHES], ids=["U-Net", "transformer"])
@pytest.mark.parametrize("frames", [16, 17, 30])
def test_the_denoiser_takes_any_number_of_frames(sizes, frames):
    torch.manual_seed(0)
    net = film_denoiser(sizes).eval()
    x, t = torch.randn(2, 8, frames, sizes.latent_bands), torch.tensor([3, 500])
    assert net(x, t, torch.randn(2, 16), torch.tensor([True, False])).shape == x.shape


@pytest.mark.parametrize("sizes", [SMALL, PATCHES], ids=["U-Net", "transformer"])
def test_the_vector_is_heard_where_said_and_the_empty_text_where_not(sizes):
    torch.manual_seed(0)
    net = film_denoiser(sizes).eval()
    for weights in net.parameters():  # some are zero at first
        torch.nn.init.normal_(weights, std=0.1)
    net.null_text.copy_(torch.randn(16))
    x, t = torch.randn(1, 8, 16, sizes.latent_bands), torch.tensor([100])
    a, b = torch.randn(2, 1, 16)
    yes, no = torch.tensor([True]), torch.tensor([False])
    assert not torch.allclose(net(x, t, a, yes), net(x, t, b, yes))
    assert torch.equal(net(x, t, a, no), net(x, t, b, no))
    assert torch.equal(net(x, t, net.null_text[None], yes), net(x, t, a, no))


def test_a_transformer_begins_by_predicting_zero_and_has_no_table_of_genres():
    net = film_denoiser(PATCHES)
    assert isinstance(net, FiLMTransformer)
    x = torch.randn(2, 8, 16, 1)
    vector, mask = torch.randn(2, 16), torch.tensor([True, False])
    assert not net(x, torch.tensor([3, 500]), vector, mask).any()
    assert not any(name.startswith("y_embedder") for name, _ in net.named_parameters())


def test_conditions_are_dropped_each_for_itself():
    torch.manual_seed(0)
    asked = MusicLDMConditioning(torch.randn(2000, 4), torch.ones(2000, dtype=torch.bool))
    share = 1 - asked.dropped(0.1).mask.float().mean()
    assert 0.07 < share < 0.13
    assert not asked.unconditional().mask.any()
    assert torch.equal(asked.dropped(0.5).vector, asked.vector)


@pytest.mark.parametrize("frames", [1, 5, 16, 100, 256])
def test_the_mel_encoder_reads_any_length(frames):
    assert MelEncoder(32, 8)(torch.randn(2, frames, 64) - 4).shape == (2, 32)


def test_towers_meet():
    """Four sounds and their texts: after a few steps each text is nearest to its own sound."""
    torch.manual_seed(0)
    clap = TextAudio(TextAudioConfig(text_dim=12, dim=16, channels=8))
    mel, text = torch.randn(4, 32, 64) * 3 - 4, torch.randn(4, 12)
    optimizer = torch.optim.AdamW(clap.parameters(), 3e-3)
    for _ in range(30):
        loss = clap.loss(mel, text)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    clap.eval()
    near = clap.embed_text(text) @ clap.embed_mel(mel).T
    assert near.argmax(1).tolist() == [0, 1, 2, 3]
    assert torch.allclose(clap.embed_mel(mel).norm(dim=1), torch.ones(4), atol=1e-5)
