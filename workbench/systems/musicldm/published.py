"""Published MusicLDM checkpoints in the workbench's pipeline, with CLAP as their embedder.

    system = MusicLDM.from_diffusers("ucsd-reach/musicldm")     # a name on the hub, or a folder

The folder is what diffusers' MusicLDMPipeline saves: vae/, unet/, vocoder/, text_encoder/,
tokenizer/, feature_extractor/, scheduler/.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import CheckpointError, brief
from workbench.models.music_ldm import FiLMUNet, MusicLDMSizes
from workbench.models.text_audio import TextAudioConfig
from workbench.representations.clap import Clap
from workbench.systems.musicldm.config import MusicLDMConfig
from workbench.systems.musicldm.networks import Networks
from workbench.systems.storage import from_hub

SCHEDULE = {"beta_schedule": "scaled_linear", "beta_start": 0.0015, "beta_end": 0.0195}


@dataclass(frozen=True)
class Published:
    """The networks of a published pipeline in evaluation mode, their configuration, and CLAP."""

    config: MusicLDMConfig
    vae: Any  # diffusers' AutoencoderKL
    unet: Any  # diffusers' UNet2DConditionModel
    vocoder: Any  # transformers' SpeechT5HifiGan
    embedder: Clap

    def put_into(self, networks: Networks) -> None:
        """Copy the weights into `networks`, which has the same configuration."""
        networks.vae.load_state_dict(self.vae.state_dict())
        networks.vocoder.load_state_dict(self.vocoder.state_dict())
        assert isinstance(networks.denoiser, FiLMUNet)
        networks.denoiser.unet.load_state_dict(self.unet.state_dict())
        networks.mel_mean.fill_(0.0)
        networks.mel_std.fill_(1.0)
        networks.latent_std.fill_(1 / self.vae.config.scaling_factor)
        networks.denoiser.null_text.copy_(self.embedder.embed_text([""])[0])


def load_published(name: str | Path) -> Published:
    """Load a pipeline from a folder or from the hub. Raises CheckpointError if it is incomplete."""
    from diffusers.models import AutoencoderKL, UNet2DConditionModel
    from transformers import SpeechT5HifiGan

    folder = Path(name)
    if not folder.is_dir():
        folder = from_hub(str(name), ignore_patterns=["*.bin", "*.ckpt", "*.pt", "*.pth"])
    try:
        safe: dict[str, Any] = {"use_safetensors": True}  # a pickle could run code
        vae = AutoencoderKL.from_pretrained(folder, subfolder="vae", **safe)
        unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet", **safe)
        hifigan = SpeechT5HifiGan.from_pretrained(folder, subfolder="vocoder", **safe)
        schedule = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    except Exception as error:  # any library may fail on unusual values
        raise CheckpointError(
            f"{name}: is not a complete MusicLDM pipeline ({brief(error)})"
        ) from None
    wrong = {k: schedule.get(k) for k, v in SCHEDULE.items() if schedule.get(k) != v}
    if wrong:
        raise CheckpointError(f"{name}: must have MusicLDM's noise schedule, got {wrong}")
    return Published(
        config_of(vae.config, unet.config, hifigan.config, schedule),
        vae.eval(),
        unet.eval(),
        hifigan.eval(),
        Clap.load(folder / "text_encoder", folder / "tokenizer", folder / "feature_extractor"),
    )


def config_of(vae: Any, unet: Any, hifigan: Any, schedule: dict[str, Any]) -> MusicLDMConfig:
    """Return the configuration of published networks."""
    sizes = MusicLDMSizes(
        bands=hifigan.model_in_dim,
        embed=unet.projection_class_embeddings_input_dim,
        vae=tuple(vae.block_out_channels),
        latent=vae.latent_channels,
        unet=tuple(unet.block_out_channels),
        layers=unet.layers_per_block,
        groups=unet.norm_num_groups,
        attention=vae.mid_block_add_attention,
        vocoder=hifigan.upsample_initial_channel,
        blocks=tuple(hifigan.resblock_kernel_sizes),
    )
    return MusicLDMConfig(
        sizes,
        TextAudioConfig(dim=sizes.embed),
        hifigan.sampling_rate,
        frames=1024,
        schedule="scaled-linear",
        prediction=schedule.get("prediction_type", "epsilon"),
        steps=schedule.get("num_train_timesteps", 1000),
    )
