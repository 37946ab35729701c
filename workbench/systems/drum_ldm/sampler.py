"""Sampling drum loops for prompts and tempi: the conditioning, the steps, the clips with their
provenance.

Which tempo conditions the denoiser depends on the step, see `TEMPO_SHARE`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from workbench.arguments import listed, number, row_seeds, same_length, texts_of
from workbench.datasets.keywords import TEMPO_LIMITS, parse_tempo, without_tempo
from workbench.datasets.phrases import with_noun
from workbench.errors import PromptError
from workbench.models.chart_denoiser import ChartConditioning
from workbench.models.denoisers import DrumConditioning
from workbench.music.clip import Clip
from workbench.music.kit import DRUMS
from workbench.music.timeline import TEMPO_RANGE, check_meter, meter_names
from workbench.representations.drum_chart import DrumChart
from workbench.representations.drum_roll import DrumRoll
from workbench.systems.drum_ldm.advice import read_prompt
from workbench.systems.drum_ldm.candidates import Choice
from workbench.systems.drum_ldm.forms import (
    TIMING,
    fill_form,
    letters_of,
    restated,
    sampled_form,
    shared_noise,
)
from workbench.systems.drum_ldm.habits import relaxed
from workbench.systems.drum_ldm.latents import BARS, DrumLatents
from workbench.systems.drum_ldm.plans import with_amounts
from workbench.systems.drum_ldm.request import DrumRequest, read_request
from workbench.systems.drum_ldm.strokes import with_strokes
from workbench.systems.drum_ldm.timing import sampled_together, timed
from workbench.systems.progress import reporter
from workbench.systems.prompts import PromptReading, chip_words, plain_words, prompt_of
from workbench.systems.provenance import signed
from workbench.systems.sampling import SamplingSettings, checked

# Share of the schedule, at its less noisy end, in which the denoiser is conditioned on the
# requested tempo. In the noisier part, which decides on which beat the bass drum falls, it is
# conditioned on the tempo that suits the words. A style at an unusual tempo may come from a single
# performance of the training set, such as rock above 150 BPM, whose bass drum is hardly ever on
# beat one.
TEMPO_SHARE = 0.65
# Chosen on validation and on sessions of training. From guidance 1.25 to 2 a classifier recognises
# the styles that are asked in 92 % instead of 77 % of loops, and tells loops from people's no more
# often; more than 10 steps change neither.
# STEADY: the share of their starting noise that bars of one letter have in common. With 0.3 they
# are more alike than people's (overlap of neighbours 0.65, people 0.57).
# GUIDED: the share of the schedule, at its noisier end, in which guidance strengthens the words.
# Below it the denoiser is evaluated once instead of twice, and loops are told from people's as
# often as before. Source: Kynkäänniemi et al. 2024, arXiv 2404.07724. Loops that are one fill are
# guided to the end: a classifier then recognises 81 to 90 % of them as fills, otherwise 56 to 79 %.
# CANDIDATES: with two, a loop takes about as long as with guidance at all steps and without them.
# More help little: by the judge of features, of 1, 2, 4, 8 and 16 candidates the AUC is 0.75, 0.73,
# 0.72, 0.71 and 0.70 over 303 validation and training captions, ± 0.02.
STEADY = 0.1
GUIDANCE = 2.0
GUIDED = 0.5
STEPS = 10
CANDIDATES = 2
_FAST = re.compile(r"\b(?:(?:very|really|quite|super) )?(?:fast|quick|up-?tempo)\b[ ,]*", re.I)


@lru_cache(maxsize=256)
def request_of(
    prompt: str, bars: int, meter: tuple[int, int] | None = None, fewer_fills: bool = False
) -> DrumRequest:
    """Return what a prompt asks. Each take of a prompt needs it several times; its chart is copied
    before it is changed."""
    return read_request(prompt, bars, meter, played=True, fewer_fills=fewer_fills)


@dataclass(frozen=True)
class Takes:
    """What is asked of takes that are sampled together.

    Args:
        prompts, tempos, seeds: A text, a tempo in BPM and a seed per take.
        bars, form, meter: Of all takes, see `DrumSampler.charts_for`.
        stated: Whether bars of one letter of a form that is asked for have the same hits.
        requests: A number per take that takes of one request share, which are to differ; None if
            each take is a request of its own.
    """

    prompts: Sequence[str]
    tempos: Sequence[float]
    seeds: Sequence[int]
    bars: int
    form: str | None = None
    meter: tuple[int, int] | None = None
    stated: bool = True
    requests: Sequence[int] | None = None

    def repeated(self, candidates: int) -> Takes:
        """Return each take so many times, with seeds of their own after the first."""
        return replace(
            self,
            prompts=[text for text in self.prompts for _ in range(candidates)],
            tempos=[bpm for bpm in self.tempos for _ in range(candidates)],
            # a take's form and noise have the second to fourth of its row seeds
            seeds=[own for seed in self.seeds for own in _seeds_of(seed, candidates)],
        )


class DrumSampler(DrumLatents):
    """The part of DrumLDM that reads prompts and samples latents for them."""

    # --- prompts ------------------------------------------------------------------------------

    def explain_prompt(
        self,
        prompt: str,
        *,
        bars: int | None = None,
        meter: tuple[int, int] | None = None,
        tempo: float | None = None,
    ) -> PromptReading:
        """Return how a prompt is understood: tempo, keywords, unknown words, and advice. A system
        that follows a chart says which facts of the prompt it follows, and which it cannot.

        Args:
            prompt: A text.
            bars: Length of the loop in bars; None for that of `generate`.
            meter: Metre of the loop; None for the one of the prompt.
            tempo: Does not matter.

        Raises:
            PromptError: If the prompt is not a text, or the length or metre is not one of this
                system.
        """
        if self.config.chart:
            bars = self._bars(BARS if bars is None else bars)
            return request_of(prompt_of(prompt), bars, self._meter(meter)).reading()
        return read_prompt(prompt_of(prompt), self.text, self.config.vocabulary)

    def _bars(self, bars: int) -> int:
        bars = checked(bars=bars)["bars"]
        if bars > self.config.bars:
            raise PromptError(
                f"bars: must be from 1 to {self.config.bars} for this system, got {bars}"
            )
        return bars

    def _meter(self, meter: tuple[int, int] | None) -> tuple[int, int] | None:
        if meter is None:
            return None
        meter = check_meter(meter)
        if meter not in self.meters:
            known = meter_names(self.meters)
            raise PromptError(f"meter: must be {known} for this system, got {meter[0]}/{meter[1]}")
        return meter

    def prompt_words(self) -> dict[str, list[str]]:
        """Return the styles and traits that occur in training captions and that the text encoder
        reads."""
        return chip_words(self)

    @torch.inference_mode()
    def suggest_tempo(self, prompt: str) -> float:
        """Return the typical tempo of captions like this prompt, in BPM."""
        words = with_noun(plain_words(prompt_of(prompt)))
        own = self.text_vectors([words])[0, : self.config.contrastive.text_dim]
        vector = torch.cat([own, torch.ones(1)])
        octaves = float(vector @ self.networks.tempo_weights)
        return float(round(min(max(120 * 2**octaves, 60.0), 200.0)))

    def tempo_of(self, prompt: str) -> float:
        """Return the tempo that a prompt names, otherwise the one that suits it, in BPM."""
        if self.config.chart:
            request = request_of(prompt_of(prompt), self.config.bars)
            return request.tempo or request.tempo_near(self.suggest_tempo(request.style))
        return self.explain_prompt(prompt).tempo or self.suggest_tempo(prompt)

    def _words_tempo(self, prompt: str, tempo: float) -> float:
        """Return the tempo in BPM that suits the words of a prompt, without its figure and without
        words such as "fast", which would select the same few performances; `tempo` if no words are
        left."""
        if self.config.chart:
            request = request_of(prompt, BARS)
            usual = replace(request, tempo=None, pace=1.0, tempo_range=None)
            return usual.tempo_near(self.suggest_tempo(request.style)) if request.style else tempo
        prompt = plain_words(prompt)
        words = without_tempo(prompt)
        if not words:
            return tempo
        text = prompt if parse_tempo(prompt) is None else words
        return self.suggest_tempo(_FAST.sub("", text).strip(" ,") or text)

    @torch.inference_mode()
    def conditioning(
        self,
        prompts: Sequence[str],
        tempos: Sequence[float],
        charts: Sequence[DrumChart] | None = None,
        bars: int = BARS,
    ) -> DrumConditioning | ChartConditioning:
        """Return the conditioning of the denoiser.

        Args:
            prompts: A text per loop.
            tempos: A tempo in BPM per loop.
            charts: A chart per loop, for systems that follow charts; by default what the prompts
                ask of loops of `bars` bars.
            bars: Length of the loops in bars, for these charts.
        """
        prompts, tempos = texts_of(prompts, "prompts", 1), tempos_of(tempos)
        same_length(prompts=prompts, tempos=tempos)
        words = [self._words(prompt) for prompt in prompts]
        known = torch.tensor([[float(bool(text)), 1.0] for text in words])
        features = self.networks.text_features(self.text_vectors(words))
        if not self.config.chart:
            return DrumConditioning(features, _octaves(tempos), known)
        if charts is None:
            charts = [request_of(prompt, bars).chart for prompt in prompts]
        same_length(prompts=prompts, charts=charts)
        arrays = [torch.from_numpy(chart.to_array()) for chart in charts]
        real = [torch.ones(len(array), dtype=torch.bool) for array in arrays]
        chart, mask = (pad_sequence(part, batch_first=True) for part in (arrays, real))
        return ChartConditioning(features, _octaves(tempos), known, chart, mask)

    def _words(self, prompt: str) -> str:
        """Return the words of a prompt that condition the denoiser: with charts the names of styles
        that it understood, otherwise all without the tempo. The tempo is a condition of its own; a
        figure among the words would select one performance."""
        if self.config.chart:
            return with_noun(request_of(prompt, BARS).style)
        return with_noun(without_tempo(plain_words(prompt)))

    def charts_for(
        self,
        prompts: Sequence[str],
        bars: int,
        seeds: Sequence[int],
        form: str | None = None,
        meter: tuple[int, int] | None = None,
    ) -> list[DrumChart]:
        """Return the chart of each take: what its prompt asks, and a form. It is empty for systems
        that do not follow charts.

        Args:
            prompts: A text per take.
            bars: Length in bars.
            seeds: A seed per take, for the form.
            form: Letters such as "AAAB"; by default the one that the prompt names, otherwise one
                that a drummer of the training set played, in the style of the prompt if the
                system has plans of it; a loop that is one fill repeats it, and has only the timing
                of a form.
            meter: Metre; by default the one of the prompt.
        """
        if not self.config.chart:
            if form is not None:
                raise PromptError("form: this system follows no form; train it again, or omit form")
            return [DrumChart.empty(bars) for _ in prompts]
        charts = []
        for prompt, seed in zip(prompts, seeds, strict=True):
            own = row_seeds(seed, 3)[2]
            request = request_of(prompt, bars, meter, own % 2 == 1)
            chart = request.chart.with_()
            if form is not None:
                chart.letter = letters_of(form, bars)
            chart.stated = not np.isnan(chart.letter).all()
            random = np.random.default_rng(own)
            free = np.isnan(chart.loose).all() and np.isnan(chart.lay).all()
            like = None if np.isnan(chart.likeness).any() else float(chart.likeness.mean())
            form_of_take = sampled_form(self.networks.forms, bars, random, like)
            amounts = None
            if chart.one_fill:  # it is played in someone's time, but has no form of a groove
                form_of_take = {name: form_of_take[name] for name in TIMING}
                if np.isnan(chart.letter).all() and _same_in_all_bars(chart):
                    form_of_take["letter"] = letters_of(fill_form(random), bars)
                    chart.stated = True
            elif self.plans and like is None and not chart.stated and chart.meter == (4, 4):
                plan = self.plans.sampled(request.style, chart, random)
                if plan is not None:
                    form_of_take |= plan[0]
                    amounts = plan[1]
            chart = chart.with_(**_unasked(chart, form_of_take))
            if amounts is not None:
                chart = with_amounts(chart, amounts, request.implied)
            if free and not chart.one_fill:
                chart.together = sampled_together(random)
            charts.append(relaxed(chart, request.implied, random))
        return charts

    def edit_chart(self, prompt: str, clip: Clip, bars: int) -> DrumChart:
        """Return the chart for an edit of a clip: what the prompt asks, in the clip's metre."""
        meter = (int(clip.meter[0]), int(clip.meter[1]))
        if self.config.chart:
            asked = request_of(prompt, bars).chart
            if asked.meter == meter:
                return asked.with_()
        return DrumChart.empty(bars, meter)

    def chart_noise(
        self, charts: Sequence[DrumChart], seeds: Sequence[int], steady: float = STEADY
    ) -> Tensor:
        """Return starting noise of takes (n, beats, latent), in which bars of one letter share
        `steady` of their variance, 0 to 1; zeros after the end of shorter takes. Systems that do
        not follow charts have standard normal noise."""
        if not self.config.chart:
            return self.noise(seeds, charts[0].beats)
        rows = []
        for chart, seed in zip(charts, seeds, strict=True):
            own = self.noise([seed], chart.beats)[0]
            common = row_seeds(seed, 4)[3]
            rows.append(shared_noise(own, chart.letter, chart.meter, steady, common))
        return pad_sequence(rows, batch_first=True)

    def chart_rolls(self, latents: Tensor, charts: Sequence[DrumChart]) -> list[np.ndarray]:
        """Decode latents to the roll of each take (steps, 27 · slots). Takes of one length are
        decoded together, because the decoder reads whole loops. Hits that a chart asks for or
        forbids, the timing and the form that it asks for, are so whatever the latents say."""
        rolls: dict[int, np.ndarray] = {}
        for beats in dict.fromkeys(chart.beats for chart in charts):
            rows = [i for i, chart in enumerate(charts) if chart.beats == beats]
            cells = np.zeros((2, len(rows), 4 * beats, len(DRUMS)), dtype=bool)
            for i, row in enumerate(rows):
                chart = charts[row]
                cells[:, i, : chart.steps] = chart.present(), chart.absent()
            own = latents[rows] if self.config.paper else latents[rows, :beats]
            decoded = self.decode_rolls(own, required=cells[0], forbidden=cells[1])
            for row, roll in zip(rows, decoded, strict=True):
                roll = roll[: charts[row].steps]
                if charts[row].stated:
                    roll = restated(roll, charts[row])
                rolls[row] = timed(roll, charts[row])
        return [rolls[row] for row in range(len(charts))]

    def _denoise_for(
        self,
        tempos: Sequence[float],
        charts: Sequence[DrumChart],
        guidance: float,
        choice: Choice | None,
    ) -> Callable[..., Tensor]:
        """Return the denoiser as it is sampled: conditioned on these tempi (BPM) until the beat is
        decided and on those of its conditioning afterwards; guided until GUIDED of the schedule is
        left, loops that are one fill to the end; with a choice, for the chosen rows only, and 0
        elsewhere."""
        first, last_guided = (share * self.diffusion.steps for share in (TEMPO_SHARE, GUIDED))
        early = _octaves(tempos)
        fills = torch.tensor([chart.one_fill for chart in charts])
        n = len(early)

        def denoise(
            z: Tensor, t: Tensor, text: Tensor, tempo: Tensor, known: Tensor, *chart: Tensor
        ) -> Tensor:
            step, copies = int(t[0]), len(z) // n  # with guidance each row comes twice
            rows = torch.arange(n) if choice is None else choice.rows(z[:n], step)
            limited = guidance > 1 and step < last_guided
            guided = rows[fills[rows]] if limited else rows
            at = torch.cat([rows, *(guided + n * k for k in range(1, copies))])
            tempo = torch.where(t >= first, early.repeat(copies), tempo)
            own = self.denoiser(z[at], t[at], *(x[at] for x in (text, tempo, known, *chart)))
            made = torch.zeros_like(z)
            if copies > 1:
                made[rows + n] = own[: len(rows)]  # where nothing else is evaluated
            made[at] = own
            return made

        return denoise

    # --- sampling -----------------------------------------------------------------------------

    def _sampled(
        self,
        noise: Tensor,
        prompts: Sequence[str],
        tempos: Sequence[float],
        charts: Sequence[DrumChart],
        settings: SamplingSettings,
        progress: Callable[..., None] | None = None,
        *,
        strength: float = 1.0,
        latents: Tensor | None = None,
        early: Sequence[float] | None = None,
        put: Callable[[np.ndarray], Clip] | None = None,
        choice: Choice | None = None,
        **more: Any,
    ) -> Tensor:
        """Sample latents for prompts, tempi and charts. latents: start from these instead, noised
        by `strength`. early: tempi that condition the denoiser until the beat is decided, by
        default those that suit the words. put: makes a clip of a roll, for progress. choice: of
        candidates, see `_best`."""
        report = reporter(progress)

        def callback(step: int, steps: int, x0: Tensor) -> None:
            if choice is not None:
                choice.estimated(x0)
            shown = list(range(len(charts))) if choice is None else choice.shown
            own = [charts[row] for row in shown]

            def rolls() -> np.ndarray | list[np.ndarray]:
                parts = self.chart_rolls(x0[shown], own)
                return np.stack(parts) if len({len(part) for part in parts}) == 1 else parts

            def clips() -> list[Clip]:
                texts, bpm = [prompts[row] for row in shown], [tempos[row] for row in shown]
                return self._clips_of(list(rolls()), texts, bpm, own, put)

            report(step, steps, rolls, clips)

        conditioning = self.conditioning(prompts, tempos, charts)
        pairs = list(zip(prompts, tempos, strict=True))
        if early is None and settings.guidance == 0:  # the words have no effect
            early = tempos
        elif early is None:
            own = {pair: self._words_tempo(*pair) for pair in dict.fromkeys(pairs)}
            early = [own[pair] for pair in pairs]
        more["denoiser"] = self._denoise_for(early, charts, settings.guidance, choice)
        if latents is not None:
            return self.resample(
                latents, noise, strength, conditioning, settings, callback=callback, **more
            )
        return self.sample(noise, conditioning, settings, callback=callback, **more)

    def _best(
        self,
        takes: Takes,
        settings: SamplingSettings,
        progress: Callable[..., None] | None,
        candidates: int,
        *,
        steady: float = STEADY,
        asking: bool = True,
        early: Sequence[float] | None = None,
    ) -> tuple[list[np.ndarray], list[DrumChart]]:
        """Sample candidates of each take and return the rolls and charts of those that are most
        like people's.

        Args:
            takes: What is asked of each take.
            settings: Of the sampler.
            progress: See `generate`.
            candidates: Number of candidates of each take, the first from the take's own seed.
            steady: See `generate`.
            asking: Whether the charts keep what the prompts ask of hits, drums and bars.
            early: Tempi per take, see `_sampled`.
        """
        many = takes.repeated(candidates)
        charts = self.charts_for(many.prompts, takes.bars, many.seeds, takes.form, takes.meter)
        if not takes.stated:
            charts = [chart.with_(stated=False) for chart in charts]
        if not asking:
            charts = [chart.asking_nothing() for chart in charts]
        choice = Choice(
            self.critic, self.diffusion, charts, candidates, takes.requests, self._hits_of
        )
        z = self._sampled(
            self.chart_noise(charts, many.seeds, steady),
            many.prompts,
            many.tempos,
            charts,
            settings,
            progress,
            early=None if early is None else [bpm for bpm in early for _ in range(candidates)],
            seeds=many.seeds,
            choice=choice,
        )
        z = choice.best(z)
        charts = [charts[row] for row in choice.shown]
        return self.chart_rolls(z, charts), charts

    def _hits_of(self, latents: Tensor) -> np.ndarray:
        """Return whether a drum is struck in each cell of decoded latents, bool (n, cells)."""
        rolls = self.decode_rolls(latents)
        return rolls[:, :, : len(DRUMS)].reshape(len(rolls), -1) > 0.5

    def _candidates(self, candidates: int | None) -> int:
        if candidates is None:
            return 1 if self.critic is None else CANDIDATES
        candidates = checked(candidates=candidates)["candidates"]
        if candidates > 1 and self.critic is None:
            raise PromptError(
                f"candidates={candidates}: this checkpoint has no critic to choose among them; "
                "omit candidates, or train one with python -m workbench.systems.drum_ldm.critic"
            )
        return candidates

    def _clips_of(
        self,
        rolls: Sequence[np.ndarray],
        prompts: Sequence[str],
        tempos: Sequence[float],
        charts: Sequence[DrumChart],
        put: Callable[[np.ndarray], Clip] | None = None,
    ) -> list[Clip]:
        """Return clips of rolls, in the metres of their charts. put: inserts a roll into the clip
        that is edited, if there is one."""
        clips = []
        for roll, prompt, tempo, chart in zip(rolls, prompts, tempos, charts, strict=True):
            if put:
                clips.append(put(roll))
                continue
            drums = DrumRoll.from_array(roll, tempo=tempo)
            drums.meter = chart.meter
            request = request_of(prompt, chart.bars, chart.meter)
            clips.append(with_strokes(drums.to_clip(), request))
        return [
            clip.with_(caption=prompt, labels={"prompt": prompt})
            for clip, prompt in zip(clips, prompts, strict=True)
        ]

    def _signed_clips(
        self,
        rolls: Sequence[np.ndarray],
        prompts: Sequence[str],
        tempos: Sequence[float],
        charts: Sequence[DrumChart],
        action: str = "generation",
        *,
        request: dict[str, Any],
        seed: int,
        n: int | None = None,
        original: Clip | None = None,
        put: Callable[[np.ndarray], Clip] | None = None,
    ) -> list[Clip]:
        """Return clips with their provenance. n: number of takes per prompt, by default all."""
        clips = self._clips_of(rolls, prompts, tempos, charts, put)
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


