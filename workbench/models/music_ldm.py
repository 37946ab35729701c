"""MusicLDM's three networks: those of its published checkpoint, and small ones for a laptop.

    mel (1, frames, 64) → VAE → denoiser conditioned on one vector (FiLM) → vocoder

Chen et al. 2023, arXiv 2308.01546, section 3. Published are a convolutional VAE (`kl_vae.py`), a
U-Net (`film_unet.py`) and a HiFi-GAN (`hifigan.py`); their weights run in the same pipeline. Made
small, these three fail: the VAE blurs, the U-Net's onsets differ from band to band, the HiFi-GAN
hisses. The laptop's networks have one vector per 80 ms with all bands in it: a VAE of patches
(`patch_vae.py`), a transformer (`dit.py`) and a Vocos. Notebook: `notebooks/08_musicldm.ipynb`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from workbench.models.conditioning import Conditioning
from workbench.models.denoisers import sinusoids
from workbench.models.dit import DiT, DiTConfig
from workbench.models.film_unet import UNet
from workbench.models.hifigan import HiFiGAN
from workbench.models.kl_vae import KLVAE, KLVAEConfig
from workbench.models.mel_encoder import MEL_MEAN, MEL_STD
from workbench.models.patch_vae import PatchVAE
from workbench.models.spectral_vae import KERNEL, ConvNeXt, Layers, invert


@dataclass(frozen=True)
class MusicLDMSizes:
    """Sizes of MusicLDM's networks.

    Args:
        bands: Bands of the mel spectrogram.
        embed: Dimension of the embedding that conditions the denoiser.
        vae: Channels of each level of the VAE.
        patch: Frames of a patch, width and blocks of a `PatchVAE` instead; () for the
            convolutional VAE.
        latent: Channels of z.
        unet: Channels of each level of the U-Net.
        transformer: Width, blocks and heads of a transformer instead; () for the U-Net.
        layers: Residual blocks per level.
        groups: Groups of the group norms.
        attention: Whether the VAE has attention between encoder and decoder.
        vocoder: Channels of a Vocos's blocks, or of a HiFi-GAN before its first upsampling.
        blocks: Kernels of a HiFi-GAN's residual blocks; () for a Vocos.
        beat: Channels that describe the beat at each latent frame; 0 for a denoiser that does not
            know beats.
        depth: Number of a Vocos's blocks.
        window: Window of a Vocos's Fourier transform in samples.
    """

    bands: int = 64
    embed: int = 128
    vae: tuple[int, ...] = (16, 24, 32, 64)
    patch: tuple[int, ...] = ()
    latent: int = 16
    unet: tuple[int, ...] = (32, 48, 80)
    transformer: tuple[int, ...] = ()
    layers: int = 1
    groups: int = 8
    attention: bool = False
    vocoder: int = 144
    blocks: tuple[int, ...] = ()
    beat: int = 0
    depth: int = 4
    window: int = 640

    @property
    def shorter(self) -> int:
        """Mel frames per latent frame."""
        return self.patch[0] if self.patch else 2 ** (len(self.vae) - 1)

    @property
    def latent_bands(self) -> int:
        """Bands of a latent: each as many mel bands as `shorter`, or one for all."""
        return 1 if self.patch else self.bands // self.shorter


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
        beat: The beat at each latent frame (batch, beat, frames), zeros where it is unknown; by
            default unknown throughout (batch, 0, 0).
    """

    timed: ClassVar = (2,)

    vector: Tensor
    mask: Tensor
    beat: Tensor = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.beat is None:
            object.__setattr__(self, "beat", self.vector.new_zeros(len(self.vector), 0, 0))

    def dropped(self, p: float) -> Self:
        """Leave out the embedding and the beat of each item with probability p each."""
        off = torch.rand(2, len(self.mask), device=self.mask.device) < p
        return replace(
            self, mask=self.mask & ~off[0], beat=self.beat.masked_fill(off[1][:, None, None], 0.0)
        )

    def unconditional(self) -> Self:
        """Return the batch with the embedding of the empty text in each row. The beat stays:
        guidance strengthens words only."""
        return replace(self, mask=torch.zeros_like(self.mask))


def mel_vae(sizes: MusicLDMSizes) -> KLVAE | PatchVAE:
    """Return a VAE between log mel (batch, 1, frames, bands) and latents (batch, latent,
    frames / shorter, latent bands)."""
    if sizes.patch:
        patch, width, blocks = sizes.patch
        return PatchVAE(sizes.bands, patch, sizes.latent, width, blocks)
    return KLVAE(KLVAEConfig(sizes.vae, sizes.latent, sizes.layers, sizes.groups, sizes.attention))


