"""LDMG: coding without seams, drawing, inpainting, training at the smallest size."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from workbench.datasets import load
from workbench.datasets.audio import prepare_audio
from workbench.errors import PromptError
from workbench.models.audio_vae import AudioVAE, AudioVAEConfig
from workbench.models.dit import DiTConfig
from workbench.models.spectral import stft_loss
from workbench.models.spectral_vae import SpectralVAEConfig
from workbench.music.clip import Clip
from workbench.systems import ldmg
from workbench.systems.drawing import overlapping
from workbench.systems.ldmg import LDMG, LDMGConfig
from workbench.systems.ldmg_training import PROFILES, VAEGAN, Weights, gan_terms

WAVEFORM = AudioVAEConfig(width=8, latent=4)
FOURIER = SpectralVAEConfig(width=16, encoder=1, decoder=2, latent=4)


def made(vae=WAVEFORM, **changes) -> LDMG:
    torch.manual_seed(0)
    config = LDMGConfig(
        vae, DiTConfig(4, width=32, depth=1, heads=4, genres=2,
                                                     text=384),
        frames=64, genres=("funk", "waltz"), **changes,
    )  # fmt: skip
    return LDMG(config)


def noise(seconds, channels=1, seed=0):
    return (0.1 * np.random.default_rng(seed).normal(size=(channels, int(seconds * 16000)))).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def trained(audio, tmp_path_factory):
    out = tmp_path_factory.mktemp("ldmg")
    return LDMG.train(audio, "smoke", out=out), out


@pytest.mark.parametrize("vae", [WAVEFORM, FOURIER])
def test_coding_in_pieces_has_no_seams(vae, monkeypatch):
    system = made(vae)
    sound = noise(3)
    whole = system.encode(sound)
    assert whole.shape == (4, np.ceil(48000 / vae.hop))
    heard = system.decode(whole)
    monkeypatch.setattr(ldmg, "PIECE", 50)
    assert len(system._pieces(750)) == 15
    assert torch.allclose(system.encode(sound), whole, atol=1e-5)
    assert np.allclose(system.decode(whole), heard, atol=1e-5)


@pytest.mark.parametrize("vae", [WAVEFORM, FOURIER])
def test_any_length_is_reconstructed(vae):
    system = made(vae)
    for samples in (1, 100, 16001):
        clip = Clip(audio=noise(2)[:, :samples], sample_rate=16000)
        assert system.reconstruct(clip).audio.shape == (1, samples)
    with pytest.raises(PromptError, match="2 channels"):
        system.encode(noise(1, 2))


def test_latents_are_standard_over_the_training_sound(trained, audio):
    system, _ = trained
    z = torch.cat([system.encode(audio[i]) for i in audio.split("train")], dim=1)
    assert z.mean(1).abs().max() < 1e-3
    assert (z.std(1) - 1).abs().max() < 1e-2


def test_training_saves_what_loads_again(trained):
    system, out = trained
    again = LDMG.from_pretrained(out)
    assert again.config == system.config
    assert LDMG.from_config(json.loads(json.dumps(made().config_dict()))).config == made().config
    assert set(system.config.genres) == {c.labels["style"] for c in load("builtin-songs", "train",
                                                                        limit=6)}  # fmt: skip
    one = system.generate("slow song", seconds=0.3, steps=3, seed=1)[0].audio
    other = again.generate("slow song", seconds=0.3, steps=3, seed=1)[0].audio
    assert np.allclose(one, other, atol=0.02)  # half precision


def test_clips_are_as_asked(trained):
    system, _ = trained
    heard = []
    clips = system.generate("funk", 2, genre=system.config.genres[0], seconds=0.5, steps=2, seed=3,
                            progress=lambda step, steps: heard.append((step, steps)))  # fmt: skip
    assert heard == [(1, 2), (2, 2)]
    assert [c.audio.shape for c in clips] == [(1, 8000)] * 2
    assert not np.allclose(clips[0].audio, clips[1].audio)
    again = system.generate("funk", 1, genre=system.config.genres[0], seconds=0.5, steps=2, seed=3)
    assert np.allclose(again[0].audio, clips[0].audio, atol=1e-5)
    with pytest.raises(PromptError, match="genre: 'polka' is unknown"):
        system.generate(genre="polka")
    with pytest.raises(PromptError, match="seconds"):
        system.generate(seconds=0)


def test_longer_than_trained_is_drawn_in_windows():
    calls = []

    def network(x, t):
        calls.append(x.shape[-1])
        return 2 * x

    x = torch.randn(2, 3, 150)
    assert torch.allclose(overlapping(network, 64)(x, torch.zeros(2)), 2 * x, atol=1e-5)
    assert calls == [64] * 4
    across = overlapping(network, 64, axis=1)(x.transpose(1, 2), torch.zeros(2))
    assert torch.allclose(across, 2 * x.transpose(1, 2), atol=1e-5)
    calls.clear()
    overlapping(network, 200)(x, torch.zeros(2))
    assert calls == [150]


def test_inpainting_leaves_the_rest_alone():
    system = made()
    sound = noise(1)
    clip = Clip(audio=sound, sample_rate=16000)
    filled = system.inpaint(clip, (0.25, 0.5), steps=2)[0].audio
    assert np.array_equal(filled[:, :4000], sound[:, :4000])
    assert np.array_equal(filled[:, 8000:], sound[:, 8000:])
    assert not np.allclose(filled[:, 4500:7500], sound[:, 4500:7500], atol=1e-3)
    for hole in ((0.5, 0.5), (-0.1, 0.2), (0.5, 1.2)):
        with pytest.raises(PromptError, match="hole"):
            system.inpaint(clip, hole)


def test_variations_begin_at_the_reconstruction():
    system = made()
    clip = Clip(audio=noise(0.5), sample_rate=16000, caption="noise")
    same = system.vary(clip, strength=0)[0]
    assert np.allclose(same.audio[:, :8000], system.reconstruct(clip).audio, atol=1e-5)
    assert same.caption == "noise"
    assert not np.allclose(system.vary(clip, strength=1, steps=2)[0].audio, same.audio, atol=1e-3)


def test_each_player_learns_from_its_own_terms_only():
    torch.manual_seed(0)
    module = VAEGAN(AudioVAE(AudioVAEConfig(width=8, latent=4)), 8)
    terms = gan_terms(module, 0.1 * torch.randn(2, 1, 4096), Weights())
    judge, vae = (list(part.parameters()) for part in (module.judge, module.vae))

    def touched(name, parameters):
        grads = torch.autograd.grad(terms[name], parameters, retain_graph=True, allow_unused=True)
        return any(g is not None and g.abs().sum() > 0 for g in grads)

    assert touched("discriminator", judge)
    assert not touched("discriminator", vae)
    assert touched("adversarial", vae)
    assert not touched("adversarial", judge)
    assert touched("matching", vae)
    for name in ("convergence", "spectrum", "kl"):
        assert not touched(name, judge)
    assert all(torch.isfinite(value) for value in terms.values())


def test_the_vae_learns(audio, tmp_path):
    """In two minutes' worth of seconds: better than silence and than at the beginning."""
    from workbench.systems.ldmg_training import config_of, fit_vae

    rows, kept = audio.split("train"), audio.split("validation")
    size = PROFILES["smoke"]
    system = LDMG(config_of(audio, rows, size))
    sound = torch.from_numpy(audio.crops(16, size.crop, seed=0, rows=kept)[0])
    with torch.inference_mode():
        before = float(stft_loss(sound, system.networks.vae(sound)[0])[1])
    plan = replace(size.coding, steps=60, every=60, lr=2e-3)
    log = fit_vae(system, audio, rows, kept, size, plan, tmp_path, 0, None).log
    assert log[-1]["val_spectrum"] < 0.8 * before
    assert log[-1]["val_convergence"] < 1.0  # silence has exactly 1


def test_what_does_not_fit_is_said(audio, tmp_path):
    with pytest.raises(PromptError, match="profile"):
        LDMG.train(audio, "huge", out=tmp_path)
    other = prepare_audio(audio.items, tmp_path / "slow", rate=8000, quiet=True)
    with pytest.raises(PromptError, match="8000 Hz"):
        LDMG.train(other, "smoke", out=tmp_path)
