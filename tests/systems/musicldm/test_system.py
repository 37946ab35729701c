"""MusicLDM: training at the smallest size, asking by text and by sound, mixes, re-ranking."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from tests.systems.conftest import gib_needed
from workbench.datasets.audio import find_audio, prepare_audio
from workbench.errors import PromptError, WorkbenchError
from workbench.models.music_ldm import MusicLDMConditioning
from workbench.models.spectral import WINDOWS, level_distance, stft_loss
from workbench.music.clip import Clip
from workbench.representations.mixup import Beats
from workbench.systems.musicldm.coding import (
    CROP,
    WaveformDecoder,
    finetune_decoder,
    fit_vae,
    fit_vocoder,
)
from workbench.systems.musicldm.config import MEMORY, PROFILES
from workbench.systems.musicldm.mixing import (
    KINDS,
    Windows,
    check_tempi,
    mixes_of,
    synchronous_pairs,
    windows_of,
)
from workbench.systems.musicldm.system import MusicLDM
from workbench.systems.musicldm.training import config_of
from workbench.systems.sound_training import Data


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
    assert list(about["stages"]) == ["clap", "vae", "vocoder", "decoder_finetune", "audio", "text"]
    assert "--mixup bam" in (out / "README.md").read_text()
    one, other = (s.generate("rock song", steps=2, seed=1)[0].audio for s in (system, again))
    assert np.allclose(one, other, atol=0.05)  # half precision


def test_the_memory_that_a_profile_needs_is_about_right():
    """That of its largest stage: the denoiser's, or the decoder's with the vocoder."""
    size = PROFILES["gpu"]
    system, embed = MusicLDM(config_of(size)), size.sizes.embed
    networks = system.networks
    decoder = WaveformDecoder(networks)

    def denoising(n):
        z, used = torch.randn(n, *system.latent_shape()), torch.ones(n, dtype=torch.bool)
        asked = MusicLDMConditioning(torch.randn(n, embed), used)
        return system.diffusion.loss(networks.denoiser, z, *asked)

    def decoding(n):
        z = torch.randn(n, *system.latent_shape(CROP // size.sizes.shorter))
        sound = decoder(z, torch.zeros(0, CROP, 64))
        return sum(stft_loss(torch.randn_like(sound)[:, None], sound[:, None], WINDOWS))

    assert size.decoder_finetune is not None
    need = max(
        gib_needed(networks.denoiser, denoising, size.audio.batch),
        gib_needed(decoder, decoding, size.decoder_finetune.batch),
    )
    context = 0.5  # of CUDA itself
    assert need < MEMORY["gpu"] - context < 2 * need
    assert list(MEMORY) == list(PROFILES)


def test_scales_are_those_of_the_training_sound(trained, audio):
    system, _ = trained
    crops, _ = audio.crops(32, 64 * 160, seed=5, rows=audio.split("train"))
    sound = torch.from_numpy(crops[:, 0])
    mel = (system.mel(sound) - system.networks.mel_mean) / system.networks.mel_std
    assert abs(float(mel.mean())) < 0.3
    assert 0.7 < float(mel.std()) < 1.4
    assert 0.6 < float(system.encode_sound(sound).std()) < 1.6
    z = system.encode_sound(sound) - system.networks.latent_mean
    assert float(z.mean((0, 2)).abs().max()) < 0.5
    assert float(system.networks.denoiser.null_text.norm()) == pytest.approx(1, abs=1e-3)


def test_a_hifigan_learns_against_a_judge(audio, tmp_path):
    small = PROFILES["smoke"]
    size = replace(small, sizes=replace(small.sizes, blocks=(3,)), discriminator=4)
    torch.manual_seed(0)
    system = MusicLDM(config_of(size))
    before = [p.clone() for p in system.networks.vocoder.parameters()]
    data = Data.of(audio, audio.rate)
    done = fit_vocoder(
        system.networks,
        data,
        size.vocoder,
        tmp_path,
        crop=size.speech,
        width=size.discriminator,
        seed=0,
    )
    assert {"adversarial", "matching", "discriminator", "mel"} <= done.log[-1].keys()
    after = system.networks.vocoder.parameters()
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_decoder_and_vocoder_finished_together_leave_the_latents(audio, tmp_path):
    size = PROFILES["smoke"]
    torch.manual_seed(0)
    system = MusicLDM(config_of(size))
    data = Data.of(audio, audio.rate)
    sound = data.sounds(4, 64 * 160, 0)
    latents = system.encode_sound(sound).clone()

    def apart() -> float:
        return float(level_distance(sound[:, None], system.decode_sound(latents)[:, None]))

    before = apart()
    plan = replace(size.decoder_finetune, steps=30, every=15, lr=2e-3, ema=0.0)
    finetune_decoder(system.networks, data, plan, tmp_path, seed=0)
    assert apart() < 0.9 * before
    assert torch.equal(system.encode_sound(sound), latents)
    assert all(p.requires_grad for p in system.networks.vae.parameters())


def test_clips_are_as_asked(trained):
    system, _ = trained
    heard = []
    clips = system.generate(
        "funk",
        2,
        seconds=1.5,
        steps=2,
        seed=3,
        progress=lambda step, steps: heard.append((step, steps)),
    )
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


def test_conditioning_leaves_out_empty_texts_and_knows_its_old_argument(trained):
    system, _ = trained
    assert system.conditioning(["jazz", " "]).mask.tolist() == [True, False]
    assert system.conditioning(["jazz"], conditional=False).mask.tolist() == [False]
    with pytest.warns(DeprecationWarning, match="said: .*conditional"):
        old = system.conditioning(["jazz"], said=False)
    assert not old.mask.any()


def test_words_that_a_prompt_excludes_do_not_reach_the_text_encoder(monkeypatch):
    system, texts = MusicLDM(config_of(PROFILES["smoke"])), []
    embed = system.embedder.embed_text
    monkeypatch.setattr(
        system.embedder, "embed_text", lambda given: texts.extend(given) or embed(given)
    )
    with pytest.warns(UserWarning, match="no drums"):
        [clip] = system.generate("Rock, no drums", steps=1, seconds=0.5)
    assert clip.caption == "Rock, no drums"
    masks = [system.request(prompt)[0](1).mask.item() for prompt in ("drumless rock", "drumless")]
    assert masks == [True, False]
    assert system.conditioning(["funk", "no drums"]).mask.tolist() == [True, False]
    assert texts == ["Rock", "rock", "", "funk", ""]


def test_a_prompt_that_names_a_class_is_embedded_between_its_words_and_that_class():
    captions, words = ("solo piano, pop", "piano, classical", "rock drums"), ("rock", "drums")
    config = replace(config_of(PROFILES["smoke"]), captions=captions, vocabulary=words)
    system = MusicLDM(config)
    assert system.classes == ("piano", "drums")
    prompts = ["a romantic piece on the piano", "wild drumming, no piano", "wild drums, 118 bpm"]
    read = ["a romantic piece on the piano", "wild drumming", "wild drums, 118 bpm"]
    same = ["strings", "", "rock drums, 118 bpm"]  # no class of the system's; drums in known words
    own, got = system.embedder.embed_text(read + same), system.embed_prompts(prompts + same)
    usual = [captions[:2], captions[2:], ["rock drums, 120 bpm"]]
    for row, texts in enumerate(usual):
        mean = system.embedder.embed_text(texts).mean(0)
        between = own[row] + mean / mean.norm()
        assert torch.allclose(got[row], between / between.norm(), atol=1e-6)
    assert torch.equal(got[3:], own[3:])
    assert torch.equal(system.conditioning(prompts + same).vector, got)
    assert torch.equal(
        system.embed_prompts(["wild drums"], 118), system.embed_prompts(["wild drums"], 121)
    )
    assert not torch.equal(system.embed_prompts(["drums"]), system.embedder.embed_text(["drums"]))
    assert system.explain_prompt("piano").understood == ("piano",)


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
    for samples in (1, 1000, 20_001):
        clip = Clip(audio=audio[0][:, :samples], sample_rate=16000)
        assert system.reconstruct(clip).audio.shape == (1, samples)
        assert np.isfinite(system.reconstruct(clip).audio).all()


def test_many_sounds_are_converted_in_parts_with_the_same_result(trained, monkeypatch):
    system, _ = trained
    sounds = 0.3 * torch.randn(5, 10_240, generator=torch.Generator().manual_seed(0))
    rows = []

    def converted():
        z = system.encode_sound(sounds)
        return z, system.decode_sound(z), system.embedder.embed_sound(sounds)

    whole = converted()
    hook = system.networks.vae.encoder.register_forward_hook(lambda _, x, y: rows.append(len(y)))
    monkeypatch.setattr("workbench.systems.musicldm.networks.PART", 2)
    parts = converted()
    hook.remove()
    assert rows == [2, 2, 1]
    for one, other in zip(whole, parts, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


@pytest.mark.parametrize(
    "sound",
    [np.array([[0.4]]), np.full((1, 9000), 7.0), np.tile([[1.0, -1.0]], 4500)],
    ids=["one sample", "too loud", "clipped"],
)
def test_odd_clips_can_be_asked_for(trained, sound):
    system, _ = trained
    clip = Clip(audio=sound, sample_rate=16000)
    for one in (system.generate(like=clip, steps=2, candidates=2)[0], system.reconstruct(clip)):
        assert np.isfinite(one.audio).all()
        assert np.abs(one.audio).max() <= 1


def test_silence_is_reconstructed_but_nothing_can_be_like_it(trained):
    system, _ = trained
    clip = Clip(audio=np.zeros((1, 9000)), sample_rate=16000)
    assert np.isfinite(system.reconstruct(clip).audio).all()
    with pytest.raises(PromptError, match="like: the clip is silent"):
        system.generate(like=clip)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_is_refused_however_it_came_in(trained, bad):
    system, _ = trained
    clip = Clip(audio=np.ones((1, 9000)), sample_rate=16000)
    clip.audio[0, 100] = bad
    for use in (system.reconstruct, lambda c: system.generate(like=c)):
        with pytest.raises(WorkbenchError, match="audio holds NaN or infinite"):
            use(clip)
    with pytest.raises(WorkbenchError, match="sounds holds NaN or infinite"):
        system.encode_sound(torch.from_numpy(clip.audio))


def test_sound_whose_spectrum_overflows_is_refused(trained):
    system, _ = trained
    with pytest.raises(WorkbenchError, match="too loud"):
        system.encode_sound(torch.full((1, 9000), 1e30))


def test_an_all_but_silent_collection_leaves_finite_scales(tmp_path):
    """One click in half a minute: most crops are silent."""
    sound = np.zeros(16_000 * 30)
    sound[5] = 0.5
    audio = collection(tmp_path / "mine", [sound, 0.9 * sound, 0.8 * sound], [[]] * 3)
    size, system = PROFILES["smoke"], MusicLDM(config_of(PROFILES["smoke"]))
    data = Data.of(audio, audio.rate)
    done = fit_vae(system.networks, data, size.vae, tmp_path / "out", crop=size.crop, seed=0)
    assert np.isfinite(done.best["loss"])
    assert all(torch.isfinite(value).all() for value in system.networks.state_dict().values())
    assert torch.isfinite(system.encode_sound(torch.zeros(1, 16_000))).all()


def test_the_loss_of_the_vae_by_its_formula(audio, tmp_path):
    """Equation (3) of lesson 08 on the held-out crops, with PyTorch's KL divergence of normals."""
    from torch.distributions import Normal, kl_divergence

    size = PROFILES["smoke"]
    networks, data = MusicLDM(config_of(size)).networks, Data.of(audio, audio.rate)
    done = fit_vae(networks, data, size.vae, tmp_path / "out", crop=size.crop, seed=0)
    sound = data.sounds(16, size.crop * networks.mel.hop, 0, validation=True)
    mel = ((networks.mel(sound) - networks.mel_mean) / networks.mel_std)[:, None]
    with torch.no_grad():
        mean, logvar = done.module.encode(mel)
        error = done.module.decode(mean).numpy() - mel.numpy()
    kl = kl_divergence(Normal(mean, torch.exp(logvar / 2)), Normal(0.0, 1.0))
    assert done.best["distance"] == pytest.approx(np.abs(error).mean(), rel=1e-3)
    assert done.best["kl"] == pytest.approx(1e-3 * float(kl.mean()), rel=1e-3)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_mixes_are_windows_like_others(trained, audio, kind):
    system, _ = trained
    rows = audio.split("train")
    real = windows_of(system.networks, system.embedder, audio, rows, 6, seed=0)
    mixed = mixes_of(system.networks, system.embedder, audio, rows, 6, kind, seed=0)
    assert mixed.z.shape == real.z.shape
    assert torch.allclose(mixed.sound.norm(dim=1), torch.ones(6), atol=1e-3)
    assert torch.allclose(mixed.text.norm(dim=1), torch.ones(6), atol=1e-3)
    assert mixed.captioned.all()
    assert len(Windows.joined([real, mixed])) == 12
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


