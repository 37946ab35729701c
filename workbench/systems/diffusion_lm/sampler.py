"""Sampling the words of piano windows: read the prompt, denoise, round to words."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from workbench.arguments import (
    choice,
    generator,
    number,
    renamed,
    row_seeds,
    seed_of,
    shown,
    text_of,
    whole,
)
from workbench.errors import CheckpointError, PromptError
from workbench.models.control import nudge
from workbench.models.diffusion_lm import DiffusionLM as Network
from workbench.models.diffusion_lm import Predictor
from workbench.models.masked_lm import Choose, MaskedLM, categorical
from workbench.models.masked_lm import sample as sample_masked
from workbench.models.samplers import SAMPLERS, normal
from workbench.representations.pvd import BAR, CLS, LENGTH, PAD, POSITIONS, PVD, SEP, Bars
from workbench.systems.diffusion_lm.config import PianoConfig
from workbench.systems.diffusion_lm.controls import classes_of
from workbench.systems.diffusion_lm.networks import Networks
from workbench.systems.diffusion_lm.request import DENSITIES, REGISTERS, request_of
from workbench.systems.progress import Progress, reporter
from workbench.systems.prompts import PromptReading
from workbench.systems.sampling import checked
from workbench.systems.system import System

MOST_STEPS = 10_000  # of a masked model
# How much warmer velocities and lengths are sampled. Cold words of pitch are fewer wrong notes, but
# cold velocities are all alike and cold notes are short. On validation songs, with pitches at 0.8
# and the others at 0.8, 1 and 1.2, the spread of velocity is 5.2, 8.6 and 12.4 (people's 8.6).
TOUCH = 1.5


class PianoSampler(System):
    """The part of DiffusionLM that reads prompts and samples words for them."""

    networks: Networks
    config_class: ClassVar = PianoConfig
    networks_class: ClassVar = Networks

    def __init__(self, config: PianoConfig) -> None:
        self.config, self.code = config, PVD(config.rhythm)
        if config.network.vocab != self.code.size:
            raise CheckpointError(
                f"vocabulary: {self.code.size} words do not fit a network with "
                f"{config.network.vocab}; load the checkpoint with the encoding of its training"
            )
        self.networks = Networks(config).eval()

    # --- prompts ------------------------------------------------------------------------------

    def explain_prompt(
        self,
        prompt: str,
        *,
        bars: int | None = None,
        meter: tuple[int, int] | None = None,
        tempo: float | None = None,
    ) -> PromptReading:
        """Return how a prompt is understood, and its unknown words. bars, meter and tempo do
        not matter."""
        prompt = text_of(prompt, "prompt")
        request, messages = request_of(prompt, self.config.control.styles), []
        if request.unknown:
            messages.append(
                f"Not understood: {', '.join(request.unknown[:5])}. Name a key, such as G major; "
                "sparse, medium or busy; low, middle or high"
                + "".join(f"; {style}" for style in self.config.control.styles)
                + "."
            )
        messages += [f"Not possible: {reason}." for reason in request.refused]
        control = request.control
        return PromptReading(
            prompt,
            None,
            tuple(control.values()),
            tuple(request.unknown),
            tuple(messages),
            tuple(f"{name} {value}" for name, value in control.items()),
            tuple(request.refused),
        )

    def prompt_words(self) -> dict[str, list[str]]:
        """Return the classes of the controls, and a few of the keys."""
        return {
            "Density": list(DENSITIES),
            "Register": list(REGISTERS),
            "Key": ["C major", "G major", "F major", "A minor", "E minor", "D minor"],
            "Style": list(self.config.control.styles),
        }

    def control_of(self, prompt: str | Mapping[str, str] | None) -> dict[str, str]:
        """Return the controls that a prompt names. Warns of unknown words."""
        if prompt is None or isinstance(prompt, Mapping):
            return dict(prompt or {})
        if not isinstance(prompt, str):
            raise PromptError(f"prompt={shown(prompt)}: give words, or controls by name, or None")
        for message in self.explain_prompt(prompt).messages:
            warnings.warn(f"prompt: {message}", UserWarning, stacklevel=4)
        return request_of(prompt, self.config.control.styles).control

    # --- sampling -----------------------------------------------------------------------------

    @renamed(strength="guidance", places="positions")
    def sample_words(
        self,
        n: int,
        control: Mapping[str, str] | None = None,
        *,
        known: np.ndarray | None = None,
        kinds: np.ndarray | None = None,
        positions: int | np.ndarray = BAR,
        starts: np.ndarray | None = None,
        steps: int = 100,
        guidance: float | None = None,
        sampler: str = "ddpm",
        temperature: float | None = None,
        grammar: bool = True,
        tempo: float = 90.0,
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> np.ndarray:
        """Sample token sequences.

        Args:
            n: Number of sequences, 1 to 1024.
            control: Controls by name, see `generate`.
            known: Ids to keep, (130,), −1 where free.
            kinds: Required kind of each word, (130,) letters.
            positions: Number of sixteenths per bar, by default of 4/4; no word has a later
                position. Where metres change: that of the bar of each word, (130,).
            starts: The sixteenth at which the bar of each word begins, (130,), where it is known;
                None: bars follow each other.
            steps: Number of sampling steps. A masked model takes at most one per free word.
            guidance: Strength of the guidance, 0 to 1000; None: the checkpoint's own.
            sampler: A name from `SAMPLERS`; a masked model has only "ddpm", ancestral sampling.
            temperature: Below 1 favours likelier words at every step; None: the checkpoint's own. A
                masked model samples velocities and lengths warmer, see TOUCH.
            grammar: Whether only grammatical sequences are sampled, in which no note occurs twice
                or begins while its pitch still sounds. A continuous model rounds at the end to the
                likeliest of them instead of rounding each word to its nearest.
            tempo: Tempo of the clips in `Progress`, in BPM.
            seed: Seed of all random numbers.
            progress: Called with a `Progress` after each step.

        Returns:
            Ids (n, 130).

        Raises:
            PromptError: If a control, an id or a shape is not valid.
        """
        network, config = self.networks.diffusion, self.config
        n, seed = checked(n=n)["n"], seed_of(seed)
        most = network.config.steps if isinstance(network, Network) else MOST_STEPS
        steps = whole(steps, "steps", 1, most)
        own = config.guidance, config.temperature
        guidance = number(own[0] if guidance is None else guidance, "guidance", 0, 1000)
        temperature = number(own[1] if temperature is None else temperature, "temperature", 0, 1000)
        sampler = choice(sampler, "sampler", SAMPLERS)
        bars, limits = _bars(positions, starts)
        wanted = classes_of(control, config.control.styles)
        kept = np.full(LENGTH, -1)
        kept[0], kept[-1] = CLS, SEP
        if known is not None:
            known = np.asarray(known)
            if known.shape != (LENGTH,) or known.dtype.kind not in "iu":
                raise PromptError(f"known={shown(known)}: give ({LENGTH},) ids, -1 where free")
            self.code.check(known[known >= 0])
            kept = np.where(known >= 0, known, kept)
        allowed = self._allowed(kept, kinds, limits, grammar)
        random = [generator(row) for row in row_seeds(seed, n)]
        report = reporter(progress)

        def show(step: int, total: int, words: Callable[[], np.ndarray]) -> None:
            report(step, total, words, lambda: [self.code.decode(row, tempo) for row in words()])

        given = torch.from_numpy(kept).repeat(n, 1)
        if isinstance(network, MaskedLM):
            if sampler != "ddpm":
                raise PromptError(
                    f"sampler={sampler!r}: a masked model has only 'ddpm', ancestral sampling"
                )
            choose = self._chooser(allowed, bars, grammar)
            names = config.control.sizes
            classes = torch.tensor([[wanted.get(name, -1) for name in names]]).repeat(n, 1)
            words = sample_masked(
                network,
                given,
                steps,
                random,
                real=given != PAD,
                choose=choose,
                controls=classes if wanted else None,
                guidance=guidance,
                temperature=self._temperatures(temperature),
                callback=lambda step, total, now: show(step, total, now.numpy),
            )
            return words.numpy()
        push = None
        if wanted:  # the total strength does not depend on the number of steps
            push = nudge(self.networks.controls, network, wanted, strength=guidance * 100 / steps)
        predict = Predictor(network, known=given, temperature=temperature, nudge=push)
        x = normal((n, LENGTH, network.config.dim), random)

        def callback(step: int, total: int, x0: Tensor) -> None:
            show(step, total, lambda: network.words(x0).numpy())

        x = SAMPLERS[sampler](predict, x, network.diffusion.alphas_bar, steps, random, callback)
        with torch.inference_mode():
            logits = np.where(allowed, network.round(x).numpy(), -np.inf)
        rounded = self.code.round(logits, bars) if grammar else logits.argmax(-1)
        return np.where(kept >= 0, kept, rounded)

    draw = sample_words  # the old name

    def _allowed(
        self, kept: np.ndarray, kinds: np.ndarray | None, limits: np.ndarray, grammar: bool
    ) -> np.ndarray:
        """Return which words may stand where: bool (130, words). Arguments: see `sample_words`;
        kept: ids (130,), −1 where free; limits: sixteenths of the bar of each word, (130,)."""
        allowed = self.code.positions < limits[:, None]
        if kinds is not None:
            kinds = np.asarray(kinds)
            if kinds.shape != (LENGTH,):
                raise PromptError(f"kinds={shown(kinds)}: give ({LENGTH},) letters")
            allowed &= kinds[:, None] == self.code.kinds
        if grammar:
            allowed &= self.code.cycle(LENGTH)
        allowed = np.where(kept[:, None] < 0, allowed, kept[:, None] == np.arange(self.code.size))
        if not allowed.any(1).all():
            place = int(np.flatnonzero(~allowed.any(1))[0])
            kind = "" if kinds is None else str(kinds[place])
            raise PromptError(
                f"kinds: word {place} cannot be {kind!r}; the words "
                "of a note are o or b, p, v, d in turn"
            )
        return allowed

    def _temperatures(self, temperature: float) -> Tensor:
        """Return the temperature of each word, (130,): that of velocities and lengths is TOUCH
        times as high, but at most 1 unless the other is higher."""
        kinds = self.code.cycle(LENGTH)
        touch = kinds[:, self.code.first["v"]] | kinds[:, self.code.first["d"]]
        warmer = max(temperature, min(1.0, TOUCH * temperature))
        return torch.from_numpy(np.where(touch, warmer, temperature)).float()

    def _chooser(self, allowed: np.ndarray, bars: Bars, grammar: bool) -> Choose:
        """Return a function that samples words from a masked model's logits. It keeps the words
        that it last returned: they agree with all words that have been revealed since."""
        fits = torch.from_numpy(allowed)
        last: np.ndarray | None = None

        def choose(logits: Tensor, uniform: Tensor) -> Tensor:
            nonlocal last
            logits = logits.masked_fill(~fits, -torch.inf)
            if not grammar:
                return categorical(logits, uniform)
            last = self.code.sample(logits.numpy(), uniform.numpy(), bars, last)
            return torch.from_numpy(last)

        return choose


def _bars(positions: int | np.ndarray, starts: np.ndarray | None) -> tuple[Bars, np.ndarray]:
    """Return the bars of notes, and the number of sixteenths of the bar of each word, (130,)."""
    given = [value for value in (positions, starts) if isinstance(value, np.ndarray)]
    if any(value.shape != (LENGTH,) for value in given):
        raise PromptError(f"positions and starts: give ({LENGTH},) numbers")
    longest = positions.max() if isinstance(positions, np.ndarray) else positions
    longest = whole(longest, "positions", 1, POSITIONS)
    limits = np.broadcast_to(positions, (LENGTH,))
    return Bars(longest, None if starts is None else starts[1:-1:4]), limits
