"""What every system offers: generate, inpaint, vary, encode and decode, train, load and save.

    System ── LatentDiffusion ── DrumLDM, LDMG, MusicLDM
          ├── MidiGPT
          └── DiffusionLM

All systems share the same verbs with the same arguments; `can` lists the verbs that a system has.
A `Region` names the part of a clip to replace, and a `Progress` reports how far the work is.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from workbench.arguments import choice, function_of, listed, number, shown, torch_seed, whole
from workbench.errors import PromptError
from workbench.models.conditioning import Conditioning
from workbench.models.diffusion import Diffusion
from workbench.music.clip import Clip, clips_of
from workbench.music.kit import DRUMS
from workbench.systems.prompts import PromptReading
from workbench.systems.sampling import SamplingSettings, noise_of, sample
from workbench.systems.stages import Recipe, train_stages
from workbench.systems.storage import Pretrained
from workbench.training import Watch, training_run

__all__ = [
    "Conditioning",
    "LatentDiffusion",
    "Progress",
    "PromptReading",
    "Region",
    "SamplingSettings",
    "System",
    "clips_of",
    "region_of",
    "renamed",
    "reporter",
]

F = TypeVar("F", bound=Callable[..., Any])
LONGEST_LATENT = 1 << 20  # vectors along time
VERBS = (
    "generate",
    "inpaint",
    "vary",
    "interpolate",
    "reconstruct",
    "encode",
    "decode",
    "film",
    "train",
)


# --- what to replace --------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Region:
    """The part of a clip to replace; everything else stays.

    Give one of bars, seconds and cells, or none of them for the whole clip. Each system converts
    them to its own unit where the clip has both units.

    Args:
        bars: (first, last), counted from 0, last exclusive. Bars beyond the end of a song continue
            it, and negative bars add an introduction.
        seconds: (first, last) in seconds from the beginning of the clip.
        cells: Cells of a drum roll, bool (sixteenths, 9), True where to replace.
        tracks: The tracks to replace within that range, None for all: names or numbers, or a single
            one. For a drum loop these are the codes of its voices, such as "SD".

    Raises:
        PromptError: If more than one of bars, seconds and cells is given, or if nothing is
            selected: an empty range, cells that are all False, no track.
    """

    bars: tuple[int, int] | None = None
    seconds: tuple[float, float] | None = None
    cells: np.ndarray | None = None
    tracks: Sequence[int | str] | None = None

    def __post_init__(self) -> None:
        given = [name for name in ("bars", "seconds", "cells") if getattr(self, name) is not None]
        if len(given) > 1:
            raise PromptError(f"region: has {' and '.join(given)}; give one of them")
        for name, read in (("bars", whole), ("seconds", number)):
            value = getattr(self, name)
            if value is None:
                continue
            try:
                first, last = value
            except (TypeError, ValueError):
                raise PromptError(f"{name}={shown(value)}: give (first, last)") from None
            pair = read(first, name), read(last, name)
            if not pair[0] < pair[1]:
                raise PromptError(f"{name}: {pair} is empty; give (first, last) with first < last")
            object.__setattr__(self, name, pair)
        if self.cells is not None:
            object.__setattr__(self, "cells", _cells(self.cells))
        if self.tracks is not None:
            one = isinstance(self.tracks, str | int | np.integer)
            tracks = [self.tracks] if one else listed(self.tracks, "tracks", "names or numbers", 1)
            tracks = [t if isinstance(t, str) else whole(t, "tracks") for t in tracks]
            if any(isinstance(t, str) and not t.strip() for t in tracks):
                raise PromptError(f"tracks={shown(self.tracks)}: give names or numbers")
            object.__setattr__(self, "tracks", tracks)

    def __repr__(self) -> str:
        given = {name: getattr(self, name) for name in ("bars", "seconds", "cells", "tracks")}
        shown = (f"{name}={value!r}" for name, value in given.items() if value is not None)
        return f"Region({', '.join(shown)})"

    def bar_range(self, clip: Clip) -> tuple[int, int]:
        """Return the bars that the region touches: (first, last), last exclusive."""
        if self.cells is not None:
            raise PromptError("region: this system replaces bars and tracks, not cells; give bars")
        if self.seconds is None:
            return self.bars or (0, clip.bars)
        lines = self._bar_seconds(clip)
        if not 0 <= self.seconds[0] < self.seconds[1] <= lines[-1] + 1e-3:
            raise PromptError(f"seconds: {self.seconds} is not in this clip of {lines[-1]:.2f} s")
        first = int(np.searchsorted(lines, self.seconds[0] + 1e-6, side="right")) - 1
        last = int(np.searchsorted(lines, self.seconds[1] - 1e-6))
        return max(first, 0), max(last, first + 1)

    def second_range(self, clip: Clip) -> tuple[float, float]:
        """Return the region as (first, last) in seconds."""
        if self.cells is not None or self.tracks is not None:
            unit = "cells" if self.cells is not None else "tracks"
            raise PromptError(f"region: a sound has no {unit}; give seconds or bars")
        if self.bars is None:
            return self.seconds or (0.0, clip.duration)
        first, last = self.bars
        if not 0 <= first < last <= clip.bars:
            raise PromptError(f"bars: {self.bars} is not in this clip of {clip.bars} bars")
        lines = self._bar_seconds(clip)
        return float(lines[first]), min(float(lines[last]), clip.duration)

    def cell_mask(self, clip: Clip, steps: int) -> np.ndarray:
        """Return the region as cells of a drum roll: bool (steps, 9), True where to replace, with
        16 steps per bar."""
        if self.cells is not None:
            mask = self.cells
            if mask.shape != (steps, len(DRUMS)):
                raise PromptError(
                    f"cells: must have shape {(steps, len(DRUMS))} for this clip, got {mask.shape}"
                )
            mask = mask.copy()
        else:
            first, last = self.bar_range(clip)
            if not 0 <= first < last <= steps // 16:
                raise PromptError(
                    f"bars: {(first, last)} is not in this clip of {steps // 16} bars"
                )
            begin, end = (4 * beat for beat in self.beat_range(clip))
            mask = np.zeros((steps, len(DRUMS)), dtype=bool)
            mask[int(begin + 1e-6) : int(np.ceil(end - 1e-6))] = True  # every cell it touches
        if self.tracks is not None:
            mask &= np.isin(np.arange(len(DRUMS)), [_voice(track) for track in self.tracks])
        return mask

    def beat_range(self, clip: Clip) -> tuple[float, float]:
        """Return the region as (first, last) in quarter notes."""
        bars, lines = self.bar_range(clip), clip.bar_lines
        if self.seconds is None:
            return float(lines[bars[0]]), float(lines[bars[1]])
        first, last = clip.beats_at(np.array(self.seconds)).tolist()
        return first, min(last, float(lines[-1]))

    def _bar_seconds(self, clip: Clip) -> np.ndarray:
        if not clip.tempo_known:
            raise PromptError("bars: the tempo of this clip is not known; give seconds, or a tempo")
        return np.asarray(clip.seconds_at(clip.bar_lines))


def _cells(cells: Any) -> np.ndarray:
    """Return a mask of drum cells as bool."""
    try:
        mask = np.asarray(cells)
        if mask.dtype.kind not in "biuf" or not np.isin(mask, (0, 1)).all():
            raise TypeError
    except (TypeError, ValueError):
        raise PromptError(
            f"cells={shown(cells)}: give an array of True and False, (sixteenths, {len(DRUMS)})"
        ) from None
    if not mask.any():
        raise PromptError("cells: all are False, so there is nothing to replace")
    return mask.astype(bool)


def region_of(region: Any) -> Region:
    """Return `region` if it is a Region; raise PromptError otherwise."""
    if not isinstance(region, Region):
        raise PromptError(f"region={shown(region)}: give a Region, such as Region(bars=(4, 8))")
    return region


def _voice(track: int | str) -> int:
    """Return the column of a drum voice."""
    if isinstance(track, str):
        if track.upper() not in DRUMS:
            raise PromptError(
                f"tracks: {track!r} is not a drum voice; choose from {', '.join(DRUMS)}"
            )
        return DRUMS.index(track.upper())
    return whole(track, "tracks", 0, len(DRUMS) - 1)


# --- progress ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Progress:
    """How far a system has come. `progress` is called with one record after each step; an exception
    that it raises stops the work.

    Args:
        step: The current step, counted from 1.
        steps: The number of steps.
        state: A function that returns the current result in the system's own representation.
        make_clips: A function that returns the current result as clips.
    """

    step: int
    steps: int
    state: Callable[[], Any]
    make_clips: Callable[[], list[Clip]]

    @cached_property
    def clips(self) -> list[Clip]:
        """The clips so far; they are computed on first access."""
        return self.make_clips()


Report = Callable[[int, int, Callable[[], Any], Callable[[], "list[Clip]"]], None]


def reporter(progress: Callable[..., Any] | None, arguments: int = 3) -> Report:
    """Return a function (step, steps, state, clips) that calls `progress`, or does nothing for
    None.

    Earlier versions called `progress` with positional arguments instead of a record. A callable
    that accepts `arguments` of them, (step, steps, state) or (step, steps), is still called so.
    """
    progress = function_of(progress, "progress")
    if progress is None:
        return lambda *_: None
    old = _takes(progress, arguments)
    if old:
        warnings.warn(
            "progress: receives one record with step, steps and clips; write a function of one "
            "argument",
            DeprecationWarning,
            stacklevel=4,
        )

    def report(
        step: int, steps: int, state: Callable[[], Any], clips: Callable[[], list[Clip]]
    ) -> None:
        if old:
            progress(step, steps, *([state()] if arguments == 3 else []))
        else:
            progress(Progress(step, steps, state, clips))

    return report


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Return whether `function` accepts `count` positional arguments."""
    try:
        inspect.signature(function).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True


