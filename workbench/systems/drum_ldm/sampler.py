"""Sampling drum loops for prompts and tempi: the conditioning, the steps, the clips with their
provenance.

Which tempo conditions the denoiser depends on the step, see `TEMPO_SHARE`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from workbench.arguments import listed, number, same_length, texts_of
from workbench.datasets.keywords import TEMPO_LIMITS, parse_tempo, without_tempo
from workbench.datasets.phrases import with_noun
from workbench.models.denoisers import DrumConditioning
from workbench.music.timeline import TEMPO_RANGE
from workbench.representations.drum_roll import DrumRoll
from workbench.systems.drum_ldm.latents import DrumLatents
from workbench.systems.drum_ldm.request import read_request
from workbench.systems.progress import reporter
from workbench.systems.prompts import PromptReading, chip_words, plain_words, prompt_of, read_prompt
from workbench.systems.provenance import signed
from workbench.systems.sampling import SamplingSettings

if TYPE_CHECKING:
    from workbench.music.clip import Clip


# Share of the schedule, at its less noisy end, in which the denoiser is conditioned on the
# requested tempo. In the noisier part, which decides on which beat the bass drum falls, it is
# conditioned on the tempo that suits the words. A style at an unusual tempo may come from a single
# performance of the training set, such as rock above 150 BPM, whose bass drum is hardly ever on
# beat one.
TEMPO_SHARE = 0.65
_FAST = re.compile(r"\b(?:(?:very|really|quite|super) )?(?:fast|quick|up-?tempo)\b[ ,]*", re.I)


class DrumSampler(DrumLatents):
    """The part of DrumLDM that reads prompts and samples latents for them."""

    # --- prompts ------------------------------------------------------------------------------

    def explain_prompt(self, prompt: str) -> PromptReading:
        """Return how a prompt is understood: tempo, keywords, unknown words, and advice. A system
        that follows a chart says which facts of the prompt it follows in a loop of its longest
        length, and which it cannot."""
        if self.config.chart:
            return read_request(prompt, self.config.bars).reading()
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
        if self.config.chart:
            request = read_request(prompt, self.config.bars)
            return request.tempo_near(self.suggest_tempo(request.style))
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
    def conditioning(self, prompts: Sequence[str], tempos: Sequence[float]) -> DrumConditioning:
        """Return the conditioning of the denoiser: a prompt and a tempo in BPM per loop."""
        prompts, tempos = texts_of(prompts, "prompts", 1), tempos_of(tempos)
        same_length(prompts=prompts, tempos=tempos)
        # the tempo is a separate condition: a figure among the words would select one performance
        words = [with_noun(without_tempo(plain_words(prompt))) for prompt in prompts]
        known = torch.tensor([[float(bool(text)), 1.0] for text in words])
        features = self.networks.text_features(self._text_vectors(words))
        return DrumConditioning(features, _octaves(tempos), known)

    def _two_tempos(self, tempos: Sequence[float]) -> Callable[..., Tensor]:
        """Return the denoiser, conditioned on these tempi (BPM) until the beat is decided and on
        those of its conditioning afterwards."""
        first = TEMPO_SHARE * self.diffusion.steps
        early = _octaves(tempos)

        def denoise(z: Tensor, t: Tensor, text: Tensor, tempo: Tensor, known: Tensor) -> Tensor:
            own = early.repeat(len(z) // len(early))  # with guidance each row comes twice
            return self.denoiser(z, t, text, torch.where(t >= first, own, tempo), known)

        return denoise

    # --- sampling -----------------------------------------------------------------------------

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
                return self._clips_of(rolls, prompts, tempos, self.config.bars, put)

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

    def _clips_of(
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

    def _signed_clips(
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
        clips = self._clips_of(rolls, prompts, tempos, bars, put)
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


def tempos_of(tempos: Any, *, or_none: bool = False) -> list[Any]:
    """Return tempi in BPM, one per loop."""
    return [
        None if or_none and tempo is None else number(tempo, "tempos", *TEMPO_RANGE)
        for tempo in listed(tempos, "tempos", "tempi")
    ]


def _octaves(tempos: Sequence[float]) -> Tensor:
    """Return tempi in BPM as the input of the denoiser: (n,) log₂(bpm/120)."""
    return torch.log2(torch.tensor(tempos, dtype=torch.float32).clamp(*TEMPO_LIMITS) / 120)
