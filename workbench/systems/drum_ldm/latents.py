"""DrumLDM's networks at work: drum loops to latents and back, and the space of texts and loops.

The autoencoder encodes a loop as a latent of one vector per beat. The contrastive encoders embed
texts and loops in one space, in which a text lies near the loops that it describes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from workbench.arguments import shown, text_of, texts_of
from workbench.datasets.keywords import tokens
from workbench.errors import CheckpointError
from workbench.evaluation.features import style_features
from workbench.models.latent_critic import LatentCritic
from workbench.models.mrlstm import PaperAutoencoder
from workbench.models.word_regression import WordRegression
from workbench.music.clip import clips_of
from workbench.music.timeline import check_tempo
from workbench.representations.drum_chart import METERS
from workbench.representations.drum_roll import DrumRoll, rolls_of, tile
from workbench.representations.text import TextEncoder, text_encoder
from workbench.systems.drum_ldm.config import DrumLDMConfig
from workbench.systems.drum_ldm.facts import with_facts
from workbench.systems.drum_ldm.networks import DrumNetworks
from workbench.systems.drum_ldm.plans import PLANS_FILE, StylePlans
from workbench.systems.latent_diffusion import LatentDiffusion
from workbench.systems.provenance import signed
from workbench.training.weights import load_file_into

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.music.clip import Clip


CRITIC = "critic.safetensors"
WORDS = "words.safetensors"
BARS = 8  # of a loop, unless another length is given
MOST_TEXTS = 1000  # whose vectors are kept


class DrumLatents(LatentDiffusion):
    """The part of DrumLDM that evaluates its networks once: encode, decode, embed."""

    networks: DrumNetworks
    config_class: ClassVar = DrumLDMConfig
    networks_class: ClassVar = DrumNetworks

    def __init__(self, config: DrumLDMConfig) -> None:
        self.config = config
        self.text: TextEncoder = text_encoder(config.text)
        self.networks = DrumNetworks(config).eval()
        self.contrastive = self.networks.contrastive
        self.autoencoder = self.networks.autoencoder
        self.denoiser = self.networks.denoiser
        self.critic: LatentCritic | None = None  # of checkpoints that have one
        self.words: WordRegression | None = None  # likewise
        self.plans: StylePlans | None = None  # likewise
        self.diffusion = config.diffusion()

    def further_weights(self) -> dict[str, nn.Module]:
        """Return the critic, the word regression and the plans, if there are any."""
        found = {CRITIC: self.critic, WORDS: self.words, PLANS_FILE: self.plans}
        return {name: module for name, module in found.items() if module is not None}

    def load_further(self, files: Mapping[str, Path], folder: Path) -> None:
        """Read the critic, if there is one and it is of these latents: a folder may hold that of an
        earlier training. Read the word regression and the plans, if there are any."""
        if CRITIC in files:
            critic = LatentCritic(len(self.networks.latent_mean))
            load_file_into(critic, files[CRITIC], folder / CRITIC)
            if torch.equal(critic.latent_mean, self.networks.latent_mean):
                self.critic = critic.eval()
        if WORDS in files:
            features = loop_features(np.zeros((1, 16, 27), np.float32))
            words = WordRegression(len(self.config.vocabulary), features.shape[1])
            load_file_into(words, files[WORDS], folder / WORDS)
            self.words = words.eval()
        if PLANS_FILE in files:
            plans = StylePlans()
            load_file_into(plans, files[PLANS_FILE], folder / PLANS_FILE)
            self.plans = plans.eval()

    def latent_shape(self, length: int | None = None) -> tuple[int, ...]:
        """Return the shape of one latent. length: number of beats, by default those of 8 bars of
        4/4."""
        width = len(self.networks.latent_mean)
        beats = 4 * min(self.config.bars, BARS) if length is None else length
        return (width,) if self.config.paper else (beats, width)

    def denoiser_for(self, noisy: Tensor) -> nn.Module:
        return self.denoiser

    # --- music ↔ latent -----------------------------------------------------------------------

    @torch.inference_mode()
    def encode(self, clips: Clip | Sequence[Clip]) -> Tensor:
        """Encode loops of equal length.

        Args:
            clips: One loop or several, each of up to `config.bars` bars in 4/4.

        Returns:
            Latents (n, beats, latent) with mean 0 and variance 1 over the training loops; (n,
            latent) for the paper's networks.

        Raises:
            PromptError: If there is no clip or the lengths differ.
        """
        rolls = rolls_of(clips_of(clips, least=1), slots=self.slots)
        return self.encode_rolls(torch.from_numpy(rolls))

    @property
    def meters(self) -> tuple[tuple[int, int], ...]:
        """The metres of its loops."""
        return METERS if self.config.chart else ((4, 4),)

    @property
    def slots(self) -> int:
        """Hits of one drum that a cell of the rolls can hold, 1 or 2."""
        return 1 if self.config.paper else self.config.autoencoder.slots

    @torch.inference_mode()
    def encode_rolls(self, rolls: Tensor) -> Tensor:
        """Encode drum rolls (n, steps, 27 · slots) as latents, see `encode`. Steps are filled up to
        whole beats."""
        rolls = nn.functional.pad(rolls, (0, 0, 0, -rolls.shape[1] % 4))
        if self.config.paper:  # one vector per loop of full length: shorter loops are repeated
            full = [tile(roll, 16 * self.config.bars) for roll in rolls.numpy()]
            rolls = torch.from_numpy(np.stack(full))
        return self.networks.standardise(self.autoencoder.encode(rolls))

    @torch.inference_mode()
    def decode(self, latents: Tensor, tempo: float = 120.0, caption: str = "") -> list[Clip]:
        """Decode latents.

        Args:
            latents: Latents as returned by `encode`, of any number of beats.
            tempo: Tempo of the clips in BPM.
            caption: Caption of the clips.

        Returns:
            One clip per row.

        Raises:
            PromptError: If the shape of the latents or the tempo is not valid.
        """
        tempo, caption = check_tempo(tempo), text_of(caption, "caption")
        clips = [
            DrumRoll.from_array(r, tempo=tempo).to_clip(caption=caption)
            for r in self.decode_rolls(latents)
        ]
        return [signed(clip, self, "decoding", request={"tempo": tempo}) for clip in clips]

    @torch.inference_mode()
    def decode_rolls(
        self,
        latents: Tensor,
        *,
        required: np.ndarray | None = None,
        forbidden: np.ndarray | None = None,
    ) -> np.ndarray:
        """Decode latents to drum rolls (n, steps, 27 · slots). required, forbidden: cells that are
        hit, and cells that stay empty, see `DrumAutoencoder.decode`; not of the paper's network."""
        z = self.networks.destandardise(self.latents_of(latents))
        if isinstance(self.autoencoder, PaperAutoencoder):
            return self.autoencoder.decode(z).numpy()
        needed, refused = (
            None if cells is None else torch.from_numpy(cells) for cells in (required, forbidden)
        )
        return self.autoencoder.decode(z, required=needed, forbidden=refused).numpy()

    # --- text ---------------------------------------------------------------------------------

    @cached_property
    def _vectors(self) -> dict[str, Tensor]:
        """Vectors of the texts that were embedded: the takes of a prompt share its text, and it is
        read for its tempo, too."""
        return {}

    def text_vectors(self, texts: Sequence[str]) -> Tensor:
        """Vectors of the text encoder, with facts if the networks read them: (n, text_dim +
        facts)."""
        width = self.config.contrastive.text_dim
        known = self._vectors
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            if len(known) > MOST_TEXTS:
                known.clear()
                new = list(dict.fromkeys(texts))
            known.update(zip(new, self.text.embed(new), strict=True))
        vectors = torch.stack([known[text] for text in texts])
        if vectors.shape[1] != width:
            raise CheckpointError(
                f"config.json: text={shown(self.config.text)} gives {vectors.shape[1]} numbers per "
                f"text, but the networks take {width}; download the checkpoint or train it again"
            )
        return with_facts(vectors, texts) if self.config.contrastive.facts else vectors

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Embed texts in the contrastive space: (n, dim), unit length."""
        return self.contrastive.embed_text(self.text_vectors(texts_of(texts, "texts", 1)))

    @torch.inference_mode()
    def embed_clips(self, clips: Sequence[Clip]) -> Tensor:
        """Embed loops of equal length in the contrastive space: (n, dim), unit length."""
        rolls = rolls_of(clips_of(clips, least=1))
        return self.contrastive.embed_roll(torch.from_numpy(rolls))

    @torch.inference_mode()
    def search_text(self, texts: Sequence[str]) -> Tensor:
        """Embed texts for search: (n, d), unit length. The dot product with `search_clips` says how
        well a loop fits: the mean cosine of the contrastive embeddings and of the word
        regression, or that of the first alone if the checkpoint has no such regression."""
        own = self.embed_text(texts)
        if self.words is None:
            return own
        counts = word_counts([tokens(text) for text in texts], self.config.vocabulary)
        return torch.cat([own, self.words.embed_text(counts)], dim=1) / 2**0.5

    @torch.inference_mode()
    def search_clips(self, clips: Sequence[Clip]) -> Tensor:
        """Embed loops of equal length in 4/4 for search, see `search_text`: (n, d), unit length."""
        own = self.embed_clips(clips)
        if self.words is None:
            return own
        described = self.words.embed_loops(loop_features(rolls_of(clips)))
        return torch.cat([own, described], dim=1) / 2**0.5


def loop_features(rolls: np.ndarray) -> Tensor:
    """Return what the word regression reads of rolls (n, steps, 27), whole bars of 4/4, which are
    repeated until they have BARS bars: (n, features)."""
    times = -(-16 * BARS // rolls.shape[1])
    return torch.from_numpy(style_features(np.tile(rolls, (1, times, 1)))[0]).float()


def word_counts(words: Sequence[Sequence[str]], vocabulary: Sequence[str]) -> Tensor:
    """Return which words of a vocabulary each text has: (n, vocabulary), 0 or 1."""
    index = {word: i for i, word in enumerate(vocabulary)}
    counts = torch.zeros(len(words), len(vocabulary))
    for row, own in zip(counts, words, strict=True):
        row[[index[word] for word in own if word in index]] = 1
    return counts