def renamed(**names: str) -> Callable[[F], F]:
    """Decorate a method so that it accepts keyword arguments under their old names and warns of
    them with a DeprecationWarning. names: old="new"."""

    def decorate(function: F) -> F:
        @wraps(function)
        def call(*args: Any, **given: Any) -> Any:
            for old, new in names.items():
                if old in given:
                    warnings.warn(
                        f"{old}: has been renamed to {new}", DeprecationWarning, stacklevel=2
                    )
                    given.setdefault(new, given[old])
                    del given[old]
            return function(*args, **given)

        return call  # type: ignore[return-value]

    return decorate


# --- systems ----------------------------------------------------------------------------------


class System(Pretrained):
    """Base class of all systems. A system defines the verbs that it has; the others raise
    PromptError.

    The verbs share these arguments: `n` is the number of clips, 1 to 1024, and take i of a seed
    does not depend on n; `seed` is a whole number from 0 to 2**64 − 1; `progress` is called with a
    `Progress` after each step. Every clip records its origin (see `provenance`).
    """

    can: ClassVar[frozenset[str]] = frozenset()
    reads: ClassVar[tuple[str, ...]] = ()  # kinds of prompt: "text", "controls"
    replaces: ClassVar[tuple[str, ...]] = ()  # fields of a `Region` that it accepts
    makes: ClassVar[str] = "music"
    config: Any

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        own = (verb for verb in VERBS if _function(cls, verb) is not _function(System, verb))
        cls.can = frozenset([*own, *cls.reads])

    def generate(
        self, prompt: Any = None, n: int = 1, *, seed: int = 0, progress: Any = None
    ) -> list[Clip]:
        """Generate clips for a prompt.

        Args:
            prompt: Words, or another kind of prompt that this system `reads`; None for none.
            n: Number of clips, 1 to 1024.
            seed: Seed of all random numbers, 0 to 2**64 − 1.
            progress: Called with a `Progress` after each step.

        Returns:
            `n` clips.

        Raises:
            PromptError: If this system cannot generate, or an argument is out of range.
        """
        raise self._cannot("generate")

    def inpaint(
        self, clip: Clip, region: Region, n: int = 1, *, seed: int = 0, progress: Any = None
    ) -> list[Clip]:
        """Regenerate a region of a clip and leave the rest unchanged.

        Args:
            clip: The clip to edit.
            region: The part to replace.
            n: Number of versions, 1 to 1024.
            seed: Seed of all random numbers, 0 to 2**64 − 1.
            progress: Called with a `Progress` after each step.

        Returns:
            `n` versions of the clip.

        Raises:
            PromptError: If this system cannot inpaint, or the region does not fit the clip.
        """
        raise self._cannot("inpaint")

    def vary(
        self, clip: Clip, n: int = 1, *, strength: float = 0.5, seed: int = 0, progress: Any = None
    ) -> list[Clip]:
        """Generate variations of a clip.

        Args:
            clip: The clip to vary.
            n: Number of variations, 1 to 1024.
            strength: 0 (the clip itself) to 1 (a new clip).
            seed: Seed of all random numbers, 0 to 2**64 − 1.
            progress: Called with a `Progress` after each step.

        Returns:
            `n` clips.

        Raises:
            PromptError: If this system cannot vary, or an argument is out of range.
        """
        raise self._cannot("vary")

    def interpolate(self, a: Clip, b: Clip, n: int = 5) -> list[Clip]:
        """Return `n` clips from `a` to `b`, both ends included."""
        raise self._cannot("interpolate")

    def reconstruct(self, clip: Clip) -> Clip:
        """Encode and decode a clip."""
        raise self._cannot("reconstruct")

    def encode(self, clips: Clip | Sequence[Clip]) -> Tensor:
        """Return latents of clips, one row per clip."""
        raise self._cannot("encode")

    def decode(self, latents: Tensor) -> list[Clip]:
        """Return clips of latents, one clip per row."""
        raise self._cannot("decode")

    def film(self, prompt: Any = None, *, seed: int = 0) -> list[Any]:
        """Return the steps of one sampling: pairs of the noise level, from 1 down, and the clip so
        far."""
        raise self._cannot("film")

    @classmethod
    def train(
        cls,
        dataset: Any = None,
        profile: str = "laptop",
        *,
        out: Any = None,
        seed: int = 0,
        budget_minutes: float | None = None,
        watch: Any = None,
    ) -> Any:
        """Train a system and save it. A run that was interrupted continues where it stopped.

        Args:
            dataset: A name from the catalogue or a folder, or several joined by "+".
            profile: "smoke", "laptop", "gpu" or "paper".
            out: Folder of the run and of the checkpoint.
            seed: Seed of all random numbers.
            budget_minutes: Time limit in minutes for all stages together, including earlier runs
                of this training. Time that a stage does not use is passed on to later stages. None
                runs all steps of the profile, however long that takes.
            watch: Called with each record of the log, which names its "stage".

        Returns:
            The trained system.

        Raises:
            PromptError: If the profile is unknown or the system cannot be trained.
            MissingDataError: If the data set is not there.
        """
        raise PromptError(f"{cls.__name__} cannot train; it can: {', '.join(sorted(cls.can))}")

    @classmethod
    @training_run
    def _train(
        cls,
        recipe: Callable[..., Recipe],
        card: Callable[[dict[str, Any]], str],
        dataset: Any,
        profile: str,
        *,
        out: str | Path,
        seed: int,
        budget_minutes: float | None,
        watch: Watch | None,
        **options: Any,
    ) -> Self:
        """The shared implementation of `train`. recipe: `recipe(dataset, profile, seed, **options)`
        of the system's training module; card: makes the model card from the record."""
        plan = recipe(dataset, profile, seed, **options)
        torch.manual_seed(torch_seed(seed))
        system = cls.from_config(plan.config)
        return train_stages(
            system,
            plan.stages(system.networks),
            Path(out),
            about={"dataset": dataset, "profile": profile, "seed": seed, **plan.about},
            card=card,
            seed=seed,
            budget_minutes=budget_minutes,
            watch=watch,
        )

    def explain_prompt(self, prompt: str) -> PromptReading:
        """Return how a prompt is understood; `messages` holds advice for the user."""
        return PromptReading(prompt, None, (), (), ())

    def prompt_words(self) -> dict[str, list[str]]:
        """Return words from the training captions that a prompt may use, by category; empty where
        none are listed."""
        return {}

    @classmethod
    def settings(cls, verb: str = "generate") -> dict[str, Any]:
        """Return the keyword arguments of a verb, including `n`, with their defaults."""
        verb = choice(verb, "verb", VERBS)
        parameters = inspect.signature(getattr(cls, verb)).parameters.values()
        own = [p for p in parameters if p.kind is p.KEYWORD_ONLY or p.name == "n"]
        return {p.name: p.default for p in own if p.name not in ("progress", "out", "watch")}

    def _cannot(self, verb: str) -> PromptError:
        able = ", ".join(sorted(self.can))
        return PromptError(f"{type(self).__name__} cannot {verb}; it can: {able}")