def _same_in_all_bars(chart: DrumChart) -> bool:
    """Whether the same hits and amounts are asked of all bars."""
    fields = (chart.drums, chart.density, chart.hits)
    bars = (field.reshape(chart.bars, -1) for field in fields)
    return all(np.array_equal(bar, np.roll(bar, 1, axis=0), equal_nan=True) for bar in bars)


def _seeds_of(seed: int, candidates: int) -> list[int]:
    others = row_seeds(seed, 3 + candidates)[4:]
    return [seed, *others]


def _unasked(chart: DrumChart, form: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the fields of a form that fit what a chart asks: likeness belongs to the letters, and
    lay and looseness to each other."""
    asked = {name for name in form if not np.isnan(getattr(chart, name)).all()}
    if "letter" in asked:
        asked.add("likeness")
    if asked & {"lay", "loose"}:
        asked |= {"lay", "loose"}
    return {name: values for name, values in form.items() if name not in asked}


def tempos_of(tempos: Any, *, or_none: bool = False) -> list[Any]:
    """Return tempi in BPM, one per loop."""
    return [
        None if or_none and tempo is None else number(tempo, "tempos", *TEMPO_RANGE)
        for tempo in listed(tempos, "tempos", "tempi")
    ]


def _octaves(tempos: Sequence[float]) -> Tensor:
    """Return tempi in BPM as the input of the denoiser: (n,) log₂(bpm/120)."""
    return torch.log2(torch.tensor(tempos, dtype=torch.float32).clamp(*TEMPO_LIMITS) / 120)
