"""MusicLDM's three networks, made of the same classes as its published checkpoint.

    mel (1, frames, 64) → VAE (÷ 8) → U-Net conditioned on one vector (FiLM) → vocoder

Chen et al. 2023, arXiv 2308.01546, section 3: AutoencoderKL and UNet2DConditionModel of diffusers,
without cross-attention, and SpeechT5HifiGan of transformers. The sizes are smaller; the published
weights run in the same pipeline. The laptop's vocoder is a Vocos, which learns in minutes what
takes a HiFi-GAN of its size hours. Notebook: `notebooks/07_audio_diffusion.ipynb`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn

from workbench.models.conditioning import Conditioning
from workbench.models.mel_encoder import MEL_MEAN, MEL_STD
from workbench.models.spectral_vae import KERNEL, ConvNeXt, invert

if TYPE_CHECKING:
    from diffusers.models import AutoencoderKL, UNet2DConditionModel


@dataclass(frozen=True)
class MusicLDMSizes:
    """Sizes of MusicLDM's networks.

    Args:
        bands: Bands of the mel spectrogram.
        embed: Dimension of the embedding that conditions the U-Net.
        vae: Channels of each level of the VAE.
        latent: Channels of z.
        unet: Channels of each level of the U-Net.
        layers: Residual blocks per level.
        groups: Groups of the group norms.
        attention: Whether the VAE has attention between encoder and decoder.
        vocoder: Channels of a Vocos's blocks, or of a HiFi-GAN before its first upsampling.
        blocks: Kernels of a HiFi-GAN's residual blocks; () for a Vocos.
    """

    bands: int = 64
    embed: int = 128
    vae: tuple[int, ...] = (16, 24, 32, 64)
    latent: int = 16
    unet: tuple[int, ...] = (32, 48, 80)
    layers: int = 1
    groups: int = 8
    attention: bool = False
    vocoder: int = 144
    blocks: tuple[int, ...] = ()

    @property
    def shorter(self) -> int:
        """Mel frames per latent frame, which is also mel bands per latent band."""
        return 2 ** (len(self.vae) - 1)


# The sizes of the published checkpoint.
PUBLISHED = MusicLDMSizes(
    embed=512,
    vae=(128, 256, 512),
    latent=8,
    unet=(128, 256, 384, 640),
    layers=2,
    groups=32,
    attention=True,
    vocoder=1024,
    blocks=(3, 7, 11),
)


@dataclass(frozen=True, eq=False)
class MusicLDMConditioning(Conditioning):
    """The conditioning of MusicLDM.

    Args:
        vector: Embedding of a text or a sound (batch, embed).
        mask: Whether the embedding is used: bool (batch,). If not, the embedding of the empty text
            replaces it.
    """

    vector: Tensor
    mask: Tensor

    def dropped(self, p: float) -> Self:
        """Leave out each embedding with probability p."""
        keep = torch.rand(len(self.mask), device=self.mask.device) >= p
        return replace(self, mask=self.mask & keep)

    def unconditional(self) -> Self:
        """Return the batch with the embedding of the empty text in each row."""
        return replace(self, mask=torch.zeros_like(self.mask))


Heard = MusicLDMConditioning  # the old name


def mel_vae(sizes: MusicLDMSizes) -> AutoencoderKL:
    """Return a VAE between log mel (batch, 1, frames, bands) and latents (batch, latent,
    frames / shorter, bands / shorter)."""
    from diffusers.models import AutoencoderKL

    levels = len(sizes.vae)
    return AutoencoderKL(
        in_channels=1,
        out_channels=1,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=sizes.vae,
        layers_per_block=sizes.layers,
        latent_channels=sizes.latent,
        norm_num_groups=sizes.groups,
        mid_block_add_attention=sizes.attention,
    )


class Vocos(nn.Module):
    """A vocoder: ConvNeXt blocks over frames predict magnitude and phase of each frequency bin.

    Forward: log mel (batch, frames, bands) → waveform (batch, frames · 160).

    Source: Siuzdak 2023, arXiv 2306.00814, section 3.
    """

    hann: Tensor

    def __init__(self, bands: int, width: int, depth: int = 4, window: int = 640) -> None:
        super().__init__()
        self.register_buffer("hann", torch.hann_window(window), persistent=False)
        self.blocks = nn.Sequential(
            nn.Conv1d(bands, width, KERNEL, padding=KERNEL // 2),
            *(ConvNeXt(width) for _ in range(depth)),
            nn.Conv1d(width, window + 2, 1),
        )

    def forward(self, mel: Tensor) -> Tensor:
        x = ((mel - MEL_MEAN) / MEL_STD).transpose(1, 2)  # (batch, bands, frames)
        log_magnitude, phase = self.blocks(x).float()[:, None].chunk(2, dim=2)
        return invert(log_magnitude - 5.0, phase, self.hann, 160)[:, 0]  # quiet before training


def vocoder(sizes: MusicLDMSizes, rate: int = 16_000) -> nn.Module:
    """Return a vocoder from log mel (batch, frames, bands) to a waveform (batch, frames · 160).

    Source: HiFi-GAN is Kong et al. 2020, arXiv 2010.05646, section 2.2.
    """
    if not sizes.blocks:
        return Vocos(sizes.bands, sizes.vocoder)
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    return SpeechT5HifiGan(
        SpeechT5HifiGanConfig(
            model_in_dim=sizes.bands,
            sampling_rate=rate,
            upsample_initial_channel=sizes.vocoder,
            upsample_rates=[5, 4, 2, 2, 2],  # 160 samples per frame
            upsample_kernel_sizes=[16, 16, 8, 4, 4],
            resblock_kernel_sizes=list(sizes.blocks),
            resblock_dilation_sizes=[[1, 3, 5]] * len(sizes.blocks),
            normalize_before=False,
        )
    )


def film_unet(sizes: MusicLDMSizes) -> UNet2DConditionModel:
    """Return a U-Net whose time embedding is concatenated with a projection of the conditioning
    vector. Its attention layers are self-attention, because there are no text tokens.

    Source: Perez et al. 2018 (FiLM), arXiv 1709.07871; MusicLDM, section 3.
    """
    from diffusers.models import UNet2DConditionModel

    deeper = len(sizes.unet) - 1
    return UNet2DConditionModel(
        in_channels=sizes.latent,
        out_channels=sizes.latent,
        block_out_channels=sizes.unet,
        layers_per_block=sizes.layers,
        norm_num_groups=sizes.groups,
        attention_head_dim=8,
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * deeper,
        up_block_types=("CrossAttnUpBlock2D",) * deeper + ("UpBlock2D",),
        cross_attention_dim=sizes.unet,
        class_embed_type="simple_projection",
        projection_class_embeddings_input_dim=sizes.embed,
        class_embeddings_concat=True,
    )


class FiLMUNet(nn.Module):
    """The U-Net with the interface that samplers need.

    Forward: x (batch, latent, frames, bands), t (batch,) and the fields of an
    `MusicLDMConditioning` → the prediction, of the shape of x. The buffer `null_text` is the
    embedding of the empty text.
    """

    null_text: Tensor

    def __init__(self, sizes: MusicLDMSizes) -> None:
        super().__init__()
        self.unet = film_unet(sizes)
        self.register_buffer("null_text", torch.zeros(sizes.embed))

    def forward(self, x: Tensor, t: Tensor, vector: Tensor, mask: Tensor) -> Tensor:
        vector = torch.where(mask[:, None], vector, self.null_text)  # (batch, embed)
        # each level but the last halves the frames
        multiple = 2 ** (len(self.unet.config["block_out_channels"]) - 1)
        missing = -x.shape[2] % multiple
        padded = nn.functional.pad(x, (0, 0, 0, missing))
        output: Any = self.unet(padded, t, encoder_hidden_states=None, class_labels=vector)
        return output.sample[:, :, : x.shape[2]]