def collection(top, sounds, beats):
    """Prepared sound with labels of beats, all in the training split but the last piece."""
    top.mkdir()
    lines = ["file,split,caption,beats,downbeats"]
    for i, (sound, times) in enumerate(zip(sounds, beats, strict=True)):
        soundfile.write(top / f"{i}.wav", sound, 16000)
        split = "train" if i < len(sounds) - 1 else "validation"
        said = " ".join(f"{t:.4f}" for t in times)
        lines.append(f"{i}.wav,{split},a sound,{said},{' '.join(said.split()[::4])}")
    (top / "captions.csv").write_text("\n".join(lines) + "\n")
    return prepare_audio(find_audio(top), top / "out", rate=16000, quiet=True, workers=1)


def hum(seconds, hertz):
    return 0.4 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * 16000)) / 16000)


def test_pieces_an_octave_apart_are_mixed_and_those_without_beats_are_not(tmp_path):
    slow, fast = np.arange(0, 5.9, 1.0), np.arange(0, 5.9, 0.5)
    sounds = [hum(6, 200), hum(6, 300), hum(6, 400), hum(6, 500)]
    audio = collection(tmp_path / "mine", sounds, [slow, fast, [], fast])
    pairs = list(synchronous_pairs(audio, [0, 1, 2], 6, 16_000, seed=0))
    assert {frozenset(pair[2:]) for pair in pairs} == {frozenset({0, 1})}
    with pytest.raises(PromptError, match="1 of 2 pieces have beats"):
        list(synchronous_pairs(audio, [0, 2], 6, 16_000, seed=0))
    with pytest.raises(PromptError, match=r"dataset: 0 of 3 pieces .*11\.0 s"):
        check_tempi(audio, [0, 1, 2], 160_000)
    check_tempi(audio, [0, 1, 2], 16_000)


