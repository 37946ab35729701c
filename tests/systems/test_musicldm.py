"""MusicLDM: training at the smallest size, asking by text and by sound, mixes, re-ranking."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from workbench.errors import PromptError
from workbench.representations.mixup import Beats
from workbench.systems.music_mixing import KINDS, mixes_of, synchronous_pairs, windows_of
from workbench.systems.musicldm import MusicLDM
from workbench.systems.musicldm_training import PROFILES, Data, config_of, fit_vocoder


@pytest.fixture(scope="module")
def trained(audio, tmp_path_factory):
    out = tmp_path_factory.mktemp("music")
    return MusicLDM.train(audio, "smoke", mixup="bam", out=out), out


def test_training_saves_what_loads_again(trained):
    system, out = trained
    again = MusicLDM.from_pretrained(out)
    assert again.config == system.config
    about = json.loads((out / "training.json").read_text())
    assert about["windows"] == 24 + 12
    assert list(about["stages"]) == ["joint", "vae", "vocoder", "audio", "text"]
    assert "--mixup bam" in (out / "README.md").read_text()
    one, other = (s.generate("rock song", steps=2, seed=1)[0].audio for s in (system, again))
    assert np.allclose(one, other, atol=0.05)  # half precision


def test_scales_are_those_of_the_training_sound(trained, audio):
    system, _ = trained
    crops, _ = audio.crops(32, 64 * 160, seed=5, rows=audio.split("train"))
    sound = torch.from_numpy(crops[:, 0])
    mel = (system.mel(sound) - system.networks.mel_mean) / system.networks.mel_std
    assert abs(float(mel.mean())) < 0.3
    assert 0.7 < float(mel.std()) < 1.4
    assert 0.6 < float(system.encode(sound).std()) < 1.6
    assert float(system.networks.denoiser.nothing.norm()) == pytest.approx(1, abs=1e-3)


def test_a_hifigan_learns_against_a_judge(audio, tmp_path):
    small = PROFILES["smoke"]
    size = replace(small, sizes=replace(small.sizes, blocks=(3,)), judge=4)
    torch.manual_seed(0)
    system = MusicLDM(config_of(size))
    before = [p.clone() for p in system.networks.vocoder.parameters()]
    data = Data(audio, audio.split("train"), audio.split("validation"))
    done = fit_vocoder(system, data, size, size.vocoder, tmp_path, 0)
    assert {"adversarial", "matching", "discriminator", "mel"} <= done.log[-1].keys()
    after = system.networks.vocoder.parameters()
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_clips_are_as_asked(trained):
    system, _ = trained
    heard = []
    clips = system.generate("funk", 2, seconds=1.5, steps=2, seed=3,
                            progress=lambda step, steps: heard.append((step, steps)))  # fmt: skip
    assert heard == [(1, 2), (2, 2)]
    assert [c.audio.shape for c in clips] == [(1, 24_000)] * 2  # longer than a window of 0.64 s
    assert clips[0].caption == "funk"
    again = system.generate("funk", 1, seconds=1.5, steps=2, seed=3)[0]
    assert np.allclose(again.audio, clips[0].audio, atol=1e-4)
    like = system.generate(like=clips[0], steps=2, seed=3)[0]
    assert like.caption == "like funk"
    with pytest.raises(PromptError, match="seconds"):
        system.generate(seconds=-1)
    with pytest.raises(PromptError, match="candidates"):
        system.generate(candidates=0)


def test_of_several_candidates_the_nearest_is_taken(trained):
    system, _ = trained
    vector = torch.zeros(1, 32)
    vector[0, 0] = 1

    class Loudness:
        def embed_sound(self, sounds):
            return torch.nn.functional.one_hot((sounds.abs().mean(1) < 0.2).long(), 32).float()

    real, system.embedder = system.embedder, Loudness()
    try:
        sounds = torch.tensor([0.1, 0.5, 0.9, 0.1])[:, None].expand(4, 100)
        assert system.best(sounds, vector, 2)[:, 0].tolist() == pytest.approx([0.5, 0.9])
    finally:
        system.embedder = real


def test_any_length_is_reconstructed(trained, audio):
    system, _ = trained
    from workbench.music.clip import Clip

    for samples in (1, 1000, 20_001):
        clip = Clip(audio=audio[0][:, :samples], sample_rate=16000)
        assert system.reconstruct(clip).audio.shape == (1, samples)
        assert np.isfinite(system.reconstruct(clip).audio).all()


@pytest.mark.parametrize("kind", KINDS[1:])
def test_mixes_are_windows_like_others(trained, audio, kind):
    system, _ = trained
    rows = audio.split("train")
    real = windows_of(system, audio, rows, 6, seed=0)
    mixed = mixes_of(system, audio, rows, 6, kind, seed=0)
    assert mixed.z.shape == real.z.shape
    assert torch.allclose(mixed.sound.norm(dim=1), torch.ones(6), atol=1e-3)
    assert torch.allclose(mixed.text.norm(dim=1), torch.ones(6), atol=1e-3)
    assert mixed.said.all()
    assert len(real.joined(mixed)) == 12
    assert 0.3 < float(mixed.z.std() / real.z.std()) < 2


def test_synchronous_pairs_share_a_tempo_and_begin_at_downbeats(audio):
    rows = audio.split("train")
    for a, b, i, j in synchronous_pairs(audio, rows, 4, 16_000, seed=1):
        assert a.shape == b.shape == (16_000,)
        assert i != j
        tempi = [Beats.read(audio.items[k].labels).tempo for k in (i, j)]
        apart = np.log2(tempi[0] / tempi[1])
        assert abs(apart - round(apart)) <= 0.17
        assert np.abs(a[:1600]).max() > 0.01  # music begins on the one


def test_what_does_not_fit_is_said(audio, trained, tmp_path):
    system, _ = trained
    with pytest.raises(PromptError, match="profile"):
        MusicLDM.train(audio, "huge", out=tmp_path)
    with pytest.raises(PromptError, match="mixup: 'salad'"):
        MusicLDM.train(audio, "smoke", mixup="salad", out=tmp_path)
    with pytest.raises(PromptError, match="mixup: 'none'"):
        mixes_of(system, audio, audio.split("train"), 2, "none", 0)
