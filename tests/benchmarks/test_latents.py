"""Latents that are kept: those of the system, once, and anew for another VAE."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import torch

from workbench.benchmarks.latents import latents_of
from workbench.datasets.audio import find_audio, prepare_audio
from workbench.models.dit import DiTConfig
from workbench.models.spectral_vae import SpectralVAEConfig
from workbench.systems.ldmg import LDMG, LDMGConfig


@pytest.fixture
def audio(tmp_path):
    random, lines = np.random.default_rng(0), ["file,split"]
    for k in range(4):
        soundfile.write(tmp_path / f"{k}.wav", random.normal(0, 0.1, 4096 * (k + 1)), 16_000)
        lines.append(f"{k}.wav,{'train' if k else 'test'}")
    (tmp_path / "captions.csv").write_text("\n".join(lines) + "\n")
    return prepare_audio(find_audio(tmp_path), tmp_path / "out", rate=16_000, quiet=True)


def test_latents_are_those_of_the_system_and_kept(audio, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    system = LDMG(
        LDMGConfig(
            SpectralVAEConfig(width=16, encoder=1, decoder=1, latent=4),
            DiTConfig(4, width=16, depth=1, heads=2),
            frames=32,
        )
    )
    split = "train"
    codes = [system.encode_sound(audio[i]) for i in audio.split(split)]
    wanted = {z.shape[1]: z.half() for z in codes}
    found = latents_of(system, audio, split, 100)
    assert len(found) == 3
    assert all(torch.equal(z, wanted[z.shape[1]]) for z in found)
    [one] = latents_of(system, audio, split, 1)
    assert torch.equal(one, wanted[one.shape[1]])

    encode = system.encode
    monkeypatch.setattr(system, "encode", None)  # kept: not asked again
    assert all(map(torch.equal, latents_of(system, audio, split, 100), found))
    monkeypatch.setattr(system, "encode", encode)
    system.networks.vae.encoder[0].bias.data += 1
    assert not torch.equal(latents_of(system, audio, split, 100)[0], found[0])
