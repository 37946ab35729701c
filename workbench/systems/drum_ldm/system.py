"""DrumLDM: text in, drum loop out (arXiv 2408.02711), with the original's mistakes mended.

    prompt → text encoder → denoiser ⇄ sampler → autoencoder's decoder → drum roll → Clip

The autoencoder turns a loop into a latent, one vector a beat; diffusion learns to draw latents
for a text and a tempo. The parts are listed in `networks.py`, trained in `training.py`,
sampled in `drawing.py`; how a prompt is read is in `prompts.py`.
Notebooks: `notebooks/00_start_here.ipynb`, `notebooks/05_latent_diffusion.ipynb`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from workbench.arguments import listed, number, same_length, seed_of, text_of, texts_of
from workbench.datasets.keywords import TEMPO_LIMITS, parse_tempo, without_tempo
from workbench.datasets.phrases import with_noun
from workbench.errors import PromptError
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
from workbench.systems.cards import card
from workbench.systems.configs import config_from
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

# Share of the walk, its cleaner end, in which the tempo asked for is heard. Before, where it is
# decided on which beat the bass drum falls, the words are heard at the tempo that suits them: a
# style at some other tempo may be a single performance of the training set, as rock above 150 bpm
# is, whose bass drum is hardly ever on one.
TEMPO_HEARD = 0.65
_FAST = re.compile(r"\b(?:(?:very|really|quite|super) )?(?:fast|quick|up-?tempo)\b[ ,]*", re.I)


class DrumLDM(LatentDiffusion):
    """Text-conditioned latent diffusion of drum loops.

    `from_pretrained("drums-groove-bert")` loads a shipped system, `train` makes one. Everywhere,
    steps, guidance, sampler and seed are those of `SamplingSettings`; progress is called with a
    `Progress` after each step, and an exception that it raises ends the sampling.
    """

    networks: DrumNetworks
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
        """Train all three stages and save in `out`; a run that was stopped goes on where it was.

        dataset: a name of the catalogue or a folder of MIDI. profile: smoke, laptop, gpu, paper.
        text: "bert", "keywords", or any BERT. start: a checkpoint to go on from: its autoencoder
        and towers are kept, its denoiser is trained further, a fifth of the profile's steps at a
        third of the rate; it must be of the profile's shape and read text in the same way. watch:
        receives each line of the log.
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
        """Latents of loops of equal length: (n, beats, latent), mean 0 and variance 1 over the
        training loops; (n, latent) for the paper's networks."""
        return self.encode_rolls(torch.from_numpy(rolls_of(clips_of(clips, least=1))))

    @torch.inference_mode()
    def encode_rolls(self, rolls: Tensor) -> Tensor:
        """Latents of drum rolls (n, steps, 27), as of `encode`."""
        if self.config.paper:  # one vector for a loop of full length: shorter ones are repeated
            full = [tile(roll, 16 * self.config.bars) for roll in rolls.numpy()]
            rolls = torch.from_numpy(np.stack(full))
        return self.networks.standard(self.autoencoder.encode(rolls))

    @torch.inference_mode()
    def decode(self, latents: Tensor, tempo: float = 120.0, caption: str = "") -> list[Clip]:
        """Latents back to clips."""
        tempo, caption = check_tempo(tempo), text_of(caption, "caption")
        clips = [
            DrumRoll.from_array(r, tempo=tempo).to_clip(caption=caption)
            for r in self.decode_rolls(latents)
        ]
        return [signed(clip, self, "decoding", request={"tempo": tempo}) for clip in clips]

    @torch.inference_mode()
    def decode_rolls(self, latents: Tensor) -> np.ndarray:
        """Drum rolls of latents: (n, steps, 27)."""
        return self.autoencoder.decode(self.networks.plain(self.latents_of(latents))).numpy()

    # --- text ---------------------------------------------------------------------------------

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Texts in the contrastive space: (n, dim), unit length."""
        return self.contrastive.embed_text(self.text.embed(texts_of(texts, "texts", 1)))

    @torch.inference_mode()
    def embed_clips(self, clips: Sequence[Clip]) -> Tensor:
        """Loops of equal length in the contrastive space: (n, dim), unit length."""
        rolls = rolls_of(clips_of(clips, least=1))
        return self.contrastive.embed_roll(torch.from_numpy(rolls))

    def explain_prompt(self, prompt: str) -> PromptReading:
        """What is understood of a prompt: tempo, keywords, unknown words, and advice."""
        return read_prompt(prompt_of(prompt), self.text, self.config.vocabulary)

    def prompt_words(self) -> dict[str, list[str]]:
        """Those of the styles and traits that training captions had and the encoder reads."""
        return chip_words(self)

    @torch.inference_mode()
    def suggest_tempo(self, prompt: str) -> float:
        """The tempo that captions like this one go with, where the prompt names none (BPM)."""
        words = with_noun(plain_words(prompt_of(prompt)))
        vector = torch.cat([self.text.embed([words])[0], torch.ones(1)])
        octaves = float(vector @ self.networks.tempo_weights)
        return float(round(min(max(120 * 2**octaves, 60.0), 200.0)))

    def tempo_of(self, prompt: str) -> float:
        """The tempo a prompt names, else the one that suits it (BPM)."""
        return self.explain_prompt(prompt).tempo or self.suggest_tempo(prompt)

    def _words_tempo(self, prompt: str, tempo: float) -> float:
        """The tempo that suits a prompt's words, whatever tempo it names, as a figure or by words
        such as "fast", which lead to the same few performances; `tempo` where there are
        no words (BPM)."""
        prompt = plain_words(prompt)
        words = without_tempo(prompt)
        if not words:
            return tempo
        text = prompt if parse_tempo(prompt) is None else words
        return self.suggest_tempo(_FAST.sub("", text).strip(" ,") or text)

    @torch.inference_mode()
    def conditioning(self, prompts: Sequence[str], tempos: Sequence[float]) -> Condition:
        """What the denoiser is conditioned on: a prompt and a tempo (BPM) per loop."""
        prompts, tempos = texts_of(prompts, "prompts", 1), _tempos(tempos)
        same_length(prompts=prompts, tempos=tempos)
        # the tempo is a condition of its own: a figure among the words would name a performance
        words = [with_noun(without_tempo(plain_words(prompt))) for prompt in prompts]
        known = torch.tensor([[float(bool(text)), 1.0] for text in words])
        features = self.networks.text_features(self.text.embed(words))
        return Condition(features, _octaves(tempos), known)

    def _hearing(self, tempos: Sequence[float]) -> Callable[..., Tensor]:
        """The denoiser, which hears these tempi (BPM) until the beat is decided, and those of the
        condition from there on."""
        first = TEMPO_HEARD * self.diffusion.steps
        early = _octaves(tempos)

        def ask(z: Tensor, t: Tensor, text: Tensor, tempo: Tensor, known: Tensor) -> Tensor:
            own = early.repeat(len(z) // len(early))  # with guidance each row comes twice
            return self.denoiser(z, t, text, torch.where(t >= first, own, tempo), known)

        return ask

    # --- drawing ------------------------------------------------------------------------------

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
        """Draw `n` loops for a prompt, or for each of several prompts.

        tempo: BPM; by default the one the prompt names, else one that suits it. It sets how fast a
        loop is played; on which beat the bass drum falls is decided at the tempo that suits the
        words. Raises PromptError for numbers out of range, never for a text; warns of one that
        asks for another metre than 4/4.
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
    def draw_each(
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
        """One loop for each prompt, at its own tempo and from its own seed, all in one batch. These
        are seeds of noise, not those of `generate`, which makes such a seed for each take.

        tempos: BPM; None as `generate` draws the prompt. A number is for captions of loops whose
        tempo is known: as in training, it is heard from the first step to the last."""
        settings, bars = SamplingSettings(steps, guidance, sampler), self._bars(bars)
        seeds = [seed_of(seed, "seeds") for seed in listed(seeds, "seeds", "seeds", 1)]
        prompts, known = texts_of(prompts, "prompts", 1), _tempos(tempos, or_none=True)
        same_length(prompts=prompts, tempos=known, seeds=seeds)
        asked_for = {p: self.tempo_of(p) for p, t in zip(prompts, known, strict=True) if t is None}
        own = {prompt: self._words_tempo(prompt, tempo) for prompt, tempo in asked_for.items()}
        bpm = [asked_for[p] if t is None else t for p, t in zip(prompts, known, strict=True)]
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

    def _bars(self, bars: int) -> int:
        bars = checked(bars=bars)["bars"]
        if bars > self.config.bars:
            raise PromptError(
                f"bars={bars}: this system generates loops of 1 to {self.config.bars}"
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
        """Variations of a loop: noise its latent part of the way, then draw back (SDEdit,
        arXiv 2108.01073). strength: 0 gives the loop as the autoencoder hears it, 1 a new one.
        The drums alone are varied: other tracks, and percussion outside the nine voices, stay. The
        prompt is the clip's caption unless another is given."""
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
        """`n` loops on the way from one loop to another, both ends included.

        Latents turn from one to the other (slerp). A mixture of two beats is no beat yet, so those
        in the middle are noised by up to `polish` and drawn back, all with the same noise. These
        are loops of the nine voices alone; warns of notes of `a` or `b` that are none.
        """
        settings = SamplingSettings(steps, 1.0, seed=seed)
        n, polish = checked(n=n, polish=polish).values()
        (a, bars), (b, bars_b) = self._whole_bars(a), self._whole_bars(b)
        if bars != bars_b:
            raise PromptError(f"a has {bars} bars, b has {bars_b}; cut them to the same length")
        for name, clip in (("a", a), ("b", b)):
            if without := left_out(clip):
                warnings.warn(
                    f"{name}: notes that the loops do not have: {without}",
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
        """Regenerate the cells of a region, keep all others.

        At every step the present estimate is decoded, the kept cells are put in, and the result is
        encoded again, so that the new cells are made to fit them. Only the drum hits of the
        region are exchanged, in the clip's own score, and in its file where it has one: all other
        events stay, also of other tracks. Of bars and seconds a hit a little before the first beat,
        which the grid takes for that beat, stays, too. The prompt is the clip's caption unless
        another is given. keep, keep_bars: the old way to say it, what stays.
        """
        settings = SamplingSettings(steps, guidance, sampler, seed)
        n = checked(n=n)["n"]
        clip, bars = self._whole_bars(clip)
        own = DrumRoll.from_clip(clip).to_array()
        if region is not None and not isinstance(region, np.ndarray):
            cells = cells_of(clip, region_of(region), len(own))
        else:
            warnings.warn(
                "inpaint: takes a Region of what to replace, in place of what to keep",
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
            request={"kept": f"{held.mean():.0%} of the cells", **settings.asked()},
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
        """One sampling, step by step: (noise level √(1−ᾱ), from 1 down, and the roll so far)."""
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
        """length: beats."""
        size = len(self.networks.latent_mean)
        beats = 4 * self.config.bars if length is None else length
        return (size,) if self.config.paper else (beats, size)

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
        """Latents for prompts and tempi; of given latents a share is sampled again. early: the
        tempi that are heard until the beat is decided, by default those that suit the words. put:
        makes a clip of a roll, for progress."""
        report = reporter(progress)

        def heard(step: int, steps: int, x0: Tensor) -> None:
            def clips() -> list[Clip]:
                rolls = self.decode_rolls(x0)
                return self._plain_clips(rolls, prompts, tempos, self.config.bars, put)

            report(step, steps, lambda: self.decode_rolls(x0), clips)

        conditioning = self.conditioning(prompts, tempos)
        asked = list(zip(prompts, tempos, strict=True))
        if early is None:
            own = {pair: self._words_tempo(*pair) for pair in dict.fromkeys(asked)}
            early = [own[pair] for pair in asked]
        more["denoiser"] = self._hearing(early)
        if latents is not None:
            return self.resample(
                latents, noise, strength, conditioning, settings, callback=heard, **more
            )
        return self.sample(noise, conditioning, settings, callback=heard, **more)

    def _plain_clips(
        self,
        rolls: np.ndarray,
        prompts: Sequence[str],
        tempos: Sequence[float],
        bars: int,
        put: Callable[[np.ndarray], Clip] | None = None,
    ) -> list[Clip]:
        """Clips of rolls. put: the way into the clip that is worked on, if there is one."""
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
        """Clips with their provenance. n: takes of each prompt, all by default."""
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
        """The clip as 1 to `config.bars` bars of 4/4, or a word why that is not possible."""
        clip = clip_of(clip)
        name = clip.source or repr(clip.caption)
        clip, bars = in_whole_bars(clip, f"clip {name}")
        if not (read_lookup()[clip.notes["pitch"][clip.notes["is_drum"]]] >= 0).any():
            raise PromptError(f"clip {name}: holds no drum notes")
        if bars > self.config.bars:
            most = self.config.bars
            raise PromptError(
                f"clip {name}: {bars} bars; cut it with clip.excerpt(0, {4 * most}) to {most} bars"
            )
        return clip, bars

    # --- saving -------------------------------------------------------------------------------

    def config_dict(self) -> dict[str, Any]:
        return asdict(self.config)

    @classmethod
    def from_config(cls, data: dict[str, Any]) -> DrumLDM:
        return cls(config_from(DrumLDMConfig, data))

    @classmethod
    def networks_of(cls, data: dict[str, Any]) -> DrumNetworks:
        return DrumNetworks(config_from(DrumLDMConfig, data))


def _tempos(tempos: Any, *, or_none: bool = False) -> list[Any]:
    """Tempi in BPM, one for each loop."""
    return [
        None if or_none and tempo is None else number(tempo, "tempos", *TEMPO_RANGE)
        for tempo in listed(tempos, "tempos", "tempi")
    ]


def _octaves(tempos: Sequence[float]) -> Tensor:
    """Tempi in BPM as the denoiser takes them: (n,) log₂(bpm/120)."""
    return torch.log2(torch.tensor(tempos, dtype=torch.float32).clamp(*TEMPO_LIMITS) / 120)