def test_pieces_whose_beats_end_early_do_not_stop_the_mixing(tmp_path):
    """After their second downbeat comes one beat more and no tempo."""
    early = [0.0, 0.5, 1.0, 1.5, 2.0]
    sounds = [hum(6, 200), hum(6, 300), hum(6, 400)]
    audio = collection(tmp_path / "mine", sounds, [early, early, early])
    assert len(list(synchronous_pairs(audio, [0, 1], 5, 16_000, seed=0))) == 5
    late = [0.0, 5.5]
    audio = collection(tmp_path / "late", sounds, [late, late, late])
    for item in audio.items:
        item.labels["downbeats"] = "2.0"
    with pytest.raises(PromptError, match="only 0 have beats throughout; use plain mixup"):
        list(synchronous_pairs(audio, [0, 1], 5, 16_000, seed=0))


@pytest.mark.parametrize("mixup", ["bam", "blm"])
def test_music_without_beats_is_told_before_anything_is_trained(tmp_path, mixup):
    audio = collection(tmp_path / "mine", [hum(4, 100 * i) for i in (2, 3, 4)], [[]] * 3)
    with pytest.raises(PromptError, match="0 of 2 pieces have beats"):
        MusicLDM.train(audio, "smoke", mixup=mixup, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_does_not_fit_is_said(audio, trained, tmp_path):
    system, _ = trained
    with pytest.raises(PromptError, match="mixup: 'salad'"):
        MusicLDM.train(audio, "smoke", mixup="salad", out=tmp_path)
    with pytest.raises(PromptError, match="mixup: 'none'"):
        mixes_of(system.networks, system.embedder, audio, audio.split("train"), 2, "none", 0)