class Vocos(nn.Module):
    """A vocoder: ConvNeXt blocks over frames predict magnitude and phase of each frequency bin.

    Forward: log mel (batch, frames, bands) → waveform (batch, frames · 160).

    Source: Siuzdak 2023, arXiv 2306.00814.
    """

    hann: Tensor

    def __init__(self, bands: int, width: int, depth: int = 4, window: int = 640) -> None:
        super().__init__()
        self.register_buffer("hann", torch.hann_window(window), persistent=False)
        self.blocks = Layers(
            [
                nn.Conv1d(bands, width, KERNEL, padding=KERNEL // 2),
                *(ConvNeXt(width) for _ in range(depth)),
                nn.Conv1d(width, window + 2, 1),
            ]
        )

    def forward(self, mel: Tensor) -> Tensor:
        x = ((mel - MEL_MEAN) / MEL_STD).transpose(1, 2)  # (batch, bands, frames)
        log_magnitude, phase = self.blocks(x).float()[:, None].chunk(2, dim=2)
        return invert(log_magnitude - 5.0, phase, self.hann, 160)[:, 0]  # quiet before training


def vocoder(sizes: MusicLDMSizes) -> Vocos | HiFiGAN:
    """Return a vocoder from log mel (batch, frames, bands) to a waveform (batch, frames · 160)."""
    if not sizes.blocks:
        return Vocos(sizes.bands, sizes.vocoder, sizes.depth, sizes.window)
    return HiFiGAN(sizes.bands, sizes.vocoder, sizes.blocks)


class FiLMUNet(nn.Module):
    """The U-Net with the interface that samplers need.

    Forward: x (batch, latent, frames, bands), t (batch,) and the fields of an
    `MusicLDMConditioning` → the prediction, of the shape of x. The buffer `null_text` is the
    embedding of the empty text. The beat is added to the first feature maps, the same in all bands,
    from a convolution that is zero at first.
    """

    null_text: Tensor

    def __init__(self, sizes: MusicLDMSizes) -> None:
        super().__init__()
        self.unet = UNet(
            sizes.latent, sizes.unet, layers=sizes.layers, groups=sizes.groups, embed=sizes.embed
        )
        self.multiple = 2 ** (len(sizes.unet) - 1)  # each level but the last halves the frames
        self.register_buffer("null_text", torch.zeros(sizes.embed))
        self.sizes = sizes
        if sizes.beat:
            self.beat_in = nn.Conv1d(sizes.beat, sizes.unet[0], 3, padding=1, bias=False)
            nn.init.zeros_(self.beat_in.weight)

    def forward(
        self, x: Tensor, t: Tensor, vector: Tensor, mask: Tensor, beat: Tensor | None = None
    ) -> Tensor:
        vector = torch.where(mask[:, None], vector, self.null_text)  # (batch, embed)
        missing = -x.shape[2] % self.multiple
        added = None
        if self.sizes.beat and beat is not None and beat.numel():
            added = self.beat_in(nn.functional.pad(beat, (0, missing)))[..., None]
        padded = nn.functional.pad(x, (0, 0, 0, missing))
        return self.unet(padded, t, vector, added)[:, :, : x.shape[2]]


class FiLMTransformer(DiT):
    """The transformer with the same interface, on latents of one band.

    Step and embedding scale and shift the channels in each block: adaLN is FiLM after a norm.

    Forward: x (batch, latent, frames, 1), t (batch,) and the fields of an `MusicLDMConditioning` →
    the prediction, of the shape of x. The buffer `null_text` is the embedding of the empty text.
    """

    null_text: Tensor  # type: ignore[assignment]  # a parameter in a DiT that reads text

    def __init__(self, sizes: MusicLDMSizes) -> None:
        width, depth, heads = sizes.transformer
        super().__init__(
            DiTConfig(
                sizes.latent,
                width,
                depth,
                heads,
                kernel=3,
                beat=sizes.beat,
                vector=sizes.embed,
                qk_norm=True,
            )
        )
        self.register_buffer("null_text", torch.zeros(sizes.embed))

    def forward(  # type: ignore[override]
        self, x: Tensor, t: Tensor, vector: Tensor, mask: Tensor, beat: Tensor | None = None
    ) -> Tensor:
        vector = torch.where(mask[:, None], vector, self.null_text)  # (batch, embed)
        c = self.t_embedder(sinusoids(t.float(), 64)) + self.vector_embedder(vector)
        return self.denoise(x[..., 0], c, beat)[..., None]


def film_denoiser(sizes: MusicLDMSizes) -> FiLMUNet | FiLMTransformer:
    """Return the denoiser of latents (batch, latent, frames, latent bands)."""
    return FiLMTransformer(sizes) if sizes.transformer else FiLMUNet(sizes)
