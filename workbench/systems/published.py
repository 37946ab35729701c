"""Published MusicLDM checkpoints in the workbench's pipeline, with CLAP as their embedder.

    system = MusicLDM.from_diffusers("ucsd-reach/musicldm")     # a name on the hub, or a folder

The folder is what diffusers' MusicLDMPipeline saves: vae/, unet/, vocoder/, text_encoder/,
tokenizer/, feature_extractor/, scheduler/.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from workbench.errors import CheckpointError
from workbench.models.music_ldm import MusicLDMSizes
from workbench.models.text_audio import TextAudioConfig
from workbench.systems.musicldm import MusicLDM, MusicLDMConfig

SCHEDULE = {"beta_schedule": "scaled_linear", "beta_start": 0.0015, "beta_end": 0.0195}
CLAP_RATE = 48_000  # Hz


class Clap:
    """transformers' CLAP: texts, and sounds at 16 kHz, as unit vectors."""

    def __init__(self, model: nn.Module, tokenizer: Any, extractor: Any) -> None:
        self.model, self.tokenizer, self.extractor = model.eval(), tokenizer, extractor

    @classmethod
    def load(cls, model: str | Path, tokenizer: str | Path, extractor: str | Path) -> Clap:
        """From a folder of each, or a name on the hub such as "laion/clap-htsat-unfused".
        CheckpointError says why they could not be read."""
        from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel

        try:
            return cls(
                ClapModel.from_pretrained(model), AutoTokenizer.from_pretrained(tokenizer),
                ClapFeatureExtractor.from_pretrained(extractor),
            )  # fmt: skip
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{model}: CLAP cannot be loaded ({_brief(error)})") from None

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> Tensor:
        tokens = self.tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        return _vectors(self.model.get_text_features(**tokens))

    @torch.inference_mode()
    def embed_sound(self, sounds: Tensor) -> Tensor:
        import torchaudio

        wide = torchaudio.functional.resample(sounds, 16_000, CLAP_RATE)
        features = self.extractor(
            [row.numpy() for row in wide], sampling_rate=CLAP_RATE, return_tensors="pt"
        )
        return _vectors(self.model.get_audio_features(**features))


def _vectors(found: Any) -> Tensor:
    """Newer transformers return an output object, older ones the tensor."""
    vectors = found if isinstance(found, Tensor) else found.pooler_output
    return nn.functional.normalize(vectors, dim=-1)


def load_published(name: str | Path) -> MusicLDM:
    """A pipeline's folder, or its name on the hub, as a `MusicLDM`. Raises CheckpointError."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import SpeechT5HifiGan

    folder = Path(name)
    if not folder.is_dir():
        folder = _download(str(name))
    try:
        vae = AutoencoderKL.from_pretrained(folder, subfolder="vae")
        unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet")
        speaker = SpeechT5HifiGan.from_pretrained(folder, subfolder="vocoder")
        schedule = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{name}: no whole MusicLDM pipeline ({_brief(error)})") from None
    wrong = {k: schedule.get(k) for k, v in SCHEDULE.items() if schedule.get(k) != v}
    if wrong:
        raise CheckpointError(f"{name}: its noise schedule is not MusicLDM's: {wrong}")
    system = MusicLDM(config_of(vae.config, unet.config, speaker.config, schedule))
    system.networks.vae, system.networks.vocoder = vae.eval(), speaker.eval()
    system.networks.denoiser.unet = unet.eval()
    system.embedder = Clap.load(
        folder / "text_encoder", folder / "tokenizer", folder / "feature_extractor"
    )
    system.networks.mel_mean.fill_(0.0)
    system.networks.mel_std.fill_(1.0)
    system.networks.latent_std.fill_(1 / vae.config.scaling_factor)
    system.networks.denoiser.nothing.copy_(system.embedder.embed_text([""])[0])
    return system


def config_of(vae: Any, unet: Any, speaker: Any, schedule: dict[str, Any]) -> MusicLDMConfig:
    """Our description of networks that others made."""
    sizes = MusicLDMSizes(
        bands=speaker.model_in_dim, embed=unet.projection_class_embeddings_input_dim,
        vae=tuple(vae.block_out_channels), latent=vae.latent_channels,
        unet=tuple(unet.block_out_channels), layers=unet.layers_per_block,
        groups=unet.norm_num_groups, attention=True, vocoder=speaker.upsample_initial_channel,
        blocks=tuple(speaker.resblock_kernel_sizes),
    )  # fmt: skip
    return MusicLDMConfig(
        sizes, TextAudioConfig(dim=sizes.embed), speaker.sampling_rate, frames=1024,
        schedule="scaled-linear", prediction=schedule.get("prediction_type", "epsilon"),
        steps=schedule.get("num_train_timesteps", 1000),
    )  # fmt: skip


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name))
    except Exception as error:
        raise CheckpointError(
            f"{name}: neither a folder nor to be had from the hub ({_brief(error)})"
        ) from None


def _brief(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
