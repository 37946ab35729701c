"""A pipeline as diffusers saves it, at a tiny size: each part says what it says in diffusers."""

import json
import shutil

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, MusicLDMPipeline
from transformers import ClapFeatureExtractor

from tests.published_parts import film_unet, mel_vae, vocoder
from tests.small_clap import small_clap
from tests.systems.conftest import trapped
from workbench.errors import CheckpointError
from workbench.models.music_ldm import MusicLDMSizes
from workbench.music.clip import Clip
from workbench.systems.musicldm import MusicLDM

SIZES = MusicLDMSizes(
    embed=16, vae=(8, 8, 16), latent=8, unet=(16, 32), vocoder=32, blocks=(3,), attention=True
)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    top = tmp_path_factory.mktemp("published")
    clap, tokenizer = small_clap(top)
    made = MusicLDMPipeline(
        vae=mel_vae(SIZES),
        text_encoder=clap,
        tokenizer=tokenizer,
        feature_extractor=ClapFeatureExtractor(64, hop_length=7900, truncation="rand_trunc"),
        unet=film_unet(SIZES),
        scheduler=DDIMScheduler(
            beta_start=0.0015,
            beta_end=0.0195,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
        ),
        vocoder=vocoder(SIZES),
    )
    made.save_pretrained(top / "pipeline")
    return made, top / "pipeline"


def test_parts_say_what_they_say_in_diffusers(pipeline):
    theirs, folder = pipeline
    system = MusicLDM.from_diffusers(folder)
    texts = ["a slow song", "fast drums"]
    tokens = theirs.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():  # diffusers' own call does not know newer transformers' output
        clap = theirs.text_encoder
        pooled = clap.text_projection(clap.text_model(**tokens).pooler_output)
    prompts = pooled / pooled.norm(dim=1, keepdim=True)
    assert torch.allclose(system.embedder.embed_text(texts), prompts, atol=1e-5)
    x, t = torch.randn(2, 8, 16, 16), torch.tensor([10, 700])
    with torch.no_grad():
        noise = theirs.unet(x, t, None, class_labels=prompts).sample
        ours = system.networks.denoiser(x, t, prompts, torch.tensor([True, True]))
        assert torch.allclose(ours, noise, atol=1e-5)
        mel = theirs.vae.decode(x / theirs.vae.config.scaling_factor).sample
        sound = theirs.mel_spectrogram_to_waveform(mel)
    assert torch.allclose(system.decode_mel(x), mel[:, 0], atol=1e-4)
    assert torch.allclose(system.decode_sound(x), sound[:, : 64 * 160].clamp(-1, 1), atol=1e-4)
    assert torch.allclose(system.diffusion.alphas_bar, theirs.scheduler.alphas_cumprod, atol=1e-5)


def test_it_draws_by_words_and_by_sound(pipeline):
    system = MusicLDM.from_diffusers(pipeline[1])
    clip = system.generate("fast drums", seconds=0.5, steps=2, candidates=2, seed=1)[0]
    assert clip.audio.shape == (1, 8000)
    assert np.isfinite(clip.audio).all()
    heard = Clip(audio=0.3 * np.sin(0.2 * np.arange(8000)), sample_rate=16000, caption="a hum")
    like = system.generate(like=heard, seconds=0.3, steps=2)[0]  # its own are all but silent
    assert like.caption == "like a hum"


def test_what_is_no_pipeline_is_refused(pipeline, tmp_path, monkeypatch):
    import shutil

    _, folder = pipeline
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    shutil.rmtree(broken / "vae")
    with pytest.raises(CheckpointError, match=r"broken: .*pipeline"):
        MusicLDM.from_diffusers(broken)
    for part in ("text_encoder", "tokenizer", "feature_extractor"):
        deaf = tmp_path / part
        shutil.copytree(folder, deaf)
        shutil.rmtree(deaf / part)
        with pytest.raises(CheckpointError, match="CLAP cannot be loaded"):
            MusicLDM.from_diffusers(deaf)
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    path = other / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "beta_schedule": "linear"}))
    with pytest.raises(CheckpointError, match="beta_schedule"):
        MusicLDM.from_diffusers(other)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(CheckpointError, match="neither a folder"):
        MusicLDM.from_diffusers("nobody/nothing-here")


@pytest.mark.parametrize("part", ["vae", "unet", "vocoder", "text_encoder"])
def test_no_pickle_is_read_in_place_of_safetensors(pipeline, tmp_path, part):
    copied = shutil.copytree(pipeline[1], tmp_path / "pipeline")
    trapped(copied / part, tmp_path / "sprung")
    with pytest.raises(CheckpointError, match="pipeline"):
        MusicLDM.from_diffusers(copied)
    assert not (tmp_path / "sprung").exists()
