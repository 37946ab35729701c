"""DrumLDM: drum loops from text (arXiv 2408.02711), with errors of the original corrected.

    prompt → text encoder → denoiser ⇄ sampler → autoencoder's decoder → drum roll → Clip

The autoencoder encodes a loop as a latent of one vector per beat. A diffusion model learns to
sample latents for a text and a tempo. The networks are in `networks.py`, their training in
`training.py`, sampling in `systems/sampling.py`, and prompts in `systems/prompts.py`.
Notebooks: `notebooks/00_start_here.ipynb`, `notebooks/05_latent_diffusion.ipynb`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from workbench.arguments import listed, number, same_length, seed_of, shown, text_of, texts_of
from workbench.datasets.keywords import TEMPO_LIMITS, parse_tempo, without_tempo
from workbench.datasets.phrases import with_noun
from workbench.errors import CheckpointError, PromptError
from workbench.models.denoisers import Condition
from workbench.music.clip import clip_of, clips_of
from workbench.music.kit import read_lookup
from workbench.music.timeline import TEMPO_RANGE, check_tempo
from workbench.representations.drum_roll import DrumRoll, rolls_of, tile
from workbench.representations.text import TextEncoder, text_encoder
from workbench.systems.base import (
    LatentDiffusion,
    Progress,
    Region,
    SamplingSettings,
    region_of,
    reporter,
)
from workbench.systems.drum_ldm.card import card
from workbench.systems.drum_ldm.config import DrumLDMConfig
from workbench.systems.drum_ldm.networks import DrumNetworks
from workbench.systems.drum_ldm.splice import Cells, cells_of, in_whole_bars, left_out, with_cells
from workbench.systems.drum_ldm.training import Start, recipe
from workbench.systems.prompts import (
    PromptReading,
    chip_words,
    metre_advice,
    plain_words,
    prompt_of,
    prompts_of,
    read_prompt,
)
from workbench.systems.provenance import credit_of, signed
from workbench.systems.sampling import checked, keep_mask, slerp
from workbench.systems.storage import training_of

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.music.clip import Clip

__all__ = ["DrumLDM", "DrumLDMConfig"]

# Share of the schedule, at its less noisy end, in which the denoiser is conditioned on the
# requested tempo. In the noisier part, which decides on which beat the bass drum falls, it is
# conditioned on the tempo that suits the words. A style at an unusual tempo may come from a single
# performance of the training set, such as rock above 150 BPM, whose bass drum is hardly ever on
# beat one.
TEMPO_SHARE = 0.65
_FAST = re.compile(r"\b(?:(?:very|really|quite|super) )?(?:fast|quick|up-?tempo)\b[ ,]*", re.I)


class DrumLDM(LatentDiffusion):
    """Text-conditioned latent diffusion of drum loops.

    `from_pretrained("drums-groove-bert")` loads a shipped system, `train` trains one. In all
    methods, `steps`, `guidance`, `sampler` and `seed` are those of `SamplingSettings`; `progress`
    is called with a `Progress` after each step, and an exception that it raises stops the sampling.
    """

    networks: DrumNetworks
    config_class: ClassVar = DrumLDMConfig
    networks_class: ClassVar = DrumNetworks
    reads: ClassVar = ("text",)
    makes: ClassVar = "a drum loop"
    replaces: ClassVar = ("bars", "seconds", "cells", "tracks")

    def __init__(self, config: DrumLDMConfig) -> None:
        self.config = config
        self.text: TextEncoder = text_encoder(config.text)
        self.networks = DrumNetworks(config).eval()
        self.contrastive = self.networks.contrastive
        self.autoencoder = self.networks.autoencoder
        self.denoiser = self.networks.denoiser
        self.diffusion = config.diffusion()

    @classmethod
    def train(
        cls,
        dataset: str = "groove",
        profile: str = "laptop",
        *,
        text: str = "bert",
        out: str | Path = "runs/drums",
        seed: int = 0,
        start: str | Path | None = None,
        budget_minutes: float | None = None,
        watch: Callable[[dict[str, Any]], None] | None = None,
    ) -> Self:
        """Train all three stages and save the system. An interrupted run continues where it
        stopped.

        Args:
            dataset: A name from the catalogue or a folder of MIDI files.
            profile: "smoke", "laptop", "gpu" or "paper".
            text: "bert", "keywords", or the name of any BERT.
            out: Folder of the run and of the checkpoint.
            seed: Seed of all random numbers.
            start: A checkpoint to start from. Its autoencoder and encoders are kept; its denoiser
                is trained for a fifth of the profile's steps at a third of the learning rate. It
                must have the profile's shape and text encoder.
            budget_minutes: Time limit in minutes for all stages; None runs all steps.
            watch: Called with each record of the log.

        Returns:
            The trained system.

        Raises:
            PromptError: If the profile is unknown.
            MissingDataError: If the data set is not there.
            CheckpointError: If `start` does not fit the profile.
        """
        earlier = None
        if start is not None:
            system = cls.from_pretrained(start)
            earlier = Start(str(start), system.networks, training_of(str(start)))
        return cls._train(
            recipe,
            card,
            dataset,
            profile,
            out=out,
            seed=seed,
            budget_minutes=budget_minutes,
            watch=watch,
            text=text,
            start=earlier,
        )

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
        return self.encode_rolls(torch.from_numpy(rolls_of(clips_of(clips, least=1))))

    @torch.inference_mode()
    def encode_rolls(self, rolls: Tensor) -> Tensor:
        """Encode drum rolls (n, steps, 27) as latents, see `encode`."""
        if self.config.paper:  # one vector per loop of full length: shorter loops are repeated
            full = [tile(roll, 16 * self.config.bars) for roll in rolls.numpy()]
            rolls = torch.from_numpy(np.stack(full))
        return self.networks.standard(self.autoencoder.encode(rolls))

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
    def decode_rolls(self, latents: Tensor) -> np.ndarray:
        """Decode latents to drum rolls (n, steps, 27)."""
        return self.autoencoder.decode(self.networks.plain(self.latents_of(latents))).numpy()

    # --- text ---------------------------------------------------------------------------------

    def _text_vectors(self, texts: Sequence[str]) -> Tensor:
        """Vectors of the text encoder, (n, text_dim)."""
        vectors, width = self.text.embed(texts), self.config.contrastive.text_dim
        if vectors.shape[1] != width:
            raise CheckpointError(
                f"config.json: text={shown(self.config.text)} gives {vectors.shape[1]} numbers per "
                f"text, but the networks take {width}; download the checkpoint or train it again"
            )
        return vectors

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Embed texts in the contrastive space: (n, dim), unit length."""
        return self.contrastive.embed_text(self._text_vectors(texts_of(texts, "texts", 1)))

    @torch.inference_mode()
    def embed_clips(self, clips: Sequence[Clip]) -> Tensor:
        """Embed loops of equal length in the contrastive space: (n, dim), unit length."""
        rolls = rolls_of(clips_of(clips, least=1))
        return self.contrastive.embed_roll(torch.from_numpy(rolls))

    def explain_prompt(self, prompt: str) -> PromptReading:
        """Return how a prompt is understood: tempo, keywords, unknown words, and advice."""
        return read_prompt(prompt_of(prompt), self.text, self.config.vocabulary)

    def prompt_words(self) -> dict[str, list[str]]:
        """Return the styles and traits that occur in training captions and that the text encoder
        reads."""
        return chip_words(self)

    @torch.inference_mode()
    def suggest_tempo(self, prompt: str) -> float:
        """Return the typical tempo of captions like this prompt, in BPM."""
        words = with_noun(plain_words(prompt_of(prompt)))
        vector = torch.cat([self._text_vectors([words])[0], torch.ones(1)])
        octaves = float(vector @ self.networks.tempo_weights)
        return float(round(min(max(120 * 2**octaves, 60.0), 200.0)))

    def tempo_of(self, prompt: str) -> float:
        """Return the tempo that a prompt names, otherwise the one that suits it, in BPM."""
        return self.explain_prompt(prompt).tempo or self.suggest_tempo(prompt)

    def _words_tempo(self, prompt: str, tempo: float) -> float:
        """Return the tempo in BPM that suits the words of a prompt, without its figure and without
        words such as "fast", which would select the same few performances; `tempo` if no words are
        left."""
        prompt = plain_words(prompt)
        words = without_tempo(prompt)
        if not words:
            return tempo
        text = prompt if parse_tempo(prompt) is None else words
        return self.suggest_tempo(_FAST.sub("", text).strip(" ,") or text)

    @torch.inference_mode()
    def conditioning(self, prompts: Sequence[str], tempos: Sequence[float]) -> Condition:
        """Return the conditioning of the denoiser: a prompt and a tempo in BPM per loop."""
        prompts, tempos = texts_of(prompts, "prompts", 1), _tempos(tempos)
        same_length(prompts=prompts, tempos=tempos)
        # the tempo is a separate condition: a figure among the words would select one performance
        words = [with_noun(without_tempo(plain_words(prompt))) for prompt in prompts]
        known = torch.tensor([[float(bool(text)), 1.0] for text in words])
        features = self.networks.text_features(self._text_vectors(words))
        return Condition(features, _octaves(tempos), known)

    def _two_tempos(self, tempos: Sequence[float]) -> Callable[..., Tensor]:
        """Return the denoiser, conditioned on these tempi (BPM) until the beat is decided and on
        those of its conditioning afterwards."""
        first = TEMPO_SHARE * self.diffusion.steps
        early = _octaves(tempos)

        def denoise(z: Tensor, t: Tensor, text: Tensor, tempo: Tensor, known: Tensor) -> Tensor:
            own = early.repeat(len(z) // len(early))  # with guidance each row comes twice
            return self.denoiser(z, t, text, torch.where(t >= first, own, tempo), known)

        return denoise

    # --- generation ---------------------------------------------------------------------------

    @torch.inference_mode()
    def generate(
        self,
        prompt: str | Sequence[str] | None = "",
        n: int = 1,
        *,
        bars: int = 8,
        steps: int = 20,
        guidance: float = 1.5,
        tempo: float | None = None,
        seed: int = 0,
        sampler: str = "dpm++",
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Generate loops for a prompt, or for each of several prompts.

        Args:
            prompt: A text, or a list of texts; None and "" are no text.
            n: Number of loops per prompt, 1 to 1024.
            bars: Length in bars, 1 to `config.bars`.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            tempo: Tempo in BPM; by default the one that the prompt names, otherwise one that suits
                it. It sets how fast a loop is played; where the bass drum falls is decided at the
                tempo that suits the words.
            seed: Seed of all random numbers.
            sampler: A name from `SAMPLERS`.
            progress: Called with a `Progress` after each step.

        Returns:
            The loops, `n` per prompt, in the order of the prompts.

        Raises:
            PromptError: If a number is out of range.

        Warns:
            UserWarning: If the prompt names a metre other than 4/4.
        """
        texts = prompts_of(prompt)
        for advice in filter(None, map(metre_advice, texts)):
            warnings.warn(f"prompt: {advice}", UserWarning, stacklevel=2)
        n, tempo = checked(n=n, tempo=tempo).values()
        settings = SamplingSettings(steps, guidance, sampler, seed)
        bars = self._bars(bars)
        prompts = [text for text in texts for _ in range(n)]
        tempos = [bpm for text in texts for bpm in [tempo or self.tempo_of(text)] * n]
        rolls = self._rolls(
            prompts, tempos, settings.seeds(n) * len(texts), bars, settings, progress
        )
        asked = {"bars": bars, "tempo": tempo, **settings.asked()}
        return self._clips(rolls, prompts, tempos, bars, seed=settings.seed, n=n, request=asked)

    @torch.inference_mode()
    def generate_batch(
        self,
        prompts: Sequence[str],
        tempos: Sequence[float | None],
        seeds: Sequence[int],
        *,
        bars: int = 8,
        steps: int = 20,
        guidance: float = 1.5,
        sampler: str = "dpm++",
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Generate one loop per prompt, each with its own tempo and seed, in one batch.

        Args:
            prompts: n texts.
            tempos: n tempi in BPM; None for the tempo that `generate` would choose. A given tempo
                conditions all steps, as in training.
            seeds: n seeds of noise. They differ from the seed of `generate`, which derives one
                seed of noise per take.
            bars: Length in bars, 1 to `config.bars`.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            sampler: A name from `SAMPLERS`.
            progress: Called with a `Progress` after each step.

        Returns:
            n loops.

        Raises:
            PromptError: If the lists differ in length or a number is out of range.
        """
        settings, bars = SamplingSettings(steps, guidance, sampler), self._bars(bars)
        seeds = [seed_of(seed, "seeds") for seed in listed(seeds, "seeds", "seeds", 1)]
        prompts, known = texts_of(prompts, "prompts", 1), _tempos(tempos, or_none=True)
        same_length(prompts=prompts, tempos=known, seeds=seeds)
        chosen = {p: self.tempo_of(p) for p, t in zip(prompts, known, strict=True) if t is None}
        own = {prompt: self._words_tempo(prompt, tempo) for prompt, tempo in chosen.items()}
        bpm = [chosen[p] if t is None else t for p, t in zip(prompts, known, strict=True)]
        early = [own[p] if t is None else t for p, t in zip(prompts, known, strict=True)]
        rolls = self._rolls(prompts, bpm, seeds, bars, settings, progress, early)
        asked = {"bars": bars, **settings.asked()}
        return [
            signed(
                clip, self, request={"prompt": prompt, "tempo": tempo, **asked, "noise seed": seed}
            )
            for clip, prompt, tempo, seed in zip(
                self._plain_clips(rolls, prompts, bpm, bars), prompts, bpm, seeds, strict=True
            )
        ]

    draw_each = generate_batch  # the old name

    def _bars(self, bars: int) -> int:
        bars = checked(bars=bars)["bars"]
        if bars > self.config.bars:
            raise PromptError(
                f"bars: must be from 1 to {self.config.bars} for this system, got {bars}"
            )
        return bars

    def _rolls(
        self,
        prompts: Sequence[str],
        tempos: Sequence[float],
        seeds: Sequence[int],
        bars: int,
        settings: SamplingSettings,
        progress: Callable[[Progress], None] | None,
        early: Sequence[float] | None = None,
    ) -> np.ndarray:
        noise = self.noise(seeds, 4 * bars)
        z = self._sampled(noise, prompts, tempos, settings, progress, early=early, seeds=seeds)
        return self.decode_rolls(z)

    @torch.inference_mode()
    def vary(
        self,
        clip: Clip,
        n: int = 1,
        *,
        strength: float = 0.5,
        prompt: str | None = None,
        steps: int = 20,
        guidance: float = 1.5,
        seed: int = 0,
        sampler: str = "dpm++",
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Generate variations of a loop: add noise to its latent, then denoise it again.

        Only the drums vary; other tracks and percussion outside the nine voices stay.

        Args:
            clip: A loop of up to `config.bars` bars in 4/4.
            n: Number of variations, 1 to 1024.
            strength: Amount of noise: 0 (the autoencoder's reconstruction) to 1 (a new loop).
            prompt: A text; None uses the clip's caption.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            seed: Seed of all random numbers.
            sampler: A name from `SAMPLERS`.
            progress: Called with a `Progress` after each step.

        Returns:
            `n` clips.

        Raises:
            PromptError: If the clip is a waveform, too long, or not in 4/4.

        Source: SDEdit, arXiv 2108.01073.
        """
        settings = SamplingSettings(steps, guidance, sampler, seed)
        n, strength = checked(n=n, strength=strength).values()
        clip, bars = self._whole_bars(clip)
        cells = cells_of(clip, Region(), 16 * bars)
        text = clip.caption if prompt is None else prompt_of(prompt)
        prompts, tempos = [text] * n, [clip.tempo] * n
        z = torch.cat([self.encode([clip])] * n)
        noise = self.noise(settings.seeds(n), 4 * bars)
        put = partial(with_cells, clip, cells)
        latents = self._sampled(
            noise, prompts, tempos, settings, progress, latents=z, strength=strength, put=put
        )
        return self._clips(
            self.decode_rolls(latents),
            prompts,
            tempos,
            bars,
            "variation",
            original=clip,
            put=put,
            request={"strength": strength, **settings.asked()},
            seed=settings.seed,
        )

    @torch.inference_mode()
    def interpolate(
        self, a: Clip, b: Clip, n: int = 5, *, polish: float = 0.4, steps: int = 20, seed: int = 0
    ) -> list[Clip]:
        """Interpolate between two loops by spherical interpolation (slerp) of their latents.

        A mixture of two beats need not be a plausible beat, so intermediate latents are noised by
        up to `polish` and denoised, all with the same noise.

        Args:
            a: The first loop.
            b: The last loop, of as many bars as `a`.
            n: Number of loops, both ends included.
            polish: Amount of noise in the middle, 0 to 1.
            steps: Number of sampling steps, 1 to 1000.
            seed: Seed of all random numbers.

        Returns:
            `n` loops of the nine drum voices.

        Raises:
            PromptError: If the lengths differ or a clip is not a drum loop in 4/4.

        Warns:
            UserWarning: If `a` or `b` has notes outside the nine voices.
        """
        settings = SamplingSettings(steps, 1.0, seed=seed)
        n, polish = checked(n=n, polish=polish).values()
        (a, bars), (b, bars_b) = self._whole_bars(a), self._whole_bars(b)
        if bars != bars_b:
            raise PromptError(f"a, b: must have the same length, got {bars} and {bars_b} bars")
        for name, clip in (("a", a), ("b", b)):
            if without := left_out(clip):
                warnings.warn(
                    f"{name}: the loops leave out some of its notes: {without}",
                    UserWarning,
                    stacklevel=2,
                )
        ends, noise = self.encode([a, b]), self.noise([settings.seed], 4 * bars)
        rolls, captions, tempos = [], [], []
        for share in np.linspace(0, 1, n).tolist():
            tempo = a.tempo ** (1 - share) * b.tempo**share
            text = (a if share < 0.5 else b).caption
            amount = polish * (1 - abs(2 * share - 1))
            z = slerp(ends[:1], ends[1:], share)
            z = self._sampled(noise, [text], [tempo], settings, latents=z, strength=amount)
            rolls.append(self.decode_rolls(z))
            captions.append(f"{1 - share:.0%} {a.caption} · {share:.0%} {b.caption}")
            tempos.append(tempo)
        both = a.with_(labels={"original": f"{credit_of(a)} and {credit_of(b)}"})
        return self._clips(
            np.concatenate(rolls),
            captions,
            tempos,
            bars,
            "interpolation",
            original=both,
            request={"polish": polish, **settings.asked()},
            seed=settings.seed,
        )

    @torch.inference_mode()
    def inpaint(
        self,
        clip: Clip,
        region: Region | None = None,
        n: int = 1,
        *,
        prompt: str | None = None,
        steps: int = 20,
        guidance: float = 1.5,
        seed: int = 0,
        sampler: str = "dpm++",
        progress: Callable[[Progress], None] | None = None,
        keep: np.ndarray | None = None,
        keep_bars: Sequence[int] = (),
    ) -> list[Clip]:
        """Regenerate the cells of a region and keep all others.

        At every step the estimate of x₀ is decoded, the kept cells are inserted, and the result is
        encoded again, so that the new cells fit them. Only drum hits of the region are replaced, in
        the clip's own score and in its file if it has one; all other events stay. If the region is
        given in bars or seconds, a hit slightly before its first beat stays as well.

        Args:
            clip: A loop of up to `config.bars` bars in 4/4.
            region: The part to replace: bars, seconds, cells, tracks.
            n: Number of versions, 1 to 1024.
            prompt: A text; None uses the clip's caption.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            seed: Seed of all random numbers.
            sampler: A name from `SAMPLERS`.
            progress: Called with a `Progress` after each step.
            keep: Deprecated: the cells to keep, bool (steps, 9).
            keep_bars: Deprecated: the bars to keep.

        Returns:
            `n` versions of the clip.

        Raises:
            PromptError: If the region does not fit the clip, or the clip is not a drum loop in 4/4.
        """
        settings = SamplingSettings(steps, guidance, sampler, seed)
        n = checked(n=n)["n"]
        clip, bars = self._whole_bars(clip)
        own = DrumRoll.from_clip(clip).to_array()
        if region is not None and not isinstance(region, np.ndarray):
            cells = cells_of(clip, region_of(region), len(own))
        else:
            warnings.warn(
                "inpaint: give a Region of what to replace, instead of what to keep",
                DeprecationWarning,
                stacklevel=2,
            )
            cells = Cells(~keep_mask(keep if region is None else region, keep_bars, len(own)))
        held = np.tile(~cells.mask, (1, 3))  # hits, velocity, offset
        put = partial(with_cells, clip, cells)

        def put_in(latents: Tensor) -> np.ndarray:
            return np.where(held, own, self.decode_rolls(latents)[:, : len(own)])

        text = clip.caption if prompt is None else prompt_of(prompt)
        prompts, tempos = [text] * n, [clip.tempo] * n
        latents = self._sampled(
            self.noise(settings.seeds(n), 4 * bars),
            prompts,
            tempos,
            settings,
            progress,
            project=lambda x0: self.encode_rolls(torch.from_numpy(put_in(x0))),
            put=put,
        )
        return self._clips(
            self.decode_rolls(latents),
            prompts,
            tempos,
            bars,
            "inpainting",
            original=clip,
            put=put,
            request={
                "kept": f"{(~cells.mask).sum()} of {cells.mask.size} cells",
                **settings.asked(),
            },
            seed=settings.seed,
        )

    @torch.inference_mode()
    def film(  # type: ignore[override]  # its settings by name
        self,
        prompt: str = "",
        *,
        seed: int = 0,
        steps: int = 20,
        bars: int = 8,
        guidance: float = 1.5,
        sampler: str = "dpm++",
    ) -> list[tuple[float, DrumRoll]]:
        """Return the steps of one sampling: pairs of the noise level √(1−ᾱ), from 1 down, and the
        roll so far."""
        frames: list[np.ndarray] = []
        clip = self.generate(
            prompt,
            bars=bars,
            steps=steps,
            guidance=guidance,
            seed=seed,
            sampler=sampler,
            progress=lambda record: frames.append(record.state()[0]),
        )[0]
        rolls = [DrumRoll.from_array(f[: 16 * clip.bars], tempo=clip.tempo) for f in frames]
        return list(zip(self.noise_levels(len(rolls)), rolls, strict=True))

    # --- latents ------------------------------------------------------------------------------

    def latent_shape(self, length: int | None = None) -> tuple[int, ...]:
        """Return the shape of one latent. length: number of beats, by default that of the longest
        loop."""
        width = len(self.networks.latent_mean)
        beats = 4 * self.config.bars if length is None else length
        return (width,) if self.config.paper else (beats, width)

    def denoiser_for(self, noisy: Tensor) -> nn.Module:
        return self.denoiser

    def _sampled(
        self,
        noise: Tensor,
        prompts: Sequence[str],
        tempos: Sequence[float],
        settings: SamplingSettings,
        progress: Callable[..., None] | None = None,
        *,
        strength: float = 1.0,
        latents: Tensor | None = None,
        early: Sequence[float] | None = None,
        put: Callable[[np.ndarray], Clip] | None = None,
        **more: Any,
    ) -> Tensor:
        """Sample latents for prompts and tempi. latents: start from these instead, noised by
        `strength`. early: tempi that condition the denoiser until the beat is decided, by default
        those that suit the words. put: makes a clip of a roll, for progress."""
        report = reporter(progress)

        def callback(step: int, steps: int, x0: Tensor) -> None:
            def clips() -> list[Clip]:
                rolls = self.decode_rolls(x0)
                return self._plain_clips(rolls, prompts, tempos, self.config.bars, put)

            report(step, steps, lambda: self.decode_rolls(x0), clips)

        conditioning = self.conditioning(prompts, tempos)
        pairs = list(zip(prompts, tempos, strict=True))
        if early is None:
            own = {pair: self._words_tempo(*pair) for pair in dict.fromkeys(pairs)}
            early = [own[pair] for pair in pairs]
        more["denoiser"] = self._two_tempos(early)
        if latents is not None:
            return self.resample(
                latents, noise, strength, conditioning, settings, callback=callback, **more
            )
        return self.sample(noise, conditioning, settings, callback=callback, **more)

    def _plain_clips(
        self,
        rolls: np.ndarray,
        prompts: Sequence[str],
        tempos: Sequence[float],
        bars: int,
        put: Callable[[np.ndarray], Clip] | None = None,
    ) -> list[Clip]:
        """Return clips of rolls. put: inserts a roll into the clip that is edited, if there is
        one."""
        clips = [
            put(roll[: 16 * bars])
            if put
            else DrumRoll.from_array(roll[: 16 * bars], tempo=tempo).to_clip()
            for roll, tempo in zip(rolls, tempos, strict=True)
        ]
        return [
            clip.with_(caption=prompt, labels={"prompt": prompt})
            for clip, prompt in zip(clips, prompts, strict=True)
        ]

    def _clips(
        self,
        rolls: np.ndarray,
        prompts: Sequence[str],
        tempos: Sequence[float],
        bars: int,
        action: str = "generation",
        *,
        request: dict[str, Any],
        seed: int,
        n: int | None = None,
        original: Clip | None = None,
        put: Callable[[np.ndarray], Clip] | None = None,
    ) -> list[Clip]:
        """Return clips with their provenance. n: number of takes per prompt, by default all."""
        clips = self._plain_clips(rolls, prompts, tempos, bars, put)
        return [
            signed(
                clip,
                self,
                action,
                request={"prompt": prompt, **request},
                seed=seed,
                take=i % (n or len(clips)) + 1,
                original=original,
            )
            for i, (clip, prompt) in enumerate(zip(clips, prompts, strict=True))
        ]

    def _whole_bars(self, clip: Clip) -> tuple[Clip, int]:
        """Return the clip as 1 to `config.bars` bars of 4/4; raise PromptError if that is not
        possible."""
        clip = clip_of(clip)
        name = clip.source or repr(clip.caption)
        clip, bars = in_whole_bars(clip, f"clip {name}")
        if not (read_lookup()[clip.notes["pitch"][clip.notes["is_drum"]]] >= 0).any():
            raise PromptError(f"clip {name}: has no drum notes")
        if bars > self.config.bars:
            most = self.config.bars
            raise PromptError(
                f"clip {name}: must have at most {most} bars, got {bars}; cut it with "
                f"clip.excerpt(0, {4 * most})"
            )
        return clip, bars

    # --- saving -------------------------------------------------------------------------------


def _tempos(tempos: Any, *, or_none: bool = False) -> list[Any]:
    """Return tempi in BPM, one per loop."""
    return [
        None if or_none and tempo is None else number(tempo, "tempos", *TEMPO_RANGE)
        for tempo in listed(tempos, "tempos", "tempi")
    ]


def _octaves(tempos: Sequence[float]) -> Tensor:
    """Return tempi in BPM as the input of the denoiser: (n,) log₂(bpm/120)."""
    return torch.log2(torch.tensor(tempos, dtype=torch.float32).clamp(*TEMPO_LIMITS) / 120)