def _function(cls: type, name: str) -> Any:
    """Return the function behind a method or class method."""
    method = inspect.getattr_static(cls, name)
    return getattr(method, "__func__", method)


class LatentDiffusion(System):
    """A system that samples latents by diffusion and decodes them.

    A subclass sets `diffusion` and defines `latent_shape`, `denoiser_for`, `conditioning`, `encode`
    and `decode`, and `clips_so_far` for progress.

        noise = system.noise(range(4))
        z = system.sample(noise, system.conditioning(["rock"] * 4, ...), SamplingSettings())
        clips = system.decode(z)
    """

    diffusion: Diffusion

    def latent_shape(self, length: int | None = None) -> tuple[int, ...]:
        """Return the shape of one latent. length: latent vectors along time, by default as in
        training."""
        raise NotImplementedError

    def denoiser_for(self, noisy: Tensor) -> nn.Module | Callable[..., Tensor]:
        """Return the network that denoises these latents."""
        raise NotImplementedError

    def noise(self, seeds: Sequence[int], length: int | None = None) -> Tensor:
        """Return standard normal latents (n, …), one row per seed. length: latent vectors along
        time, by default as in training."""
        if length is not None:
            length = whole(length, "length", 1, LONGEST_LATENT)
        return noise_of(seeds, self.latent_shape(length))

    @torch.inference_mode()
    def sample(
        self,
        noise: Tensor,
        conditioning: Conditioning,
        settings: SamplingSettings | None = None,
        *,
        seeds: Sequence[int] | None = None,
        project: Callable[[Tensor], Tensor] | None = None,
        start: int | None = None,
        callback: Callable[[int, int, Tensor], None] | None = None,
        denoiser: nn.Module | Callable[..., Tensor] | None = None,
    ) -> Tensor:
        """Sample latents from noise.

        Args:
            noise: Noise (n, …), as returned by `noise`.
            conditioning: The conditioning of the n rows, as returned by `conditioning`.
            settings: Steps, guidance, sampler and seed.
            seeds: A seed per row for the noise that ancestral samplers add at each step; by
                default `settings.seeds(n)`.
            project: Receives each estimate of x₀ and returns the one to continue with.
            start: Number of steps of the schedule that remain, by default all.
            callback: Called with (step, steps, estimate of x₀) after each step.
            denoiser: The network to evaluate, by default `denoiser_for(noise)`.

        Returns:
            Latents (n, …) with mean 0 and variance 1, as returned by `encode`.
        """
        return sample(
            denoiser or self.denoiser_for(noise),
            self.diffusion,
            noise,
            conditioning,
            settings or SamplingSettings(),
            seeds=seeds,
            project=project,
            start=start,
            callback=callback,
        )

    @torch.inference_mode()
    def resample(
        self,
        latents: Tensor,
        noise: Tensor,
        strength: float,
        conditioning: Conditioning,
        settings: SamplingSettings,
        **more: Any,
    ) -> Tensor:
        """Add noise to latents up to a fraction `strength` of the schedule, 0 to 1, and denoise
        them from there.

        Source: SDEdit, arXiv 2108.01073.
        """
        start = round(strength * self.diffusion.steps)
        if start == 0:
            return latents
        t = torch.full((len(latents),), start - 1)
        noisy = self.diffusion.add_noise(latents, noise, t)
        return self.sample(noisy, conditioning, settings, start=start, **more)

    def film(
        self, prompt: Any = "", *, seed: int = 0, steps: int = 20, **settings: Any
    ) -> list[tuple[float, Any]]:
        """Return the steps of one sampling: pairs of the noise level √(1−ᾱ), from 1 down, and the
        clip so far."""
        return film_of(self.generate, self.diffusion, prompt, seed=seed, steps=steps, **settings)

    def noise_levels(self, steps: int) -> list[float]:
        """Return the noise level √(1−ᾱ) before each of `steps` steps."""
        return self.diffusion.noise_levels(whole(steps, "steps", 1, self.diffusion.steps))

    def latents_of(self, latents: Any) -> Tensor:
        """Return `latents` as a tensor if they are a batch of this system's latents, of any length
        along time; raise PromptError otherwise."""
        if isinstance(latents, np.ndarray) and latents.dtype.kind == "f":
            latents = torch.from_numpy(latents)
        if not isinstance(latents, Tensor) or not latents.is_floating_point():
            raise PromptError(f"latents={shown(latents)}: give a tensor, as `encode` returns")
        one, two = self.latent_shape(1), self.latent_shape(2)
        fixed = [(a if a == b else None) for a, b in zip(one, two, strict=True)]
        given = tuple(latents.shape)
        if (
            len(given) != len(one) + 1
            or 0 in given
            or any(size not in (None, had) for size, had in zip(fixed, given[1:], strict=True))
        ):
            wanted = ", ".join("time" if size is None else str(size) for size in fixed)
            raise PromptError(f"latents: must have shape (n, {wanted}), got {given}")
        return latents


def film_of(
    generate: Callable[..., Any], diffusion: Diffusion, prompt: Any, **settings: Any
) -> list[tuple[float, Clip]]:
    """Return (noise level √(1−ᾱ), clip so far) for each step of `generate`, which samples with
    `diffusion`. The levels fall from 1."""
    frames: list[Clip] = []
    generate(prompt, **settings, progress=lambda record: frames.append(record.clips[0]))
    return list(zip(diffusion.noise_levels(len(frames)), frames, strict=True))
