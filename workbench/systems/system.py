"""The base class of all systems: generate, inpaint, vary, encode and decode, train, load and save.

    System ── LatentDiffusion ── DrumLDM, LDMG, MusicLDM
          ├── MidiGPT
          └── DiffusionLM

All systems share the same verbs with the same arguments; `can` lists the verbs that a system has. A
`Region` names the part of a clip to replace, and a `Progress` reports how far the work is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from workbench.arguments import choice, seed_of, torch_seed
from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.systems.prepared import load_prepared, save_prepared
from workbench.systems.prompts import PromptReading
from workbench.systems.region import Region
from workbench.systems.stages import Recipe, train_stages
from workbench.systems.storage import Pretrained
from workbench.training import Watch, training_run
from workbench.training.memory import fitting

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
    # of systems that can be trained:
    recipe: ClassVar[Callable[..., Recipe]]  # prepares a data set; takes the arguments of `train`
    card: ClassVar[Callable[..., str]]  # makes the model card from a training record
    memory: ClassVar[Mapping[str, float]] = {}  # GiB that training needs, by profile
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
    def prepare(
        cls,
        dataset: Any,
        profile: str = "laptop",
        *,
        out: str | Path,
        seed: int = 0,
        **options: Any,
    ) -> Path:
        """Write all that a training reads into a folder, for `train_prepared`.

        Args:
            dataset: A name from the catalogue or a folder, or several joined by "+".
            profile: "smoke", "laptop", "gpu" or "paper".
            out: The folder of the prepared data; older prepared data there is replaced.
            seed: Seed of all random numbers, also of the training.
            **options: Further keyword arguments of the system's `train`.

        Returns:
            The folder.

        Raises:
            PromptError: If the profile or an option is unknown.
            MissingDataError: If the data set is not there.
            WorkbenchError: If the folder holds something else or cannot be written.
        """
        recipe = cls._recipe(dataset, profile, seed_of(seed), **options)
        return save_prepared(out, cls.__name__, recipe)

    @classmethod
    def train_prepared(
        cls,
        folder: str | Path,
        *,
        out: str | Path,
        budget_minutes: float | None = None,
        watch: Watch | None = None,
    ) -> Self:
        """Train on data that `prepare` wrote; the result is that of `train`. It needs PyTorch,
        NumPy and safetensors only.

        Args:
            folder: The folder of the prepared data, which names data set, profile and seed.
            out: Folder of the run and of the checkpoint.
            budget_minutes: Time limit in minutes, as of `train`.
            watch: Called with each record of the log.

        Returns:
            The trained system.

        Raises:
            MissingDataError: If the folder holds no prepared data.
            BrokenFileError: If it is damaged, or of another system.
        """
        recipe = load_prepared(folder, cls.__name__)
        run = training_run(cls._run)
        return run(
            recipe, out=out, seed=recipe.about["seed"], budget_minutes=budget_minutes, watch=watch
        )

    @classmethod
    @training_run
    def _train(
        cls,
        dataset: Any,
        profile: str,
        *,
        out: str | Path,
        seed: int,
        budget_minutes: float | None,
        watch: Watch | None,
        **options: Any,
    ) -> Self:
        """The shared implementation of `train`."""
        recipe = cls._recipe(dataset, profile, seed, **options)
        return cls._run(recipe, out=out, seed=seed, budget_minutes=budget_minutes, watch=watch)

    @classmethod
    def _recipe(cls, dataset: Any, profile: str, seed: int, **options: Any) -> Recipe:
        """Return the recipe with the arguments of the training in its record."""
        recipe = cls.recipe(dataset, profile, seed, **options)
        about = {"dataset": dataset, "profile": profile, "seed": seed, **recipe.about}
        return replace(recipe, about=about)

    @classmethod
    def _run(
        cls,
        recipe: Recipe,
        *,
        out: str | Path,
        seed: int,
        budget_minutes: float | None,
        watch: Watch | None,
    ) -> Self:
        """Train the system of a recipe."""
        torch.manual_seed(torch_seed(seed))
        system = cls.from_config(recipe.config)
        with fitting(recipe.about["profile"], cls.memory):
            return train_stages(
                system,
                recipe.stages(system.networks),
                Path(out),
                about=recipe.about,
                card=cls.card,
                seed=seed,
                budget_minutes=budget_minutes,
                watch=watch,
            )

    def explain_prompt(
        self,
        prompt: str,
        *,
        bars: int | None = None,
        meter: tuple[int, int] | None = None,
        tempo: float | None = None,
    ) -> PromptReading:
        """Return how a prompt is understood; `messages` holds advice for the user. bars, meter,
        tempo: those of the clip, for systems whose reading depends on them."""
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
