"""A VAE of mel spectrograms whose latents are one vector per patch of frames.

    mel → patches of 8 frames × all bands → linear → mean of z        (encoder)
    z → linear + ConvNeXt blocks over patches → patches → mel         (decoder)

Both linear layers begin as a principal component analysis of training patches, the best linear
autoencoder (Baldi & Hornik 1989, "Neural networks and principal component analysis"); the blocks
begin at zero and learn what is left. Neighbouring frames and bands of a mel spectrogram are so
alike that 64 of 512 numbers keep it within a tenth of its deviation, which a small convolutional
VAE does not reach. A patch holds all bands, so that an onset is one vector and not a column of
eight. Notebook: `notebooks/08_musicldm.ipynb`.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from workbench.models.principal import principal
from workbench.models.spectral_vae import ConvNeXt, Layers

LOGVAR = -4.0  # log variance of the latents before training


class PatchVAE(nn.Module):
    """A VAE between mel spectrograms (batch, 1, frames, bands) and latents (batch, latent,
    frames / patch, 1).

    Args:
        bands: Bands of the mel spectrogram.
        patch: Frames of a patch.
        latent: Numbers of z per patch.
        width: Width of the decoder's blocks.
        blocks: Number of blocks.
    """

    def __init__(self, bands: int, patch: int, latent: int, width: int, blocks: int) -> None:
        super().__init__()
        self.patch, self.bands = patch, bands
        self.encoder = nn.Linear(patch * bands, latent)
        self.logvar = nn.Parameter(torch.full((latent,), LOGVAR))  # the same for all patches
        self.decoder = nn.Linear(latent, patch * bands)
        self.blocks = Layers(
            [
                nn.Conv1d(latent, width, 1),
                *(ConvNeXt(width) for _ in range(blocks)),
                nn.Conv1d(width, patch * bands, 1),
            ]
        )
        nn.init.zeros_(cast(Tensor, self.blocks[-1].weight))
        nn.init.zeros_(cast(Tensor, self.blocks[-1].bias))

    @property
    def encoding(self) -> list[nn.Module]:
        """The parts that compute the mean of z."""
        return [self.encoder]

    @torch.no_grad()
    def begin(self, mel: Tensor) -> None:
        """Set the linear layers to the scaled principal components of mel spectrograms (n, 1,
        frames, bands)."""
        patches = self.patches(mel).flatten(0, 1)  # (n · patches, patch · bands)
        found = principal(patches, len(self.logvar))
        self.encoder.weight.copy_(found.directions / found.scale[:, None])
        self.encoder.bias.copy_(-self.encoder.weight @ found.mean)
        self.decoder.weight.copy_(found.directions.T * found.scale)
        self.decoder.bias.copy_(found.mean)

    def patches(self, mel: Tensor) -> Tensor:
        """Mel spectrograms (batch, 1, frames, bands) → (batch, frames / patch, patch · bands)."""
        return mel[:, 0].unflatten(1, (-1, self.patch)).flatten(2)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance of the latents, each (batch, latent, frames / patch, 1)."""
        mean = self.encoder(self.patches(x)).transpose(1, 2)[..., None]
        return mean, self.logvar[:, None, None].expand_as(mean)

    def sample(self, mean: Tensor, logvar: Tensor) -> Tensor:
        """Sample latents."""
        return mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)

    def decode(self, z: Tensor) -> Tensor:
        """Decode latents to mel spectrograms."""
        z = z[..., 0]  # (batch, latent, patches)
        patches = self.decoder(z.transpose(1, 2)) + self.blocks(z).transpose(1, 2)
        return patches.unflatten(2, (self.patch, self.bands)).flatten(1, 2)[:, None]
