"""MusicLDM: text embedding → latent diffusion of mel spectrograms → vocoder → sound.

    text → TextAudio ┐
    sound → TextAudio┴→ denoiser (FiLM) ⇄ sampler → VAE's decoder → mel → vocoder → waveform → Clip

Because text and sound share one embedding space, the denoiser can be trained on sound alone and
conditioned on text (Chen et al. 2023, arXiv 2308.01546). The networks are in `models/music_ldm.py`
and `models/text_audio.py`, training with beat-synchronous mixup is in `training.py`. The class is
written in two steps, each a file:

    latents.py   MusicLatents   encode, decode, condition
    system.py    MusicLDM       generate, vary, inpaint, train

Notebook: `notebooks/08_musicldm.ipynb`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from workbench.arguments import listed, renamed, same_length, shown
from workbench.errors import PromptError
from workbench.models.music_ldm import MusicLDMConditioning
from workbench.music.audio import SILENT
from workbench.music.clip import clip_of
from workbench.representations.mixup import Beats
from workbench.systems.musicldm.card import card
from workbench.systems.musicldm.config import MEMORY, MusicLDMConfig
from workbench.systems.musicldm.latents import MusicLatents
from workbench.systems.musicldm.networks import Embedder
from workbench.systems.musicldm.published import load_published
from workbench.systems.musicldm.training import recipe
from workbench.systems.progress import Progress
from workbench.systems.prompts import prompt_of, words_by_kind
from workbench.systems.provenance import credit_of, signed_takes
from workbench.systems.region import Region
from workbench.systems.sampling import SamplingSettings, checked
from workbench.systems.sound_class import wanted_words
from workbench.systems.sound_request import Timing, timing_of

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.datasets.audio import AudioCollection
    from workbench.music.clip import Clip

__all__ = ["Embedder", "MusicLDM", "MusicLDMConfig"]


class MusicLDM(MusicLatents):
    """Text-to-music generation as sound. `from_pretrained` loads a system, `train` trains one."""

    reads: ClassVar = ("text",)
    replaces: ClassVar = ("bars", "seconds")
    recipe: ClassVar = staticmethod(recipe)
    card: ClassVar = staticmethod(card)
    memory: ClassVar = MEMORY

    @classmethod
    def train(
        cls,
        dataset: AudioCollection | str = "builtin-songs",
        profile: str = "laptop",
        *,
        mixup: str = "blm",
        out: str | Path = "runs/music",
        seed: int = 0,
        budget_minutes: float | None = None,
        watch: Callable[[dict[str, Any]], None] | None = None,
    ) -> Self:
        """Train all stages and save the system. An interrupted run continues where it stopped.

        Args:
            dataset: Prepared audio, its folder, or names and folders joined by "+" (see
                `collect`).
            profile: "smoke", "laptop", "gpu" or "paper".
            mixup: "none", "plain", "bam" (beat-synchronous audio mixup) or "blm" (beat-synchronous
                latent mixup).
            out: Folder of the run and of the checkpoint.
            seed: Seed of all random numbers.
            budget_minutes: Time limit in minutes for all stages; None runs all steps.
            watch: Called with each record of the log.

        Returns:
            The trained system.

        Raises:
            PromptError: If the profile or mixup is unknown, or no two pieces can be mixed.
            MissingDataError: If the data set or one of its splits is missing.
        """
        return cls._train(
            dataset,
            profile,
            out=out,
            seed=seed,
            budget_minutes=budget_minutes,
            watch=watch,
            mixup=mixup,
        )

    @classmethod
    def from_diffusers(cls, name: str | Path) -> Self:
        """Load a published pipeline from a folder, or from the hub by a name such as
        "ucsd-reach/musicldm". Raises CheckpointError if it is incomplete."""
        parts = load_published(name)
        system = cls(parts.config)
        parts.put_into(system.networks)
        system.embedder, system.checkpoint = parts.embedder, str(name)
        return system

    def prompt_words(self) -> dict[str, list[str]]:
        """Return words that are common in the training captions, by kind."""
        return words_by_kind(self.config.words)

    # --- generation ---------------------------------------------------------------------------

    def generate(
        self,
        prompt: str | None = "",
        n: int = 1,
        *,
        like: Clip | None = None,
        seconds: float | None = None,
        tempo: float | None = None,
        meter: tuple[int, int] | None = None,
        bars: int | None = None,
        loop: bool = False,
        steps: int = 25,
        guidance: float = 2.0,
        sampler: str = "ddim",
        candidates: int = 1,
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Generate clips for a text or for a sound.

        Args:
            prompt: A text; "" or None generates without conditioning.
            n: Number of clips, 1 to 1024.
            like: A clip whose audio embedding replaces that of the prompt.
            seconds: Length in seconds, at most 600; by default that of training, with a tempo in
                whole bars. Longer clips are sampled in overlapping windows.
            tempo: Tempo in BPM, in quarter notes, 30 to 300; by default the one that the prompt
                names, in figures or in words such as "allegro". Without one there is no given beat.
                A denoiser that was trained on beats receives the position in beat and bar (see
                `beat_channels`); with an older one, estimates are averaged with their own shifts by
                beats and bars (see `beat_grid`).
            meter: Metre, such as (3, 4); by default that of the prompt, otherwise 4/4. It needs a
                tempo.
            bars: Length in bars, 1 to 64, exact to the sample at `config.rate`, instead of seconds.
                It needs a tempo.
            loop: Whether the end continues at the start. With a tempo, a loop lasts whole bars.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            sampler: A name from `SAMPLERS`.
            candidates: Number of candidates per clip, 1 to 64. The one whose embedding is nearest
                to the request is returned (5 in the paper).
            seed: Seed of all random numbers.
            progress: Called with a `Progress` after each step.

        Returns:
            `n` clips of −20 LUFS each, or softer so that no peak exceeds −1 dB of full scale. Clips
            shorter than 0.4 s, whose loudness is not defined, keep the level of the network.

        Raises:
            PromptError: If a number is out of range, `like` is silent, or bars or meter are given
                without a tempo.

        Warns:
            UserWarning: If the prompt names what the system cannot do.
        """
        n, candidates = checked(n=n, candidates=candidates).values()
        prompt = prompt_of(prompt, "words, or a sound as like=")
        conditional = like is not None or bool(wanted_words(prompt).strip())
        settings = SamplingSettings(steps, guidance if conditional else 1.0, sampler, seed)
        seeds = settings.seeds(n * candidates)
        timing = timing_of(
            prompt if like is None else "",
            self.config.seconds,
            seconds=seconds,
            tempo=tempo,
            meter=meter,
            bars=bars,
            loop=loop,
        )
        vector, caption = self._vector(prompt, like, timing.tempo)
        self._advise(prompt, tempo)
        sounds = self._sounds(
            self.conditioning(vector.expand(len(seeds), -1), conditional=conditional),
            seeds,
            timing,
            settings,
            progress,
        )
        if candidates > 1:
            sounds = self.best(sounds, vector, n)
        request = {
            "prompt": prompt if like is None else None,
            "like": None if like is None else credit_of(like),
            **timing.asked(),
            "candidates": candidates if candidates > 1 else None,
            **settings.asked(),
        }
        caption = caption or "unconditional"
        clips = (self._take(sound[None].numpy(), caption, timing) for sound in sounds)
        return signed_takes(clips, self, request=request, seed=settings.seed)

    def best(self, sounds: Tensor, vector: Tensor, n: int) -> Tensor:
        """Return the best candidate of each clip: sounds (n · candidates, samples) → (n, samples).
        The best one has the embedding nearest to `vector` (1, embed)."""
        similarity = (self.embedder.embed_sound(sounds) @ vector[0]).view(n, -1)
        rows = similarity.argmax(1) + torch.arange(n) * similarity.shape[1]
        return sounds[rows]

    @renamed(said="conditional")
    @torch.inference_mode()
    def generate_batch(
        self,
        vectors: Tensor,
        seeds: Sequence[int],
        *,
        conditional: bool = True,
        beats: Sequence[Beats] | None = None,
        seconds: float | None = None,
        steps: int = 25,
        guidance: float = 2.0,
        sampler: str = "ddim",
        progress: Callable[[Progress], None] | None = None,
    ) -> Tensor:
        """Generate one sound per embedding and seed, in one batch.

        Args:
            vectors: Embeddings (n, embed) of texts or sounds.
            seeds: n seeds of noise.
            conditional: Whether the embeddings are used; False samples without conditioning.
            beats: Beats and downbeats of each sound in seconds from its start, for a network that
                was trained on beats; any other ignores them. Without them there is no given beat.
            seconds: Length in seconds, at most 600; by default that of training.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            sampler: A name from `SAMPLERS`.
            progress: Called with a `Progress` after each step.

        Returns:
            Sounds (n, samples) at `config.rate` in [−1, 1].

        Raises:
            PromptError: If the shapes do not match or a number is out of range.
        """
        settings, seconds = SamplingSettings(steps, guidance, sampler), self.seconds_of(seconds)
        seeds = listed(seeds, "seeds", "seeds", 1)
        if not isinstance(vectors, Tensor) or vectors.ndim != 2:
            raise PromptError(f"vectors={shown(vectors)}: give a tensor (n, embed)")
        same_length(vectors=vectors, seeds=seeds)
        conditioning = self.on_beats(
            self.conditioning(vectors, conditional=conditional), beats, seconds, len(vectors)
        )
        return self._sounds(conditioning, seeds, Timing(seconds), settings, progress)

    draw_each = generate_batch  # the old name

    def vary(  # type: ignore[override]  # its prompt by name
        self,
        clip: Clip,
        n: int = 1,
        *,
        strength: float = 0.5,
        prompt: str | None = None,
        like: Clip | None = None,
        steps: int = 50,
        guidance: float = 2.0,
        sampler: str = "ddim",
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        return super().vary(
            clip,
            n,
            strength=strength,
            steps=steps,
            guidance=guidance,
            sampler=sampler,
            seed=seed,
            progress=progress,
            prompt=prompt,
            like=like,
        )

    def inpaint(  # type: ignore[override]  # its prompt by name
        self,
        clip: Clip,
        region: Region,
        n: int = 1,
        *,
        prompt: str | None = None,
        like: Clip | None = None,
        steps: int = 50,
        guidance: float = 2.0,
        sampler: str = "ddpm",
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        return super().inpaint(
            clip,
            region,
            n,
            steps=steps,
            guidance=guidance,
            sampler=sampler,
            seed=seed,
            progress=progress,
            prompt=prompt,
            like=like,
        )

    def _vector(
        self, prompt: str, like: Clip | None, tempo: float | None = None
    ) -> tuple[Tensor, str]:
        """Return the embedding (1, embed) of a sound or a text, and a caption for it."""
        if like is None:
            return self.embed_prompts([prompt], tempo), prompt
        sound = self.sound_of(clip_of(like, "like"))
        if not sound.abs().max() > SILENT:
            raise PromptError("like: the clip is silent; give one with sound, or a text")
        return (
            self.embedder.embed_sound(sound[None]),
            f"like {like.caption or like.source or 'a clip'}",
        )

    def request(  # type: ignore[override]
        self, prompt: str | None = None, like: Clip | None = None
    ) -> tuple[Callable[[int], MusicLDMConditioning], dict[str, Any]]:
        prompt = prompt_of(prompt, "words, or a sound as like=")
        vector, _ = self._vector(prompt, like)
        conditional = like is not None or bool(wanted_words(prompt).strip())
        return (
            lambda n: self.conditioning(vector.expand(n, -1), conditional=conditional),
            {"prompt": prompt} if like is None else {"like": credit_of(like)},
        )

    def _sounds(
        self,
        conditioning: MusicLDMConditioning,
        seeds: Sequence[int],
        timing: Timing,
        settings: SamplingSettings,
        progress: Callable[[Progress], None] | None,
    ) -> Tensor:
        """Return sounds (n, samples)."""
        samples = timing.samples(self.config.rate)
        z = self._timed(conditioning, seeds, timing, settings, progress)
        if timing.loop:
            return torch.from_numpy(np.concatenate([self._loop(row, samples) for row in z]))
        return torch.cat([self.decode_sound(part) for part in z.split(8)])[:, :samples]
