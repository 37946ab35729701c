"""LDMG: music as sound, unconditional, for a genre, or for a text.

    genre, text → diffusion transformer ⇄ sampler → latent frames → VAE's decoder → waveform → Clip

Stage one, a VAE-GAN, encodes each second of sound as a few latent frames, from the waveform as in
the original (`models/audio_vae.py`) or from Fourier spectra (`models/spectral_vae.py`). Stage two
samples such frames (`models/dit.py`). Training is in `training.py`.
Notebooks: `notebooks/06_vae_gan.ipynb`, `notebooks/07_audio_diffusion.ipynb`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from workbench.arguments import choice, listed, renamed, same_length, seed_of, texts_of
from workbench.datasets.audio import AudioCollection
from workbench.models.conditioning import Conditioning
from workbench.models.dit import LDMGConditioning
from workbench.music.clip import clip_of
from workbench.representations.mixup import Beats
from workbench.representations.text import BertText
from workbench.systems.ldmg.card import card
from workbench.systems.ldmg.config import MEMORY, LDMGConfig
from workbench.systems.ldmg.networks import Networks
from workbench.systems.ldmg.training import recipe
from workbench.systems.progress import Progress
from workbench.systems.prompts import prompt_of, words_by_kind
from workbench.systems.provenance import signed, signed_takes
from workbench.systems.region import Region
from workbench.systems.sampling import SamplingSettings, checked, circular, overlapping
from workbench.systems.sound_class import WORDS, class_of, wanted_words
from workbench.systems.sound_diffusion import SoundDiffusion
from workbench.systems.sound_request import Timing, timing_of

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.music.clip import Clip

__all__ = ["LDMG", "LDMGConfig"]


class LDMG(SoundDiffusion):
    """Latent diffusion of music as sound. `from_pretrained` loads a system, `train` trains one."""

    networks: Networks
    config_class: ClassVar = LDMGConfig
    networks_class: ClassVar = Networks
    reads: ClassVar = ("text",)
    replaces: ClassVar = ("bars", "seconds")
    recipe: ClassVar = staticmethod(recipe)
    card: ClassVar = staticmethod(card)
    memory: ClassVar = MEMORY
    time_axis: ClassVar = 2

    def __init__(self, config: LDMGConfig) -> None:
        self.config = config
        self.networks = Networks(config).eval()
        self.diffusion = config.diffusion()
        self.text = BertText()

    @classmethod
    def train(
        cls,
        dataset: AudioCollection | str = "builtin-songs",
        profile: str = "laptop",
        *,
        out: str | Path = "runs/sound",
        seed: int = 0,
        budget_minutes: float | None = None,
        watch: Callable[[dict[str, Any]], None] | None = None,
    ) -> Self:
        """Train both stages and save the system. An interrupted run continues where it stopped.

        Args:
            dataset: Prepared audio, its folder, or names and folders joined by "+" (see
                `collect`).
            profile: "smoke", "laptop", "gpu" or "paper".
            out: Folder of the run and of the checkpoint.
            seed: Seed of all random numbers.
            budget_minutes: Time limit in minutes for all stages; None runs all steps.
            watch: Called with each record of the log.

        Returns:
            The trained system.

        Raises:
            PromptError: If the profile is unknown or the sample rate differs.
            MissingDataError: If the data set or one of its splits is missing.
        """
        return cls._train(
            dataset, profile, out=out, seed=seed, budget_minutes=budget_minutes, watch=watch
        )

    # --- sound ↔ latent -----------------------------------------------------------------------

    def encode(self, clips: Clip | Sequence[Clip] | np.ndarray) -> Tensor:
        """Encode clips of equal length as latents (n, latent, frames) with mean 0 and variance 1
        over the training sound. Raises PromptError if the lengths differ."""
        if isinstance(clips, np.ndarray):
            _warn("encode: give clips; use encode_sound for an array")
            return self.encode_sound(clips)
        return self.encode_clips(clips)

    def decode(self, latents: Tensor, caption: str = "") -> list[Clip]:
        """Decode latents (n, latent, frames) to clips, one per row."""
        if getattr(latents, "ndim", 3) == 2:
            _warn("decode: takes latents (n, latent, frames); for one there is decode_sound")
            return self.decode_sound(latents)  # type: ignore[return-value]
        return self.decode_clips(latents, caption)

    def encode_sound(self, sound: np.ndarray) -> Tensor:
        """Encode sound (channels, samples) of any length, at the system's rate, as latents (latent,
        frames) with mean 0 and variance 1 over the training sound."""
        return self.networks.encode_sound(sound)

    def decode_sound(self, latents: Tensor) -> np.ndarray:
        """Decode latents (latent, frames) to sound: float32 (channels, frames · hop)."""
        latents = self.latents_of(latents[None] if hasattr(latents, "ndim") else latents)[0]
        return self.networks.decode_sound(latents)

    def standardise(self, z: Tensor) -> Tensor:
        """Convert the VAE's latents (…, numbers, frames) to those of the transformer (…, latent,
        frames / patch), of mean 0 and variance 1."""
        return self.networks.standardise(z)

    def destandardise(self, z: Tensor) -> Tensor:
        """Undo `standardise`, but for what the principal components leave out."""
        return self.networks.destandardise(z)

    standard, plain = standardise, destandardise  # the old names

    def sound_of(self, clip: Clip) -> np.ndarray:
        """Return a clip's sound as this system's input: (channels, samples) at `config.rate`."""
        stereo = clip_of(clip).waveform(self.config.rate, loop=False)
        return stereo.mean(0, keepdims=True) if self.config.vae.channels == 1 else stereo

    sound_array, latent_of, sound_from = sound_of, encode_sound, decode_sound

    # --- latents ------------------------------------------------------------------------------

    @property
    def hop(self) -> int:
        return self.config.hop

    def frames_of(self, seconds: float) -> int:
        return max(1, int(np.ceil(seconds * self.config.rate / self.hop)))

    def latent_shape(self, length: int | None = None) -> tuple[int, ...]:
        """Return the shape of one latent. length: latent frames, by default as in training."""
        return (self.config.latent, self.config.frames if length is None else length)

    def denoiser_for(self, noisy: Tensor) -> Callable[..., Tensor]:
        """Return the transformer. Latents longer than the training windows are denoised in
        overlapping windows."""
        return overlapping(self.networks.dit, self.config.frames, timed=LDMGConditioning.timed)

    def circular_denoiser(self) -> Callable[..., Tensor]:
        return circular(self.networks.dit, self.config.frames, timed=LDMGConditioning.timed)

    @property
    def knows_beats(self) -> bool:
        return self.config.dit.beat > 0

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(name for name in self.config.genres if name in WORDS)

    def _usual_way(self, conditioning: Conditioning) -> str:
        # the network alone plays unsteady drums (`workbench evaluate sound --only beat`)
        named = {self.config.genres[i] for i in conditioning.genre.tolist() if i >= 0}  # type: ignore[attr-defined]
        return "both" if named == {"drums"} else "network"

    @property
    def reach(self) -> int:
        return self.networks.vae.reach or super().reach

    @torch.inference_mode()
    def conditioning(
        self, prompts: Sequence[str], genres: Sequence[str | None] | None = None
    ) -> LDMGConditioning:
        """Return the conditioning of the transformer: a prompt and a genre per clip. Without a
        genre, it is the class of sound that the prompt names, if any."""
        prompts, known = texts_of(prompts, "prompts", 1), self.config.genres
        genres = [None] * len(prompts) if genres is None else listed(genres, "genres", "genres")
        same_length(prompts=prompts, genres=genres)
        genres = [
            class_of(prompt, self.classes) if genre is None else genre
            for prompt, genre in zip(prompts, genres, strict=True)
        ]
        numbers = [
            -1 if genre is None else known.index(choice(genre, "genre", known)) for genre in genres
        ]
        words = [wanted_words(prompt) for prompt in prompts]
        return LDMGConditioning(torch.tensor(numbers), *self.text.pieces(words))

    def prompt_words(self) -> dict[str, list[str]]:
        """Return the classes of sound, and words that are common in the training captions, by
        kind. Genres are omitted, because they have an argument of their own."""
        kinds = {"Sound": list(self.classes)} if self.classes else {}
        kinds |= words_by_kind(self.config.words)
        return {kind: words for kind, words in kinds.items() if kind != "Genre"}

    # --- generation ---------------------------------------------------------------------------

    @torch.inference_mode()
    def generate(
        self,
        prompt: str | None = "",
        n: int = 1,
        *,
        genre: str | None = None,
        seconds: float | None = None,
        tempo: float | None = None,
        meter: tuple[int, int] | None = None,
        bars: int | None = None,
        loop: bool = False,
        steps: int = 25,
        guidance: float = 2.0,
        sampler: str = "dpm++",
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Generate clips for a text, a genre, both or neither.

        With a tempo, the clip keeps a beat and begins at a downbeat: a network that was trained on
        beats receives the position in beat and bar (see `beat_channels`). With an older one, each
        estimate of the result is averaged with its own shifts by beats, pairs of beats and bars
        (see `beat_grid`). Drums are sampled in both ways; they keep the tempo, but their beats
        often lie beside the requested ones.

        Args:
            prompt: A text; "" or None for none.
            n: Number of clips, 1 to 1024.
            genre: One of `config.genres`; by default the class of sound that the prompt names, if
                there is one.
            seconds: Length in seconds, at most 600; by default that of training, with a tempo in
                whole bars. Longer clips are sampled in overlapping windows whose predictions are
                averaged at every step (MultiDiffusion, arXiv 2302.08113).
            tempo: Tempo in BPM, in quarter notes, 30 to 300; by default the one that the prompt
                names, in figures or in words such as "allegro". Without one there is no given beat.
            meter: Metre, such as (3, 4); by default that of the prompt, otherwise 4/4. It needs a
                tempo.
            bars: Length in bars, 1 to 64, exact to the sample at `config.rate`, instead of seconds.
                It needs a tempo.
            loop: Whether the end continues at the start without a seam. With a tempo, a loop lasts
                whole bars.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            sampler: A name from `SAMPLERS`.
            seed: Seed of all random numbers.
            progress: Called with a `Progress` after each step.

        Returns:
            `n` clips of −20 LUFS each, or softer so that no peak exceeds −1 dB of full scale. Clips
            shorter than 0.4 s, whose loudness is not defined, keep the level of the network.

        Raises:
            PromptError: If a number is out of range, the genre is unknown, or bars or meter are
                given without a tempo.

        Warns:
            UserWarning: If the prompt names what the system cannot do.
        """
        prompt = prompt_of(prompt, "words, and genre=")
        n = checked(n=n)["n"]
        settings = SamplingSettings(steps, guidance, sampler, seed)
        if not wanted_words(prompt) and genre is None:
            settings = replace(settings, guidance=1.0)  # guidance would have no effect
        timing = timing_of(
            prompt,
            self.config.seconds,
            seconds=seconds,
            tempo=tempo,
            meter=meter,
            bars=bars,
            loop=loop,
        )
        self._advise(prompt, tempo)
        sounds = self._sounds(
            self.conditioning([prompt] * n, [genre] * n),
            settings.seeds(n),
            timing,
            settings,
            progress,
        )
        request = {"prompt": prompt, "genre": genre, **timing.asked(), **settings.asked()}
        clips = (self._take(sound, _caption(prompt, genre), timing) for sound in sounds)
        return signed_takes(clips, self, request=request, seed=settings.seed)

    @torch.inference_mode()
    def generate_batch(
        self,
        prompts: Sequence[str],
        genres: Sequence[str | None],
        seeds: Sequence[int],
        *,
        beats: Sequence[Beats] | None = None,
        seconds: float | None = None,
        steps: int = 25,
        guidance: float = 2.0,
        sampler: str = "dpm++",
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Generate one clip per prompt, genre and seed, in one batch. Without `beats` there is no
        given beat: a tempo in a prompt is only text here.

        Args:
            prompts: n texts.
            genres: n genres, None for none.
            seeds: n seeds of noise. They differ from the seed of `generate`, which derives one
                seed of noise per take.
            beats: Beats and downbeats of each clip in seconds from its start, for a network that
                was trained on beats; any other ignores them.
            seconds: Length in seconds, at most 600; by default that of training.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            sampler: A name from `SAMPLERS`.
            progress: Called with a `Progress` after each step.

        Returns:
            n clips.

        Raises:
            PromptError: If the lists differ in length or a value is out of range.
        """
        settings, seconds = SamplingSettings(steps, guidance, sampler), self.seconds_of(seconds)
        seeds = [seed_of(seed, "seeds") for seed in listed(seeds, "seeds", "seeds", 1)]
        prompts, genres = texts_of(prompts, "prompts", 1), listed(genres, "genres", "genres", 1)
        same_length(prompts=prompts, genres=genres, seeds=seeds)
        conditioning = self.on_beats(
            self.conditioning(prompts, genres), beats, seconds, len(prompts)
        )
        sounds = self._sounds(conditioning, seeds, Timing(seconds), settings, progress)
        request = {"seconds": seconds, **settings.asked()}
        return [
            signed(
                self._clip(sound, _caption(prompt, genre)),
                self,
                request={"prompt": prompt, "genre": genre, **request, "noise seed": seed},
            )
            for sound, prompt, genre, seed in zip(sounds, prompts, genres, seeds, strict=True)
        ]

    draw_each = generate_batch  # the old name

    def _sounds(
        self,
        conditioning: LDMGConditioning,
        seeds: Sequence[int],
        timing: Timing,
        settings: SamplingSettings,
        progress: Callable[[Progress], None] | None,
    ) -> list[np.ndarray]:
        z = self._timed(conditioning, seeds, timing, settings, progress)
        samples = timing.samples(self.config.rate)
        if timing.loop:
            return [self._loop(row, samples) for row in z]
        return [self.decode_sound(row)[:, :samples] for row in z]

    def vary(  # type: ignore[override]  # its prompt by name
        self,
        clip: Clip,
        n: int = 1,
        *,
        strength: float = 0.5,
        prompt: str | None = "",
        genre: str | None = None,
        steps: int = 25,
        guidance: float = 2.0,
        sampler: str = "dpm++",
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
            genre=genre,
        )

    @renamed(hole="region")
    def inpaint(  # type: ignore[override]  # its prompt by name
        self,
        clip: Clip,
        region: Region,
        n: int = 1,
        *,
        prompt: str | None = "",
        genre: str | None = None,
        steps: int = 50,
        guidance: float = 2.0,
        sampler: str = "ddpm",
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        if isinstance(region, tuple | list):
            _warn("inpaint: give a Region, such as Region(seconds=(first, last))")
            region = Region(seconds=region)  # type: ignore[arg-type]
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
            genre=genre,
        )

    def request(  # type: ignore[override]
        self, prompt: str | None = "", genre: str | None = None
    ) -> tuple[Callable[[int], LDMGConditioning], dict[str, Any]]:
        text = prompt_of(prompt, "words, and genre=")
        return (
            lambda n: self.conditioning([text] * n, [genre] * n),
            {"prompt": text, "genre": genre},
        )


def _warn(text: str) -> None:
    warnings.warn(text, DeprecationWarning, stacklevel=3)


def _caption(prompt: str, genre: str | None) -> str:
    return ", ".join(part for part in (genre, prompt) if part) or "unconditional"
