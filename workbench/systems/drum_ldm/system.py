"""DrumLDM: drum loops from text (arXiv 2408.02711), with errors of the original corrected.

    prompt → text encoder → denoiser ⇄ sampler → autoencoder's decoder → drum roll → Clip

The autoencoder encodes a loop as a latent of one vector per beat. A diffusion model learns to
sample latents for a text and a tempo. The class is written in five steps, each a file:

    latents.py   DrumLatents   encode, decode, embed
    sampler.py   DrumSampler   read prompts, sample latents for them
    editing.py   DrumEditing   vary, interpolate, inpaint
    grooves.py   DrumGrooves   humanise, transfer, tap, fill, add
    system.py    DrumLDM       generate, film, train

The networks are in `networks.py`, their training in `training.py`.
Notebooks: `notebooks/00_start_here.ipynb`, `notebooks/05_latent_diffusion.ipynb`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch

from workbench.arguments import listed, number, same_length, seed_of, texts_of
from workbench.errors import PromptError
from workbench.representations.drum_roll import DrumRoll
from workbench.systems.drum_ldm.advice import metre_advice
from workbench.systems.drum_ldm.card import card
from workbench.systems.drum_ldm.config import DrumLDMConfig
from workbench.systems.drum_ldm.grooves import DrumGrooves
from workbench.systems.drum_ldm.sampler import GUIDANCE, STEADY, STEPS, Takes, request_of, tempos_of
from workbench.systems.drum_ldm.training import Start, recipe
from workbench.systems.progress import Progress
from workbench.systems.prompts import prompts_of
from workbench.systems.provenance import signed
from workbench.systems.sampling import SamplingSettings, checked
from workbench.systems.storage import training_of

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.music.clip import Clip
    from workbench.systems.stages import Recipe

__all__ = ["DrumLDM", "DrumLDMConfig"]


class DrumLDM(DrumGrooves):
    """Text-conditioned latent diffusion of drum loops.

    `from_pretrained("drums-groove-bert")` loads a shipped system, `train` trains one. In all
    methods, `steps`, `guidance`, `sampler` and `seed` are those of `SamplingSettings`; `progress`
    is called with a `Progress` after each step, and an exception that it raises stops the sampling.
    """

    reads: ClassVar = ("text",)
    makes: ClassVar = "a drum loop"
    replaces: ClassVar = ("bars", "seconds", "cells", "tracks")
    card: ClassVar = staticmethod(card)

    @classmethod
    def recipe(
        cls,
        dataset: str,
        profile: str,
        seed: int,
        *,
        text: str = "bert",
        start: str | Path | None = None,
    ) -> Recipe:
        """Prepare a data set for `train`, with the same arguments."""
        earlier = None
        if start is not None:
            networks = cls.from_pretrained(start).networks
            weights, record = networks.state_dict(), training_of(str(start))
            earlier = Start(str(start), networks.config, weights, record)
        return recipe(dataset, profile, seed, text=text, start=earlier)

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
            start: A checkpoint to start from, of the profile's shape. Its autoencoder is kept, and
                so are its contrastive encoders unless `text` or those of the profile are others;
                its denoiser is trained for 40 % of the steps at half of the learning rates.
            budget_minutes: Time limit in minutes for all stages; None runs all steps.
            watch: Called with each record of the log.

        Returns:
            The trained system.

        Raises:
            PromptError: If the profile is unknown.
            MissingDataError: If the data set is not there.
            CheckpointError: If `start` does not fit the profile.
        """
        return cls._train(
            dataset,
            profile,
            out=out,
            seed=seed,
            budget_minutes=budget_minutes,
            watch=watch,
            text=text,
            start=start,
        )

    # --- generation ---------------------------------------------------------------------------

    @torch.inference_mode()
    def generate(
        self,
        prompt: str | Sequence[str] | None = "",
        n: int = 1,
        *,
        bars: int = 8,
        steps: int = STEPS,
        guidance: float = GUIDANCE,
        tempo: float | None = None,
        meter: tuple[int, int] | None = None,
        form: str | None = None,
        steady: float | None = None,
        seed: int = 0,
        sampler: str = "dpm++",
        candidates: int | None = None,
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
            meter: Metre, such as (7, 8); by default the one that the prompt names or its style has,
                otherwise 4/4. Only systems that follow charts play other metres.
            form: Which bars are alike, such as "AAAB"; by default the form that the prompt names,
                otherwise one that a drummer of the training set played.
            steady: How much alike bars of one letter are, 0 to 1; None for STEADY, and for the
                same hits in bars of one letter of a form that is asked for. Only systems that
                follow charts have a form and this dial.
            seed: Seed of all random numbers.
            sampler: A name from `SAMPLERS`.
            candidates: Number of loops that are begun for each one that is returned, 1 to 64. A
                critic chooses the one that is most like people's while it is still noisy, and of
                several takes of a prompt those that differ; see `candidates.py`. None for
                CANDIDATES, and for 1 in systems without a critic. Each one more costs about half of
                a loop's time.
            progress: Called with a `Progress` after each step.

        Returns:
            The loops, `n` per prompt, in the order of the prompts.

        Raises:
            PromptError: If a number is out of range.

        Warns:
            UserWarning: If the prompt names what the system cannot do, such as a metre that it does
                not play.
        """
        texts = prompts_of(prompt)
        bars, meter = self._bars(bars), self._meter(meter)
        for advice in filter(None, (self._advice(text, bars, meter) for text in texts)):
            warnings.warn(f"prompt: {advice}", UserWarning, stacklevel=3)  # 2: torch's wrapper
        n, tempo = checked(n=n, tempo=tempo).values()
        settings = SamplingSettings(steps, guidance, sampler, seed)
        dialled, steady = steady is not None, self._steady(steady)
        candidates = self._candidates(candidates)
        prompts = [text for text in texts for _ in range(n)]
        requests = [i for i in range(len(texts)) for _ in range(n)]
        tempos = [bpm for text in texts for bpm in [tempo or self.tempo_of(text)] * n]
        seeds = settings.seeds(n) * len(texts)
        rolls, charts = self._best(
            Takes(prompts, tempos, seeds, bars, form, meter, not dialled, requests),
            settings,
            progress,
            candidates,
            steady=steady,
            # without guidance the prompts have no effect, but for tempo, metre and form
            asking=settings.guidance > 0,
        )
        asked = {"bars": bars, "tempo": tempo, **settings.asked()}
        asked |= {"candidates": candidates} if candidates > 1 else {}
        if self.config.chart:
            named = None if meter is None else f"{meter[0]}/{meter[1]}"
            asked |= {"meter": named, "form": form, "steady": steady}
        return self._signed_clips(
            rolls, prompts, tempos, charts, seed=settings.seed, n=n, request=asked
        )

    def _steady(self, steady: float | None) -> float:
        if steady is None:
            return STEADY
        if not self.config.chart:
            raise PromptError("steady: this system follows no form; train it again, or omit steady")
        return number(steady, "steady", 0, 1)

    def _advice(self, prompt: str, bars: int, meter: tuple[int, int] | None) -> str:
        """Return what this system understands of a prompt and cannot do, "" if there is nothing."""
        if self.config.chart:
            return "; ".join(request_of(prompt, bars, meter).refused)
        return metre_advice(prompt)

    @torch.inference_mode()
    def generate_batch(
        self,
        prompts: Sequence[str],
        tempos: Sequence[float | None],
        seeds: Sequence[int],
        *,
        bars: int = 8,
        steps: int = STEPS,
        guidance: float = GUIDANCE,
        sampler: str = "dpm++",
        candidates: int | None = None,
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
            candidates: See `generate`.
            progress: Called with a `Progress` after each step.

        Returns:
            n loops.

        Raises:
            PromptError: If the lists differ in length or a number is out of range.
        """
        settings, bars = SamplingSettings(steps, guidance, sampler), self._bars(bars)
        seeds = [seed_of(seed, "seeds") for seed in listed(seeds, "seeds", "seeds", 1)]
        prompts, known = texts_of(prompts, "prompts", 1), tempos_of(tempos, or_none=True)
        same_length(prompts=prompts, tempos=known, seeds=seeds)
        chosen = {p: self.tempo_of(p) for p, t in zip(prompts, known, strict=True) if t is None}
        own = {prompt: self._words_tempo(prompt, tempo) for prompt, tempo in chosen.items()}
        bpm = [chosen[p] if t is None else t for p, t in zip(prompts, known, strict=True)]
        early = [own[p] if t is None else t for p, t in zip(prompts, known, strict=True)]
        candidates = self._candidates(candidates)
        rolls, charts = self._best(
            Takes(prompts, bpm, seeds, bars), settings, progress, candidates, early=early
        )
        asked = {"bars": bars, **settings.asked()}
        asked |= {"candidates": candidates} if candidates > 1 else {}
        return [
            signed(
                clip, self, request={"prompt": prompt, "tempo": tempo, **asked, "noise seed": seed}
            )
            for clip, prompt, tempo, seed in zip(
                self._clips_of(rolls, prompts, bpm, charts), prompts, bpm, seeds, strict=True
            )
        ]

    draw_each = generate_batch  # the old name

    @torch.inference_mode()
    def film(  # type: ignore[override]  # its settings by name
        self,
        prompt: str = "",
        *,
        seed: int = 0,
        steps: int = 20,
        bars: int = 8,
        guidance: float = GUIDANCE,
        sampler: str = "dpm++",
    ) -> list[tuple[float, DrumRoll]]:
        """Return the steps of one sampling: pairs of the noise level √(1−ᾱ), from 1 down, and the
        roll so far. It shows the first candidate, see `generate`."""
        frames: list[np.ndarray] = []
        clip = self.generate(
            prompt,
            bars=bars,
            steps=steps,
            guidance=guidance,
            seed=seed,
            sampler=sampler,
            candidates=1,
            progress=lambda record: frames.append(record.state()[0]),
        )[0]
        rolls = [DrumRoll.from_array(frame, tempo=clip.tempo) for frame in frames]
        return list(zip(self.noise_levels(len(rolls)), rolls, strict=True))
